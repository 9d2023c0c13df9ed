"""Following the log through the schema: what comes, in which order, and for whom."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from dataclasses import replace
from random import Random
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
import strawberry

from projections import event
from projections.following import Publication, publications
from projections.reading import Reader
from schema import following, sharing
from schema.context import Operation, Tools
from schema.cursor import Cursor
from schema.executing import SignedOut
from schema.feed import FeedFilter, feed_filter
from schema.following import Hub, Stopping
from schema.ids import NodeId
from schema.live import Live, NotShown, Stream
from schema.making import Pace
from schema.message import Asked
from schema.reading import ReadSession, TookTooLong
from schema.scalars import LogPosition, log_position
from schema.sharing import Shared
from service.accounts import sessions
from service.eventstore.epochs import Epochs
from tests.postgres import execute
from tests.projections.history import ACTIONS, World, play
from tests.projections.projecting import project
from tests.schema.people import Api

SECONDS = 60.0
PUBLISHED = (
    "subscription ($after: Position, $filter: FeedFilter) { summaryPublished(after: $after, filter: $filter) "
    "{ position summary { id } } }"
)
EVENT = "position type subject streamVersion data actor { __typename ... on User { username } }"
RECORDED = (
    "subscription ($after: Position, $filter: EventFilter) { eventRecorded(after: $after, filter: $filter) "
    f"{{ {EVENT} }} }}"
)
EVENTS = (
    "query ($after: Position, $filter: EventFilter) { events(first: 100, after: $after, filter: $filter) "
    f"{{ nodes {{ {EVENT} }} pageInfo {{ hasNextPage endCursor }} }} }}"
)


class Follower:
    """What comes of a subscription."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def next(self) -> Any:
        """The payload of the next message."""
        async with asyncio.timeout(SECONDS):
            return json.loads((await anext(self.stream.messages)).text)

    async def published(self) -> Any:
        payload = await self.next()
        assert "errors" not in payload, payload
        found = payload["data"]["summaryPublished"]
        assert payload["extensions"] == {"position": found["position"]}
        return found

    async def until(self, summary: str) -> list[str]:
        """The summaries that come, up to this one, which is the last one."""
        found: list[str] = []
        while summary not in found:
            found.append((await self.published())["summary"]["id"])
        return found


@pytest.fixture
async def live(schema: strawberry.Schema, tools: Tools) -> Live:
    return Live(schema, tools)


@pytest.fixture(params=["memory", "database"])
def beginning(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tools: Tools) -> str:
    """The beginning of the log, which a follower finds in memory, or else reads in the database."""
    if request.param == "database":
        monkeypatch.setattr(following, "BACK", 0)
    return str(tools.log_position(0))


@asynccontextmanager
async def follow(
    live: Live, query: str = PUBLISHED, token: str | None = None, **variables: Any
) -> AsyncIterator[Follower]:
    stream = await live.open(Asked(query, variables, None, token))
    assert stream.begun is not None, json.loads((await anext(stream.messages)).text)
    async with aclosing(stream.messages):
        yield Follower(stream)


async def refused(live: Live, query: str, **variables: Any) -> Any:
    """The one error of a subscription that does not begin."""
    stream = await live.open(Asked(query, variables))
    assert stream.begun is None
    message = await anext(stream.messages)
    assert message.errors is not None
    [error] = json.loads(message.errors)
    return error


async def token_of(tools: Tools, user: UUID) -> str:
    """As if this user had signed in."""
    token = sessions.new_token(tools.random(sessions.TOKEN_BYTES))
    await sessions.open_session(tools.pool, token, user, tools.clock())
    return token


async def test_it_is_read_after_the_position_and_then_as_it_happens(
    api: Api, live: Live, beginning: str
) -> None:
    ada = await api.person("ada")
    papers = [await ada.paper(f"p{n}") for n in range(5)]
    summaries = [await ada.summary(paper) for paper in papers[:3]]
    async with follow(live, after=beginning) as one, follow(live) as other:
        assert await one.until(summaries[-1]) == summaries
        new = [await ada.summary(paper) for paper in papers[3:]]
        positions = [await one.published() for _ in new]
        assert await other.until(new[-1]) == [found["summary"]["id"] for found in positions] == new
    async with follow(live, after=positions[0]["position"]) as again:
        assert await again.until(new[-1]) == new[1:]
    assert live.followers == 0


