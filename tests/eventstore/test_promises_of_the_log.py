"""What both stores promise. One suite, so that the twin in memory cannot drift from PostgreSQL."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from service.domain.events import DomainEvent, SummaryVisibilitySet, VoteCast
from service.eventstore.model import (
    Append,
    Claim,
    ClaimTaken,
    CommandReused,
    Contents,
    EventStore,
    Recorded,
    StaleVersion,
)
from tests.eventstore.build import command, erased, published, revised, shown, voted

LONG_AGO = datetime(2016, 5, 4, 3, 2, 1, 987654, tzinfo=UTC)


async def log_of(store: EventStore) -> list[Recorded]:
    return await store.read(0, 1000)


async def refuses(store: EventStore, append: Append, error: type[Exception]) -> Exception:
    """The append is refused and nothing of it is there: no event, no claim, no memory of the command."""
    before = (await log_of(store), await store.owners([c.key for c in append.takes + append.releases]))
    with pytest.raises(error) as caught:
        await store.append(append)
    after = (await log_of(store), await store.owners([c.key for c in append.takes + append.releases]))
    assert before == after
    return caught.value


# --------------------------------------------------------------- appending


async def test_what_was_appended_is_loaded_and_read(store: EventStore) -> None:
    stream, actor = uuid4(), uuid4()
    events = (published(stream, "héllo\n\n$x$ \x00 😀", "note"), shown(stream, 2))
    outcome = await store.append(command(*events, actor=actor))
    loaded = await store.load(stream)
    assert [r.event for r in loaded] == list(events)
    assert [r.position for r in loaded] == [1, 2]
    assert {r.actor for r in loaded} == {actor}
    assert {r.recorded_at for r in loaded} == {outcome.recorded_at}
    assert set(loaded[0].payloads) == {"body", "note"}
    assert loaded == await log_of(store)
    assert (outcome.position, outcome.subject, outcome.replayed) == (2, stream, False)


async def test_an_empty_log(store: EventStore) -> None:
    assert await log_of(store) == []
    assert await store.load(uuid4()) == []
    assert (await store.head()).position == 0
    assert await store.owners(["nobody's"]) == {}
    assert await store.owners([]) == {}
    assert await store.outcome(uuid4(), b"") is None


async def test_one_append_over_several_streams(store: EventStore) -> None:
    a, b = uuid4(), uuid4()
    await store.append(command(shown(a, 1), shown(b, 1), shown(a, 2)))
    assert [(r.event.originator_id, r.event.originator_version) for r in await log_of(store)] == [
        (a, 1),
        (b, 1),
        (a, 2),
    ]
    assert len(await store.load(a)) == 2


async def test_one_stale_stream_refuses_all(store: EventStore) -> None:
    a, b = uuid4(), uuid4()
    await store.append(command(shown(a, 1)))
    claim = Claim("a name", b)
    error = await refuses(store, command(shown(b, 1), shown(a, 1), takes=(claim,)), StaleVersion)
    assert isinstance(error, StaleVersion)
    assert (error.stream_id, error.current) == (a, 1)


@pytest.mark.parametrize("version", [1, 3])
async def test_neither_too_old_nor_too_new_a_version(store: EventStore, version: int) -> None:
    stream = uuid4()
    await store.append(command(shown(stream, 1)))
    await refuses(store, command(shown(stream, version)), StaleVersion)
    await store.append(command(shown(stream, 2)))


async def test_a_stream_begins_at_version_1(store: EventStore) -> None:
    await refuses(store, command(shown(uuid4(), 2)), StaleVersion)
    await refuses(store, command(shown(uuid4(), 0)), StaleVersion)


@pytest.mark.parametrize("versions", [(1, 1), (2, 1), (1, 3), (1, 1, 3), (1, 2, 2, 4)])
async def test_versions_of_a_stream_follow_one_another(store: EventStore, versions: tuple[int, ...]) -> None:
    """Else the order of positions would not be the order of versions."""
    stream = uuid4()
    with pytest.raises(ValueError, match="follows"):
        await store.append(command(*(shown(stream, version) for version in versions)))
    assert await log_of(store) == []


async def test_only_one_of_many_racing_appends_wins(store: EventStore) -> None:
    stream = uuid4()
    outcomes = await asyncio.gather(
        *(store.append(command(shown(stream, 1))) for _ in range(20)), return_exceptions=True
    )
    lost = [outcome for outcome in outcomes if isinstance(outcome, StaleVersion)]
    assert len(lost) == 19
    assert {error.current for error in lost} == {1}
    assert len(await log_of(store)) == 1


async def test_appends_to_one_stream_keep_the_order_in_which_they_came(store: EventStore) -> None:
    stream = uuid4()
    others = [command(shown(uuid4(), 1)) for _ in range(5)]
    mine = [command(shown(stream, version)) for version in range(1, 11)]
    outcomes = await asyncio.gather(*(store.append(append) for append in [*others, *mine, *others]))
    assert sum(outcome.replayed for outcome in outcomes) == 5
    assert [r.event.originator_version for r in await store.load(stream)] == list(range(1, 11))


async def test_positions_are_dense_after_refusals(store: EventStore) -> None:
    stream = uuid4()
    appends = [command(shown(stream, 1)) for _ in range(5)] + [command(shown(uuid4(), 1)) for _ in range(5)]
    await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
    assert [r.position for r in await log_of(store)] == [1, 2, 3, 4, 5, 6]
    assert (await store.head()).position == 6


async def test_a_caller_who_goes_away_does_not_take_the_append_back(store: EventStore) -> None:
    append = command(shown(uuid4(), 1))
    task = asyncio.create_task(store.append(append))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await store.append(command(shown(uuid4(), 1)))  # comes after it
    assert len(await store.load(append.subject)) == 1
    again = await store.append(append)
    assert (again.position, again.replayed) == (1, True)


# --------------------------------------------------------------- commands


async def test_a_known_command_gets_its_first_outcome(store: EventStore) -> None:
    append = command(shown(uuid4(), 1), takes=(Claim("a name", uuid4()),))
    first = await store.append(append)
    await store.append(command(shown(append.subject, 2)))
    again = await store.append(append)  # its version is stale and its claim taken, by itself
    assert again.replayed
    assert (again.position, again.recorded_at, again.subject) == (1, first.recorded_at, first.subject)
    assert await store.outcome(append.command_id, append.request_hash) == again
    assert (await store.head()).position == 2


async def test_a_command_sent_many_times_at_once_is_recorded_once(store: EventStore) -> None:
    append = command(shown(uuid4(), 1))
    outcomes = await asyncio.gather(*(store.append(append) for _ in range(10)))
    assert sorted(outcome.replayed for outcome in outcomes) == [False] + [True] * 9
    assert {outcome.position for outcome in outcomes} == {1}


async def test_a_command_id_is_for_one_request(store: EventStore) -> None:
    first = command(shown(uuid4(), 1))
    await store.append(first)
    other = command(shown(uuid4(), 1), command_id=first.command_id, request=b"another")
    await refuses(store, other, CommandReused)
    with pytest.raises(CommandReused):
        await store.outcome(first.command_id, b"another")


async def test_two_requests_race_with_one_command_id(store: EventStore) -> None:
    appends = [command(shown(uuid4(), 1), command_id=UUID(int=9), request=bytes([n])) for n in range(6)]
    outcomes = await asyncio.gather(*(store.append(append) for append in appends), return_exceptions=True)
    assert sum(isinstance(outcome, CommandReused) for outcome in outcomes) == 5
    assert len(await log_of(store)) == 1


async def test_a_refused_command_is_not_remembered(store: EventStore) -> None:
    stream = uuid4()
    append = command(shown(stream, 2))
    await refuses(store, append, StaleVersion)
    assert await store.outcome(append.command_id, append.request_hash) is None
    await store.append(command(shown(stream, 1)))
    outcome = await store.append(append)
    assert (outcome.position, outcome.replayed) == (2, False)


async def test_a_command_that_changes_nothing_is_recorded(store: EventStore) -> None:
    await store.append(command(shown(uuid4(), 1)))
    empty = command()
    outcome = await store.append(empty)
    assert (outcome.position, outcome.replayed) == (1, False)
    await store.append(command(shown(uuid4(), 1)))
    again = await store.append(empty)
    assert (again.position, again.recorded_at, again.replayed) == (1, outcome.recorded_at, True)
    assert (await store.head()).position == 2


# --------------------------------------------------------------- claims


async def test_a_claim_is_taken_by_one_and_given_back(store: EventStore) -> None:
    first, second = uuid4(), uuid4()
    await store.append(command(shown(first, 1), takes=(Claim("username:ada", first),)))
    error = await refuses(store, command(takes=(Claim("username:ada", second),)), ClaimTaken)
    assert isinstance(error, ClaimTaken)
    assert (error.key, error.owner) == ("username:ada", first)
    assert await store.owners(["username:ada", "username:bob"]) == {"username:ada": first}
    await store.append(command(shown(first, 2), releases=(Claim("username:ada", first),)))
    assert await store.owners(["username:ada"]) == {}
    await store.append(command(shown(second, 1), takes=(Claim("username:ada", second),)))
    assert await store.owners(["username:ada"]) == {"username:ada": second}


async def test_only_its_holder_gives_a_claim_back(store: EventStore) -> None:
    holder = uuid4()
    await store.append(command(takes=(Claim("k", holder),)))
    await refuses(store, command(shown(uuid4(), 1), releases=(Claim("k", uuid4()),)), ClaimTaken)
    error = await refuses(store, command(releases=(Claim("free", holder),)), ClaimTaken)
    assert isinstance(error, ClaimTaken)
    assert error.owner is None


async def test_one_taken_claim_refuses_all(store: EventStore) -> None:
    holder, other = uuid4(), uuid4()
    await store.append(command(takes=(Claim("k", holder),)))
    takes = (Claim("free", other), Claim("k", other))
    await refuses(store, command(shown(other, 1), takes=takes), ClaimTaken)


async def test_a_claim_raced_for_is_taken_once(store: EventStore) -> None:
    ids = [uuid4() for _ in range(10)]
    outcomes = await asyncio.gather(
        *(store.append(command(shown(i, 1), takes=(Claim("k", i),))) for i in ids), return_exceptions=True
    )
    lost = [outcome for outcome in outcomes if isinstance(outcome, ClaimTaken)]
    owner = (await store.owners(["k"]))["k"]
    assert len(lost) == 9
    assert {error.owner for error in lost} == {owner}
    assert [r.event.originator_id for r in await log_of(store)] == [owner]


async def test_given_back_and_taken_at_once(store: EventStore) -> None:
    first, second = uuid4(), uuid4()
    await store.append(command(takes=(Claim("k", first),)))
    await asyncio.gather(
        store.append(command(releases=(Claim("k", first),))),
        store.append(command(takes=(Claim("k", second),))),
    )
    assert await store.owners(["k"]) == {"k": second}


async def test_a_claim_is_named_once_in_an_append(store: EventStore) -> None:
    owner = uuid4()
    await store.append(command(takes=(Claim("held", owner),)))
    for takes, releases in (
        ((Claim("k", owner), Claim("k", owner)), ()),
        ((), (Claim("held", owner), Claim("held", owner))),
        ((Claim("held", owner),), (Claim("held", owner),)),
    ):
        with pytest.raises(ValueError, match="claim"):
            await store.append(command(shown(uuid4(), 1), takes=takes, releases=releases))
    assert await log_of(store) == []
    assert await store.owners(["k", "held"]) == {"held": owner}


# --------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("contents", "bodies", "notes"),
    [
        ("all", ["one", "two", "three"], ["first", "second", None]),
        ("latest", [None, None, "three"], [None, "second", None]),
        ("none", [None, None, None], [None, None, None]),
    ],
)
async def test_how_much_of_the_contents_is_loaded(
    store: EventStore, contents: Contents, bodies: list[str], notes: list[str]
) -> None:
    s = uuid4()
    await store.append(command(published(s, "one", "first"), revised(s, 2, "two", "second")))
    await store.append(command(revised(s, 3, "three")))
    loaded = await store.load(s, contents=contents)
    assert [r.event.body for r in loaded] == bodies  # type: ignore[attr-defined]
    assert [r.event.note for r in loaded] == notes  # type: ignore[attr-defined]
    assert [set(r.payloads) for r in loaded] == [{"body", "note"}, {"body", "note"}, {"body"}]


async def test_reading_on_from_a_position(store: EventStore) -> None:
    streams = [uuid4() for _ in range(5)]
    for stream in streams:
        await store.append(command(published(stream, str(stream)), shown(stream, 2)))
    whole = await log_of(store)
    assert [r.position for r in whole] == list(range(1, 11))
    assert await store.read(0, 3) == whole[:3]
    assert await store.read(3, 4) == whole[3:7]
    assert await store.read(9, 10) == whole[9:]
    assert await store.read(10, 10) == []
    assert await store.read(99, 10) == []
    assert [r.event for r in whole[::2]] == [published(stream, str(stream)) for stream in streams]


async def test_reading_some_topics(store: EventStore) -> None:
    for _ in range(4):
        stream = uuid4()
        await store.append(command(published(stream), shown(stream, 2), voted(uuid4(), uuid4())))
    topics = (SummaryVisibilitySet.__name__, VoteCast.__name__)
    assert [r.position for r in await store.read(2, 4, topics=topics)] == [3, 5, 6, 8]
    assert [r.position for r in await store.read(0, 10, topics=["VoteCast"])] == [3, 6, 9, 12]
    assert await store.read(0, 10, topics=["Unknown"]) == []


async def test_the_head_names_one_log(store: EventStore) -> None:
    before = await store.head()
    await store.append(command(shown(uuid4(), 1)))
    after = await store.head()
    assert (before.log_id, before.position, after.position) == (after.log_id, 0, 1)


# --------------------------------------------------------------- times and actors


async def test_two_times(store: EventStore) -> None:
    stream = uuid4()
    imported = command(shown(stream, 1), occurred_at=LONG_AGO)
    outcome = await store.append(imported)
    await store.append(command(shown(stream, 2)))
    first, second = await store.load(stream)
    assert (first.claimed_at, first.occurred_at, first.recorded_at) == (
        LONG_AGO,
        LONG_AGO,
        outcome.recorded_at,
    )
    assert (second.claimed_at, second.occurred_at) == (None, second.recorded_at)
    assert second.recorded_at.utcoffset() is not None


async def test_a_claimed_time_has_a_zone(store: EventStore) -> None:
    """Else PostgreSQL would read it in the zone of whoever sends it."""
    with pytest.raises(ValueError, match="time zone"):
        await store.append(command(shown(uuid4(), 1), occurred_at=LONG_AGO.replace(tzinfo=None)))
    elsewhere = LONG_AGO.astimezone(timezone(timedelta(hours=-7)))
    await store.append(command(shown(uuid4(), 1), occurred_at=elsewhere))
    assert [r.claimed_at for r in await log_of(store)] == [LONG_AGO]


async def test_recorded_at_never_goes_back(store: EventStore) -> None:
    await asyncio.gather(*(store.append(command(shown(uuid4(), 1))) for _ in range(30)))
    times = [r.recorded_at for r in await log_of(store)]
    assert times == sorted(times)


async def test_the_log_never_says_who_voted(store: EventStore) -> None:
    actor, summary = uuid4(), uuid4()
    await store.append(command(published(summary), voted(uuid4(), actor), actor=actor))
    text, vote = await log_of(store)
    assert (text.actor, vote.actor) == (actor, None)
    assert vote.event.voter_id == actor  # type: ignore[attr-defined]
    assert (await store.load(vote.event.originator_id, contents="none"))[0].event.voter_id is None  # type: ignore[attr-defined]


# --------------------------------------------------------------- erasing


async def test_what_was_erased_reads_none_and_the_rest_stays(store: EventStore) -> None:
    stream, vote = uuid4(), uuid4()
    await store.append(command(published(stream, "gone", "kept"), voted(vote, uuid4())))
    published_row, vote_row = await log_of(store)
    doomed = (published_row.payloads["body"], vote_row.payloads["voter_id"])
    outcome = await store.append(command(erased(*doomed), erases=doomed))
    assert outcome.position == 3
    summary, cast, erasure = await log_of(store)
    assert (summary.event.body, summary.event.note) == (None, "kept")  # type: ignore[attr-defined]
    assert cast.event.voter_id is None  # type: ignore[attr-defined]
    assert erasure.event.payload_ids == doomed  # type: ignore[attr-defined]
    assert summary.payloads == published_row.payloads
    assert (await store.load(stream))[0].event.body is None  # type: ignore[attr-defined]


async def test_erasing_is_an_event(store: EventStore) -> None:
    stream = uuid4()
    await store.append(command(published(stream, "kept")))
    payload = (await store.load(stream))[0].payloads["body"]
    silent: list[tuple[DomainEvent, ...]] = [(), (shown(uuid4(), 1),), (erased(uuid4()),)]
    for events in silent:
        with pytest.raises(ValueError, match="eras"):
            await store.append(command(*events, erases=(payload,)))
    assert [r.event for r in await log_of(store)] == [published(stream, "kept")]


async def test_a_refused_erasure_erases_nothing(store: EventStore) -> None:
    stream = uuid4()
    await store.append(command(published(stream, "kept")))
    payload = (await store.load(stream))[0].payloads["body"]
    await refuses(store, command(erased(payload), shown(stream, 9), erases=(payload,)), StaleVersion)


async def test_erasing_twice_or_what_nobody_has_is_no_error(store: EventStore) -> None:
    stream = uuid4()
    await store.append(command(published(stream, "gone")))
    payload = (await store.load(stream))[0].payloads["body"]
    for _ in range(2):
        unknown = uuid4()
        await store.append(command(erased(payload, unknown), erases=(payload, unknown)))
    assert (await store.load(stream))[0].event.body is None  # type: ignore[attr-defined]


# --------------------------------------------------------------- waiting


async def test_waiting_ends_when_something_comes(store: EventStore) -> None:
    waiting = asyncio.create_task(store.wait(0, 30))
    await asyncio.sleep(0)
    await store.append(command(shown(uuid4(), 1)))
    assert await waiting
    assert await store.wait(0, 30)  # it is there already


async def test_waiting_runs_out_when_nothing_comes(store: EventStore) -> None:
    await store.append(command(shown(uuid4(), 1)))
    assert await store.wait(1, 0.01) is False


async def test_many_wait_and_one_who_gives_up_harms_nobody(store: EventStore) -> None:
    waiting = [asyncio.create_task(store.wait(1, 30)) for _ in range(5)]
    await store.append(command(shown(uuid4(), 1)))
    waiting.pop().cancel()
    assert not any(task.done() for task in waiting)
    await store.append(command(shown(uuid4(), 1)))
    assert await asyncio.gather(*waiting) == [True] * 4
