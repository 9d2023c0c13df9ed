import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from service.commands.context import Context
from service.commands.summary import (
    PublishSummary,
    RetractSummary,
    ReviseSummary,
    SetSummaryVisibility,
    publish_summary,
    retract_summary,
    revise_summary,
    set_summary_visibility,
)
from service.domain.errors import (
    ExistsAlready,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    RevisedMeanwhile,
    Unauthenticated,
)
from service.domain.events import SummaryPublished, SummaryRevised, Visibility, VoteCast
from service.domain.ids import vote_id
from service.domain.summary import claim_key
from service.eventstore.model import EventStore
from tests.commands.acting import events, position, refused, topics, unchanged

SUMMARY_ID = ("input", "summaryId")


async def test_publishing_is_one_append_of_summary_vote_and_claim(
    store: EventStore, ada: Context, paper: UUID
) -> None:
    before = await position(store)
    done = await publish_summary(ada, PublishSummary(paper, "Faces.", note="first"))
    published, vote = await events(store, before)
    assert isinstance(published, SummaryPublished)
    assert (published.body, published.note, published.author_id) == ("Faces.", "first", ada.actor)
    assert isinstance(vote, VoteCast)
    assert ada.actor
    assert vote.originator_id == vote_id(ada.secret, done.id, ada.actor)
    assert done.position == before + 2
    key = claim_key(ada.secret, ada.actor, paper)
    assert str(ada.actor) not in key
    assert await store.owners([key]) == {key: done.id}


async def test_there_is_one_summary_per_user_and_paper(
    store: EventStore, ada: Context, bob: Context, paper: UUID, summary: UUID
) -> None:
    again = publish_summary(ada, PublishSummary(paper, "Another."))
    error = await refused(store, again, ExistsAlready, "input", "paperId")
    assert (error.kind, error.existing) == ("summary", summary)
    assert (await publish_summary(bob, PublishSummary(paper, "Mine."))).id != summary


async def test_retracting_gives_the_place_back(
    store: EventStore, ada: Context, paper: UUID, summary: UUID
) -> None:
    await retract_summary(ada, RetractSummary(summary, "wrong"))
    async with unchanged(store):
        await retract_summary(ada, RetractSummary(summary, "wrong"))
    second = await publish_summary(ada, PublishSummary(paper, "Right."))
    async with unchanged(store):
        await retract_summary(ada, RetractSummary(summary))
    assert second.id in (await store.owners([claim_key(ada.secret, ada.actor, paper)])).values()
    revise = revise_summary(ada, ReviseSummary(summary, "x", None, 1))
    await refused(store, revise, Invalid, *SUMMARY_ID)


async def test_of_two_publishing_at_once_one_wins(store: EventStore, ada: Context, paper: UUID) -> None:
    before = await position(store)
    outcomes = await asyncio.gather(
        *(publish_summary(ada, PublishSummary(paper, f"Text {n}")) for n in range(2)), return_exceptions=True
    )
    (error,) = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    (done,) = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert isinstance(error, ExistsAlready)
    assert error.existing == done.id
    assert await topics(store, before) == ["SummaryPublished", "VoteCast"]