FILTERS: tuple[dict[str, Any], ...] = (
    {"venueKey": "conf/x"},
    {"venueKey": "conf/X"},
    {"year": 2015},
    {"year": 0},
    {"keyword": "STRASSE"},
    {"keyword": " deep learning "},
    {"keyword": "deep"},
    {"username": "ADA"},
    {"username": "bob"},
    {"username": "nobody"},
    {"venueKey": "conf/x", "year": 2016, "keyword": "Deep", "username": "ada"},
    {},
)


async def test_filters_find_what_the_feed_finds(api: Api, live: Live, beginning: str) -> None:
    """What bob wrote anonymously is by nobody."""
    ada, bob = await api.person("Ada"), await api.person("bob")
    papers = [
        await ada.paper("a", venueKey="conf/x", year=2015, keywords=["Straße", "deep  learning"]),
        await ada.paper("b", venueKey="conf/x", year=2016, keywords=["deep"]),
        await ada.paper("c", venueKey="conf/y", year=2015),
        await ada.paper("d"),
    ]
    every = [
        await person.summary(paper, anonymous=person is bob) for paper in papers for person in (ada, bob)
    ]
    last = await ada.paper("last", venueKey="conf/x", year=2016, keywords=["deep"])
    feed = "query ($filter: FeedFilter) { feed(first: 100, filter: $filter) { nodes { id } } }"
    found = {}
    for n, filter in enumerate(FILTERS):
        wanted = {one["id"] for one in (await api.read(feed, filter=filter))["feed"]["nodes"]}
        expected = [one for one in every if one in wanted]
        found[n] = len(expected)
        asked = feed_filter(FeedFilter(**{_snake(name): value for name, value in filter.items()}))
        rows = await publications(api.tools.pool, 0, 100)
        assert _ids([one for one in rows if one.is_asked(asked)]) == expected, filter
        assert _ids(await publications(api.tools.pool, 0, 100, asked)) == expected, filter
        async with follow(live, after=beginning, filter=filter) as follower:
            for id in expected:
                assert (await follower.published())["summary"]["id"] == id, filter
    assert sorted(found.values()) == [0, 0, 0, 0, 1, 2, 2, 2, 4, 4, 4, 8], found
    async with follow(live, filter=FILTERS[10]) as narrow, follow(live, filter={"keyword": "deep"}) as wide:
        anonymous, named = await bob.summary(last, anonymous=True), await ada.summary(last)
        assert await wide.until(named) == [anonymous, named]
        assert await narrow.until(named) == [named]


def _snake(name: str) -> str:
    return "venue_key" if name == "venueKey" else name


def _ids(rows: list[Publication]) -> list[str]:
    return [str(NodeId("Summary", one.summary_id)) for one in rows]


async def test_only_what_is_public_when_it_is_sent(api: Api, live: Live, beginning: str) -> None:
    ada = await api.person("ada")
    names = ("private", "unlisted", "hidden", "retracted", "twice", "public")
    papers = {name: await ada.paper(name) for name in names}
    shown = {"private": "PRIVATE", "unlisted": "UNLISTED"}
    async with follow(live) as at_once:
        made = {name: await ada.summary(papers[name], "A.", shown.get(name, "PUBLIC")) for name in names}
        assert await at_once.until(made["public"]) == [
            made[name] for name in ("hidden", "retracted", "twice", "public")
        ]
        await ada.do("setSummaryVisibility", summaryId=made["hidden"], visibility="UNLISTED")
        await ada.do("retractSummary", summaryId=made["retracted"])
        await ada.do("setSummaryVisibility", summaryId=made["twice"], visibility="PRIVATE")
        again = await ada.do("setSummaryVisibility", summaryId=made["twice"], visibility="PUBLIC")
        found = await at_once.published()
        assert (found["position"], found["summary"]["id"]) == (again["position"], made["twice"])
        await ada.do("reviseSummary", summaryId=made["public"], body="B.", expectedRevision=1)
        published = await ada.do("setSummaryVisibility", summaryId=made["private"], visibility="PUBLIC")
        assert (await at_once.published())["position"] == published["position"]
    for token in (None, ada.token):
        async with follow(live, token=token, after=beginning) as later:
            assert await later.until(made["private"]) == [
                made[name] for name in ("twice", "public", "twice", "private")
            ]


