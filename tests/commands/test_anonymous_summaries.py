"""Who publishes anonymously can do with it what every author can, and the log never says who that is."""

from uuid import UUID, uuid4

import pytest

from service.commands.comment import PostComment, post_comment
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
from service.commands.vote import CastVote, cast_vote
from service.domain.errors import ExistsAlready, Forbidden, NotFound
from service.domain.events import PayloadsErased, SubjectKind, SummaryPublished, Visibility, VoteValue
from service.eventstore.model import Append, EventStore
from tests.commands.acting import position, refused, unchanged

SUMMARY_ID = ("input", "summaryId")


@pytest.fixture
async def hidden(ada: Context, paper: UUID) -> UUID:
    """Ada's summary, published anonymously."""
    return (await publish_summary(ada, PublishSummary(paper, "Faces.", anonymous=True))).id


async def erase_author(store: EventStore, summary: UUID) -> None:
    [recorded] = await store.load(summary, contents="none")
    payload = recorded.payloads["anonymous_author_id"]
    event = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=(payload,))
    await store.append(Append(uuid4(), b"", summary, (event,), erases=(payload,)))


async def test_no_event_of_it_names_its_author(
    store: EventStore, ada: Context, paper: UUID, hidden: UUID
) -> None:
    await revise_summary(ada, ReviseSummary(hidden, "Better.", "why", 1))
    await set_summary_visibility(ada, SetSummaryVisibility(hidden, Visibility.UNLISTED))
    await retract_summary(ada, RetractSummary(hidden, "wrong"))
    recorded = await store.load(hidden, contents="none")
    assert len(recorded) == 4
    assert {one.actor for one in recorded} == {None}
    assert str(ada.actor) not in repr([one.event for one in recorded])

    [first, *_] = await store.load(hidden)
    assert isinstance(first.event, SummaryPublished)
    assert (first.event.author_id, first.event.anonymous_author_id) == (None, ada.actor)


async def test_a_named_one_is_as_it_was(store: EventStore, ada: Context, summary: UUID) -> None:
    await revise_summary(ada, ReviseSummary(summary, "Better.", None, 1))
    assert {one.actor for one in await store.load(summary)} == {ada.actor}


async def test_nobody_else_can_change_it(
    store: EventStore, bob: Context, visitor: Context, hidden: UUID
) -> None:
    revise = revise_summary(bob, ReviseSummary(hidden, "Mine.", None, 1))
    await refused(store, revise, Forbidden, *SUMMARY_ID)
    await refused(store, retract_summary(bob, RetractSummary(hidden)), Forbidden, *SUMMARY_ID)


async def test_there_is_one_per_user_and_paper_whether_named_or_not(
    store: EventStore, ada: Context, bob: Context, paper: UUID, hidden: UUID
) -> None:
    again = publish_summary(ada, PublishSummary(paper, "Another."))
    error = await refused(store, again, ExistsAlready, "input", "paperId")
    assert error.existing == hidden
    await publish_summary(bob, PublishSummary(paper, "Mine.", anonymous=True))
    await retract_summary(ada, RetractSummary(hidden))
    await publish_summary(ada, PublishSummary(paper, "Named.", idempotency_key="k"))


async def test_a_private_one_is_seen_by_its_author_alone(
    store: EventStore, ada: Context, bob: Context, hidden: UUID
) -> None:
    await set_summary_visibility(ada, SetSummaryVisibility(hidden, Visibility.PRIVATE))
    comment = PostComment(hidden, None, "Indeed.")
    await refused(store, post_comment(bob, comment), NotFound, *SUMMARY_ID)
    await post_comment(ada, comment)
    vote = CastVote(hidden, SubjectKind.SUMMARY, VoteValue.DOWN)
    await refused(store, cast_vote(bob, vote), NotFound, "input", "subjectId")
    await cast_vote(ada, vote)


async def test_when_its_author_is_erased_nobody_can_change_it(
    store: EventStore, ada: Context, bob: Context, hidden: UUID
) -> None:
    await erase_author(store, hidden)
    for somebody in (ada, bob):
        revise = revise_summary(somebody, ReviseSummary(hidden, "Mine.", None, 1))
        await refused(store, revise, Forbidden, *SUMMARY_ID)
    await post_comment(bob, PostComment(hidden, None, "Still here."))


async def test_a_repeated_request_gives_the_first_outcome(
    store: EventStore, ada: Context, paper: UUID
) -> None:
    command = PublishSummary(paper, "Faces.", anonymous=True, idempotency_key="once")
    first = await publish_summary(ada, command)
    assert first.position == await position(store)
    async with unchanged(store):
        again = await publish_summary(ada, command)
    assert (again.id, again.position, again.replayed) == (first.id, first.position, True)