async def test_of_many_revising_at_once_exactly_one_wins(
    store: EventStore, ada: Context, summary: UUID
) -> None:
    before = await position(store)
    outcomes = await asyncio.gather(
        *(revise_summary(ada, ReviseSummary(summary, f"Text {n}", None, 1)) for n in range(10)),
        return_exceptions=True,
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert len(errors) == 9
    assert all(isinstance(error, RevisedMeanwhile) and error.current_revision == 2 for error in errors)
    assert await topics(store, before) == ["SummaryRevised"]


async def test_a_race_of_another_kind_is_resolved_silently(
    store: EventStore, ada: Context, summary: UUID
) -> None:
    before = await position(store)
    await asyncio.gather(
        revise_summary(ada, ReviseSummary(summary, "Better.", None, 1)),
        set_summary_visibility(ada, SetSummaryVisibility(summary, Visibility.PRIVATE)),
    )
    assert sorted(await topics(store, before)) == ["SummaryRevised", "SummaryVisibilitySet"]


async def test_a_changed_text_is_a_revision_and_the_same_is_none(
    store: EventStore, ada: Context, summary: UUID
) -> None:
    done = await revise_summary(ada, ReviseSummary(summary, "Better.", "typo", 1))
    revised = (await events(store, done.position - 1))[0]
    assert isinstance(revised, SummaryRevised)
    assert (revised.revision, revised.body, revised.note) == (2, "Better.", "typo")
    async with unchanged(store):
        same = await revise_summary(ada, ReviseSummary(summary, "Better.", None, 2))
    assert (same.id, same.position) == (summary, done.position)


async def test_a_command_without_effect_is_known_by_its_key_too(
    store: EventStore, ada: Context, summary: UUID
) -> None:
    same = ReviseSummary(summary, "Faces as points.", None, 1, idempotency_key="k")
    first = await revise_summary(ada, same)
    await revise_summary(ada, ReviseSummary(summary, "Better.", None, 1))
    again = await revise_summary(ada, same)  # by now it would be a conflict
    assert (again.position, again.replayed) == (first.position, True)
    other = replace(same, body="Other")
    await refused(store, revise_summary(ada, other), KeyReused, "input", "idempotencyKey")


async def test_one_request_sent_many_times_at_once_happens_once(
    store: EventStore, ada: Context, paper: UUID
) -> None:
    before = await position(store)
    command = PublishSummary(paper, "Faces.", idempotency_key="k")
    published = await asyncio.gather(*(publish_summary(ada, command) for _ in range(8)))
    (summary,) = {done.id for done in published}
    revise = ReviseSummary(summary, "Better.", None, 1, idempotency_key="k2")
    revised = await asyncio.gather(*(revise_summary(ada, revise) for _ in range(8)))
    assert len({(done.id, done.position) for done in revised}) == 1
    assert sum(not done.replayed for done in published + revised) == 2
    assert await topics(store, before) == ["SummaryPublished", "VoteCast", "SummaryRevised"]


async def test_a_key_of_one_command_is_refused_for_another(
    store: EventStore, ada: Context, summary: UUID
) -> None:
    await retract_summary(ada, RetractSummary(summary, idempotency_key="k"))
    hide = SetSummaryVisibility(summary, Visibility.PRIVATE, idempotency_key="k")
    await refused(store, set_summary_visibility(ada, hide), KeyReused, "input", "idempotencyKey")


async def test_ids_of_nothing_and_of_other_things_are_not_found(
    store: EventStore, ada: Context, paper: UUID, summary: UUID
) -> None:
    for wrong in (uuid4(), summary, ada.actor):
        assert wrong
        publish = publish_summary(ada, PublishSummary(wrong, "x"))
        await refused(store, publish, NotFound, "input", "paperId")
    for wrong in (uuid4(), paper, ada.actor):
        assert wrong
        await refused(store, revise_summary(ada, ReviseSummary(wrong, "x", None, 1)), NotFound, *SUMMARY_ID)
        await refused(store, retract_summary(ada, RetractSummary(wrong)), NotFound, *SUMMARY_ID)


@pytest.mark.parametrize("visibility", Visibility)
async def test_others_cannot_change_what_they_see_nor_learn_of_what_they_do_not(
    store: EventStore, ada: Context, bob: Context, summary: UUID, visibility: Visibility
) -> None:
    await set_summary_visibility(ada, SetSummaryVisibility(summary, visibility))
    kind = NotFound if visibility is Visibility.PRIVATE else Forbidden
    revise = revise_summary(bob, ReviseSummary(summary, "x", None, 1))
    error = await refused(store, revise, kind, *SUMMARY_ID)
    unknown = revise_summary(bob, ReviseSummary(uuid4(), "x", None, 1))
    same = await refused(store, unknown, NotFound, *SUMMARY_ID)
    assert (error.message == same.message) is (visibility is Visibility.PRIVATE)


async def test_visitors_change_nothing(
    store: EventStore, visitor: Context, paper: UUID, summary: UUID
) -> None:
    await refused(store, publish_summary(visitor, PublishSummary(paper, "x")), Unauthenticated)
    await refused(store, revise_summary(visitor, ReviseSummary(summary, "x", None, 1)), Unauthenticated)
    await refused(store, retract_summary(visitor, RetractSummary(summary)), Unauthenticated)
    hide = SetSummaryVisibility(summary, Visibility.PRIVATE)
    await refused(store, set_summary_visibility(visitor, hide), Unauthenticated)


async def test_a_bad_text_is_refused(store: EventStore, ada: Context, paper: UUID, summary: UUID) -> None:
    for body in ("", "x" * 100_001, "a\x00b", "\ud83d"):
        revise = revise_summary(ada, ReviseSummary(summary, body, None, 1, idempotency_key="k"))
        await refused(store, revise, Invalid, "input", "body")


async def test_a_claimed_time_is_kept_beside_the_time_of_the_log(
    store: EventStore, ada: Context, paper: UUID
) -> None:
    then = datetime(2016, 5, 4, tzinfo=UTC)
    done = await publish_summary(replace(ada, occurred_at=then), PublishSummary(paper, "Old."))
    published = (await store.read(done.position - 2, 1))[0]
    assert published.occurred_at == then
    assert published.recorded_at > then