async def test_events_are_those_that_the_viewer_may_see(api: Api, live: Live, beginning: str) -> None:
    """As the query `events` has them, for each of several viewers and filters."""
    world, random = World(api.tools.store), Random(7)
    for _ in range(2):
        await world.sign_up(f"u{uuid4().hex}", "Someone")
        await world.register(f"key/{uuid4().hex}")
    await play(
        world, [(random.choice(ACTIONS), *(random.randrange(100) for _ in range(3))) for _ in range(80)]
    )
    assert await api.tools.progress.wait_for(world.position, SECONDS)
    summary = str(NodeId("Summary", world.summaries[0].id))
    paper = str(NodeId("Paper", world.papers[0]))
    compared = 0
    for user in (None, *world.users[:2]):
        token = None if user is None else await token_of(api.tools, user)
        for filter in (
            None,
            {"types": ["SummaryRevised", "VoteCast"]},
            {"subject": summary},
            {"paper": paper},
        ):
            expected = await all_events(Api(api.schema, api.tools, token), filter)
            async with follow(live, RECORDED, token, after=beginning, filter=filter) as follower:
                for event in expected:
                    payload = await follower.next()
                    assert payload == {
                        "data": {"eventRecorded": event},
                        "extensions": {"position": event["position"]},
                    }
                    compared += 1
    assert compared > 200


async def all_events(person: Api, filter: Any) -> list[Any]:
    found: list[Any] = []
    after = None
    while True:
        page = (await person.read(EVENTS, after=after, filter=filter))["events"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def test_hiding_reaches_who_has_stored_it(api: Api, live: Live) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    paper = await ada.paper("p")
    async with (
        follow(live, RECORDED) as visitor,
        follow(live, RECORDED, ada.token) as author,
        follow(live, RECORDED, bob.token) as other,
    ):
        summary = await ada.summary(paper)
        for follower in (visitor, other, author):
            assert [await recorded(follower) for _ in range(2)] == ["SummaryPublished", "VoteCast"]
        await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
        await ada.do("reviseSummary", summaryId=summary, body="Secret.", expectedRevision=1)
        await bob.summary(paper)
        for follower in (visitor, other):
            hidden = (await follower.next())["data"]["eventRecorded"]
            assert (hidden["type"], hidden["subject"]) == ("SummaryVisibilitySet", summary)
            assert (hidden["data"], hidden["actor"], hidden["streamVersion"]) == ({}, None, 0)
            assert await recorded(follower) == "SummaryPublished"
        assert [await recorded(author) for _ in range(2)] == ["SummaryVisibilitySet", "SummaryRevised"]


@pytest.mark.parametrize("end", ["PRIVATE", "RETRACTED"])
async def test_hiding_reaches_who_has_stored_it_also_by_a_detour(api: Api, live: Live, end: str) -> None:
    """Unlisted in between; and nobody hears of one that was never in the lists."""
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("p"))
    never = await ada.summary(await ada.paper("q"), "B.", "UNLISTED")
    async with follow(
        live, RECORDED, filter={"types": ["SummaryVisibilitySet", "SummaryRetracted"]}
    ) as visitor:
        await ada.do("setSummaryVisibility", summaryId=summary, visibility="UNLISTED")
        marker = await ada.summary(await ada.paper("r"))
        await ada.do("retractSummary", summaryId=marker)
        assert (await visitor.next())["data"]["eventRecorded"]["subject"] == marker
        for one in (never, summary):
            if end == "PRIVATE":
                last = await ada.do("setSummaryVisibility", summaryId=one, visibility=end)
            else:
                last = await ada.do("retractSummary", summaryId=one)
        told = (await visitor.next())["data"]["eventRecorded"]
    assert (told["position"], told["subject"], told["data"]) == (last["position"], summary, {})


async def recorded(follower: Follower) -> str:
    """The type of the next event."""
    return str((await follower.next())["data"]["eventRecorded"]["type"])


async def test_a_subscription_that_cannot_begin(api: Api, live: Live) -> None:
    tools, here = api.tools, str(api.tools.log_position(0))
    head = (await tools.store.head()).position
    other = str(log_position(uuid4(), 1, Epochs()))
    lost = str(LogPosition(tools.log_id.hex[:8], 1, 3))
    for after, words, reason in (
        ("nonsense", "not a Position", "MALFORMED"),
        (other, "another log", "OTHER_LOG"),
        (lost, "lost", "LOST"),
        (str(tools.log_position(head + 1)), "beyond the end", "BEYOND_END"),
    ):
        for query in (PUBLISHED, RECORDED):
            error = await refused(live, query, after=after)
            assert words in error["message"], (after, error)
            assert error["extensions"] == {"code": "INVALID", "argument": "after", "reason": reason}
    error = await refused(live, RECORDED, after=here, filter={"subject": "nobody"})
    assert error["extensions"] == {"code": "INVALID", "argument": "filter.subject"}
    two = "subscription { summaryPublished { position } eventRecorded { position } }"
    assert (await refused(live, two))["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    dear = "subscription { summaryPublished { summary { paper { summaries(first: 100) { nodes { paper { "
    dear += "summaries(first: 100) { nodes { comments(first: 100) { nodes { id } } } } } } } } } } }"
    assert (await refused(live, dear))["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert live.followers == 0


async def test_queries_and_mutations_are_one_message(api: Api, live: Live) -> None:
    ada = await api.person("ada")
    for query in ("{ viewer { username } }", "mutation { signOut }"):
        stream = await live.open(Asked(query, None, None, ada.token))
        assert stream.begun is None
        [message] = [message async for message in stream.messages]
        assert message.errors is None
        assert json.loads(message.text)["data"] in ({"viewer": {"username": "ada"}}, {"signOut": True})
    with pytest.raises(SignedOut):
        await live.open(Asked(query, None, None, ada.token))


async def test_who_signs_out_gets_nothing_more(api: Api, live: Live) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    async with follow(live, token=ada.token) as follower:
        first = await bob.summary(await ada.paper("p"))
        assert await follower.until(first) == [first]
        assert await api.tools.accounts.sign_out(str(ada.token))
        await bob.summary(await bob.paper("q"))
        with pytest.raises(SignedOut):
            await follower.next()


async def test_what_many_ask_is_made_once(api: Api, live: Live, schema: strawberry.Schema) -> None:
    """And each has it in its place, whoever else is there."""
    ada = await api.person("ada")
    papers = [await ada.paper(f"p{n}") for n in range(3)]
    async with AsyncExitStack() as stack:
        alike = [await stack.enter_async_context(follow(live)) for _ in range(30)]
        different = await stack.enter_async_context(follow(live, filter={"username": "ADA"}))
        signed_in = await stack.enter_async_context(follow(live, token=ada.token))
        with counting_snapshots(api.tools) as snapshots:
            summaries = [await ada.summary(paper) for paper in papers]
            everyone = [*alike, different, signed_in]
            found = await asyncio.gather(*(one.until(summaries[-1]) for one in everyone))
    assert found == [summaries] * 32
    assert len(snapshots) < 30


@contextmanager
def counting_snapshots(tools: Tools) -> Iterator[list[int]]:
    """How many snapshots are begun by anybody, the hub and the mutations among them."""
    before, counted = ReadSession._open, list[int]()

    async def counting(self: ReadSession) -> None:
        await before(self)
        counted.append(self.shown())

    ReadSession._open = counting  # type: ignore[method-assign]
    try:
        yield counted
    finally:
        ReadSession._open = before  # type: ignore[method-assign]


async def test_what_is_replayed_is_made_together(api: Api, live: Live, beginning: str) -> None:
    ada = await api.person("ada")
    summaries = [await ada.summary(await ada.paper(f"p{n}")) for n in range(40)]
    with counting_snapshots(api.tools) as snapshots:
        async with follow(live, after=beginning) as follower:
            assert await follower.until(summaries[-1]) == summaries
    assert len(snapshots) < 15, snapshots
    dear = PUBLISHED.replace("{ id }", "{ id revisions(first: 50) { nodes { body } } }")
    with counting_snapshots(api.tools) as snapshots:
        async with follow(live, dear, after=beginning) as follower:
            assert await follower.until(summaries[-1]) == summaries
    assert len(snapshots) < 15, snapshots
    dearest = PUBLISHED.replace("{ id }", "{ id revisions(first: 50) { nodes { diff { unified } } } }")
    with counting_snapshots(api.tools) as snapshots:
        async with follow(live, dearest, after=beginning) as follower:
            assert await follower.until(summaries[-1]) == summaries
    assert len(snapshots) > 40


async def test_what_was_made_ahead_is_not_shown_once_it_is_hidden(
    api: Api, live: Live, beginning: str
) -> None:
    ada = await api.person("ada")
    summaries = [await ada.summary(await ada.paper(f"p{n}")) for n in range(12)]
    for taken, query in ((4, PUBLISHED), (9, PUBLISHED.replace("id", "id excerpt"))):
        async with follow(live, query, after=beginning) as follower:
            assert [(await follower.published())["summary"]["id"] for _ in range(taken)] == summaries[:taken]
            await ada.do("setSummaryVisibility", summaryId=summaries.pop(), visibility="PRIVATE")
            assert await follower.until(summaries[-1]) == summaries[taken:]


async def test_an_event_that_fails_beside_others_is_made_alone(
    api: Api, live: Live, beginning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await api.person("ada")
    summaries = [await ada.summary(await ada.paper(f"p{n}")) for n in range(20)]
    before, sizes = event.events_at, list[int]()

    async def too_much(conn: Reader, positions: Sequence[int], *more: Any) -> Any:
        sizes.append(len(positions))
        if len(positions) > 3:
            raise TookTooLong(0.0)
        return await before(conn, positions, *more)

    monkeypatch.setattr(event, "events_at", too_much)
    filter = {"types": ["SummaryPublished"]}
    async with follow(live, RECORDED, after=beginning, filter=filter) as follower:
        found = [await follower.next() for _ in summaries]
    assert [one["data"]["eventRecorded"]["subject"] for one in found] == summaries
    assert max(sizes) > 3


@pytest.mark.parametrize("query", [PUBLISHED, RECORDED])
async def test_what_takes_too_long_just_now_is_made_again(
    api: Api, schema: strawberry.Schema, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr("schema.making.AGAIN_SECONDS", (0.1,) * 100)
    ada, tools = await api.person("ada"), replace(api.tools, statement_seconds=0.2)
    summary, live = await ada.summary(await ada.paper("p")), Live(schema, tools)
    async with (
        follow(live, query, after=str(tools.log_position(0))) as follower,
        tools.pool.acquire() as conn,
    ):
        async with conn.transaction():
            await conn.execute("LOCK TABLE read.summary IN ACCESS EXCLUSIVE MODE")
            coming = asyncio.create_task(anext(follower.stream.messages))
            assert not (await asyncio.wait({coming}, timeout=0.4))[0]
        assert "errors" not in json.loads((await coming).text)
        rest = [await follower.next() for _ in range(3)] if query == RECORDED else []
    assert summary in json.dumps([json.loads(coming.result().text), *rest])


async def test_an_event_that_cannot_be_shown_is_not_left_out(
    api: Api, live: Live, beginning: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants to go on without it says so."""
    monkeypatch.setattr("schema.making.AGAIN_SECONDS", (0.01, 0.01))
    ada = await api.person("ada")
    papers = [await ada.paper(f"p{n}") for n in range(6)]
    summaries = [await ada.summary(paper) for paper in papers]
    before, tries = event.events_at, list[int]()

    async def broken(conn: Reader, positions: Sequence[int], *more: Any) -> Any:
        found = await before(conn, positions, *more)
        if any(row and str(NodeId("Summary", row.subject_id)) == summaries[3] for row in found):
            tries.append(len(positions))
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(event, "events_at", broken)
    filter = {"types": ["SummaryPublished"]}
    async with follow(live, RECORDED, after=beginning, filter=filter) as follower:
        last = [await follower.next() for _ in range(3)][-1]["data"]["eventRecorded"]
        assert last["subject"] == summaries[2]
        with pytest.raises(NotShown) as failed:
            await follower.next()
    assert tries.count(1) >= 3
    assert failed.value.extensions["code"] == "INTERNAL"
    after = failed.value.extensions["failed"]
    async with follow(live, RECORDED, after=after, filter=filter) as follower:
        found = [(await follower.next())["data"]["eventRecorded"] for _ in range(2)]
    assert [one["subject"] for one in found] == summaries[4:]
    monkeypatch.undo()
    async with follow(live, RECORDED, after=last["position"], filter=filter) as follower:
        assert (await follower.next())["data"]["eventRecorded"]["position"] == after


def test_what_is_asked_has_a_short_key_of_its_own() -> None:
    long = {"unused": "x" * 100_000}
    asked = [
        Asked("a"), Asked("b"), Asked("a", {}), Asked("a", long), Asked("a", {"after": None}),
        Asked("a", None, "b"), Asked("a", None, None, "b"), Asked("a", None, "b", "c"),
    ]  # fmt: skip
    assert len({one.key() for one in asked}) == len(asked)
    assert asked[3].key() == Asked("a", dict(long)).key()
    assert {len(one.key()) for one in asked} == {32}


def test_a_follower_has_less_made_ahead_when_it_was_in_vain() -> None:
    pace = Pace(10)
    sizes = []
    for used in (0, 0, 1, 3, 7, 9, 3, 0, 0, 0, 0):
        size = pace.size()
        sizes.append(size)
        pace.made(size)
        for _ in range(min(used, size - 1)):
            pace.used()
    assert sizes == [2, 1, 2, 4, 8, 10, 10, 5, 2, 1, 2]


async def test_what_was_made_for_another_is_not_shown_once_it_is_hidden(api: Api, live: Live) -> None:
    """Both ask the same, word for word."""
    ada, beginning = await api.person("ada"), str(api.tools.log_position(0))
    hidden, shown = [await ada.summary(await ada.paper(key)) for key in ("p", "q")]
    async with follow(live, after=beginning) as first, follow(live, after=beginning) as second:
        assert await first.until(shown) == [hidden, shown]
        for visibility, expected in (("PRIVATE", [shown]), ("PUBLIC", [hidden, shown])):
            await ada.do("setSummaryVisibility", summaryId=hidden, visibility=visibility)
            async with follow(live, after=beginning) as later:
                assert await later.until(shown) == expected
        await ada.do("setSummaryVisibility", summaryId=hidden, visibility="UNLISTED")
        assert await second.until(shown) == [shown]


async def test_no_connection_is_held_while_a_message_is_sent(api: Api, live: Live) -> None:
    ada = await api.person("ada")
    summaries = [await ada.summary(await ada.paper(f"p{n}")) for n in range(3)]
    async with follow(live, after=str(api.tools.log_position(0))) as follower:
        for summary in summaries:
            assert (await follower.published())["summary"]["id"] == summary
            async with asyncio.timeout(SECONDS):
                while api.tools.pool.get_idle_size() < api.tools.pool.get_size():  # noqa: ASYNC110 (the runner uses some)
                    await asyncio.sleep(0.001)


async def test_connections_that_die_cost_only_time(api: Api, live: Live, database_url: str) -> None:
    ada = await api.person("ada")
    papers = [await ada.paper(f"p{n}") for n in range(6)]
    async with follow(live) as follower, follow(live, RECORDED, ada.token) as other:
        made = []
        for paper in papers:
            made.append(await ada.summary(paper))
            await execute(
                database_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            async with asyncio.timeout(SECONDS):
                assert await follower.until(made[-1]) == made[-1:]
            assert await recorded(other) == "SummaryPublished"
            assert await recorded(other) == "VoteCast"


async def test_when_the_service_stops_everybody_is_told(api: Api, live: Live) -> None:
    ada = await api.person("ada")
    async with follow(live) as waiting, follow(live, after=str(api.tools.log_position(0))) as reading:
        summary = await ada.summary(await ada.paper("p"))
        assert await waiting.until(summary) == await reading.until(summary) == [summary]
        hanging = asyncio.create_task(waiting.next())
        await asyncio.sleep(0)
        live.stop()
        with pytest.raises(Stopping):
            await hanging
        with pytest.raises(Stopping):
            await reading.next()


@pytest.mark.parametrize("back", [0, 10_000])
@pytest.mark.parametrize("after", [0, 5, 40])
async def test_nothing_is_lost_or_doubled_between_reading_and_waiting(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, after: int, back: int
) -> None:
    """Something is projected wherever it could be missed: before, within and after each read."""
    monkeypatch.setattr(following, "BACK", back)
    monkeypatch.setattr(following, "IDLE_SECONDS", 0.02)
    monkeypatch.setattr(following, "AHEAD", 3)
    world, random = World(tools.store), Random(after + back)
    author, papers = await world.sign_up("ada"), [await world.register(f"p{n}") for n in range(24)]
    expected = []
    for n, paper in enumerate(papers):
        await world.publish(paper, author, vote=n % 3 == 0)
        expected.append(world.position - (n % 3 == 0))
    expected = [position for position in expected if position > after]
    one_at_a_time = asyncio.Lock()

    async def grow() -> None:
        async with one_at_a_time:
            await project(tools.pool, tools.store, random.randint(1, 3))

    async def read(conn: Reader, after: int, limit: int) -> list[Publication]:
        await grow()
        found = await publications(conn, after, limit)
        await grow()
        return found

    async def hubs(conn: Reader, after: int, limit: int) -> list[Publication]:
        found = await publications(conn, after, limit)
        await asyncio.sleep(random.choice((0, 0.001)))
        return found

    async def take(cursor: Cursor[Publication]) -> list[int]:
        found: list[int] = []
        while len(found) < len(expected):
            coming = asyncio.ensure_future(anext(cursor))
            while not (await asyncio.wait({coming}, timeout=0.01))[0]:
                await grow()
            found.append(coming.result().position)
        return found

    hub = Hub(tools, hubs, asyncio.Semaphore(2), kept=2)
    cursors = [Cursor(hub, after, lambda _: True, read, nothing) for _ in range(3)]
    with cursors[0].followed():
        async with asyncio.timeout(SECONDS):
            assert await asyncio.gather(*map(take, cursors)) == [expected] * 3


async def nothing(_operation: Operation, _one: Publication) -> None:
    """These cursors are asked for positions only."""


async def test_work_is_shared_and_the_oldest_is_forgotten() -> None:
    made: list[str] = []
    shared = Shared[str, str](10, lambda text: None if text == "not kept" else len(text), seconds=60)

    async def make(texts: Sequence[str]) -> Sequence[str]:
        await asyncio.sleep(0)
        made.extend(texts)
        if "bad" in texts:
            raise ValueError("bad")
        return texts

    async def get(text: str) -> str:
        return await shared.get([text], make)

    assert list(await asyncio.gather(get("four"), get("four"), get("five"))) == ["four", "four", "five"]
    assert await get("four") == "four"
    assert made == ["four", "five"]
    assert await get("three") == "three"  # 13 characters: the oldest goes
    assert [await get(text) for text in ("five", "three", "four")] == ["five", "three", "four"]
    assert made == ["four", "five", "three", "four"]
    for text in ("not kept", "bad", "not kept", "bad"):
        outcome = (await asyncio.gather(get(text), get(text), return_exceptions=True))[0]
        assert str(outcome) == text
    assert made[4:] == ["not kept", "bad"] * 2


async def test_what_was_made_is_forgotten_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    made, now = list[str](), 0.0
    monkeypatch.setattr(sharing, "time", SimpleNamespace(monotonic=lambda: now))
    shared = Shared[str, str](10, len, seconds=2.0)

    async def make(texts: Sequence[str]) -> Sequence[str]:
        made.extend(texts)
        return texts

    for _ in range(5):
        assert await shared.get(["four"], make) == "four"
        now += 1.9
        assert shared.knows("four")
        now += 0.2
        assert not shared.knows("four")
    assert made == ["four"] * 5


async def test_what_is_wanted_soon_is_made_together() -> None:
    made: list[Sequence[int]] = []
    shared = Shared[int, int](100, lambda _: 1, seconds=60)

    async def make(keys: Sequence[int]) -> Sequence[int]:
        made.append(keys)
        await asyncio.sleep(0)
        return [key for key in keys if key % 5 or key == keys[0]]

    async def get(*keys: int) -> int:
        return await shared.get(keys, make)

    assert await asyncio.gather(get(1, 2, 3), get(2, 3, 4), get(3), get(4)) == [1, 2, 3, 4]
    assert made == [[1, 2, 3], [4]]
    assert await get(4, 10) == 4
    assert await asyncio.gather(get(6, 7, 10), get(10)) == [6, 10]
    assert made[2:] == [[6, 7, 10], [10]]


async def test_who_waits_for_shared_work_may_go() -> None:
    begun, go = asyncio.Event(), asyncio.Event()

    async def make(_keys: Sequence[str]) -> list[str]:
        begun.set()
        await go.wait()
        return ["made"]

    shared = Shared[str, str](10, len, seconds=60)
    first, second = (asyncio.create_task(shared.get(["key"], make)) for _ in range(2))
    await begun.wait()
    first.cancel()
    await asyncio.sleep(0)
    go.set()
    assert await second == "made"
    assert first.cancelled()
