import asyncio
from uuid import UUID, uuid4

import pytest

from service.commands.comment import PostComment, RemoveComment, post_comment, remove_comment
from service.commands.context import Context
from service.commands.summary import (
    RetractSummary,
    SetSummaryVisibility,
    retract_summary,
    set_summary_visibility,
)
from service.commands.vote import CastVote, WithdrawVote, cast_vote, withdraw_vote
from service.domain.errors import Invalid, NotFound, Unauthenticated
from service.domain.events import SubjectKind, Visibility, VoteValue
from service.domain.ids import vote_id
from service.domain.vote import vote_from
from service.eventstore.model import EventStore
from tests.commands.acting import position, refused, topics, unchanged

SUBJECT_ID = ("input", "subjectId")
UP, DOWN = VoteValue.UP, VoteValue.DOWN


def cast(subject: UUID, value: VoteValue, kind: SubjectKind = SubjectKind.SUMMARY) -> CastVote:
    return CastVote(subject, kind, value)


async def value_of(ctx: Context, subject: UUID) -> VoteValue | None:
    assert ctx.actor
    recorded = await ctx.store.load(vote_id(ctx.secret, subject, ctx.actor))
    state = vote_from(item.event for item in recorded)
    return state and state.value


async def test_a_vote_is_cast_changed_and_withdrawn(store: EventStore, bob: Context, summary: UUID) -> None:
    before = await position(store)
    for _ in range(2):
        assert (await cast_vote(bob, cast(summary, UP))).id == summary
    await cast_vote(bob, cast(summary, DOWN))
    assert await value_of(bob, summary) is DOWN
    for _ in range(2):
        await withdraw_vote(bob, WithdrawVote(summary, SubjectKind.SUMMARY))
    assert await value_of(bob, summary) is None
    assert await topics(store, before) == ["VoteCast", "VoteCast", "VoteWithdrawn"]
    assert {recorded.actor for recorded in await store.read(before, 10)} == {None}


async def test_withdrawing_where_there_is_none_appends_nothing(
    store: EventStore, bob: Context, summary: UUID
) -> None:
    async with unchanged(store):
        await withdraw_vote(bob, WithdrawVote(summary, SubjectKind.SUMMARY))


async def test_an_author_may_change_the_vote_that_publishing_cast(ada: Context, summary: UUID) -> None:
    assert await value_of(ada, summary) is UP
    await cast_vote(ada, cast(summary, DOWN))
    assert await value_of(ada, summary) is DOWN


async def test_twenty_equal_votes_at_once_leave_one(store: EventStore, bob: Context, summary: UUID) -> None:
    before = await position(store)
    await asyncio.gather(*(cast_vote(bob, cast(summary, UP)) for _ in range(20)))
    assert await topics(store, before) == ["VoteCast"]


async def test_twenty_contrary_votes_at_once_all_count_and_one_stays(
    store: EventStore, bob: Context, summary: UUID
) -> None:
    before = await position(store)
    await asyncio.gather(*(cast_vote(bob, cast(summary, (UP, DOWN)[n % 2])) for n in range(20)))
    assert 1 <= len(await topics(store, before)) <= 20
    assert await value_of(bob, summary) in (UP, DOWN)


async def test_voters_do_not_meet(store: EventStore, ada: Context, bob: Context, summary: UUID) -> None:
    await asyncio.gather(cast_vote(ada, cast(summary, DOWN)), cast_vote(bob, cast(summary, UP)))
    assert (await value_of(ada, summary), await value_of(bob, summary)) == (DOWN, UP)


async def test_ids_of_nothing_and_of_other_things_are_not_found(
    store: EventStore, bob: Context, paper: UUID, summary: UUID
) -> None:
    comment = (await post_comment(bob, PostComment(summary, None, "Why?"))).id
    wrong = [(uuid4(), SubjectKind.SUMMARY), (uuid4(), SubjectKind.COMMENT), (paper, SubjectKind.SUMMARY)]
    wrong += [(summary, SubjectKind.COMMENT), (comment, SubjectKind.SUMMARY)]
    for subject, kind in wrong:
        await refused(store, cast_vote(bob, cast(subject, UP, kind)), NotFound, *SUBJECT_ID)
        await refused(store, withdraw_vote(bob, WithdrawVote(subject, kind)), NotFound, *SUBJECT_ID)


@pytest.mark.parametrize("kind", SubjectKind)
async def test_what_is_hidden_cannot_be_voted_on(
    store: EventStore, ada: Context, bob: Context, summary: UUID, kind: SubjectKind
) -> None:
    comment = (await post_comment(bob, PostComment(summary, None, "Why?"))).id
    subject = summary if kind is SubjectKind.SUMMARY else comment
    await set_summary_visibility(ada, SetSummaryVisibility(summary, Visibility.PRIVATE))
    hidden = await refused(store, cast_vote(bob, cast(subject, UP, kind)), NotFound, *SUBJECT_ID)
    unknown = await refused(store, cast_vote(bob, cast(uuid4(), UP, kind)), NotFound, *SUBJECT_ID)
    assert hidden.message == unknown.message


async def test_what_was_withdrawn_takes_no_votes(
    store: EventStore, ada: Context, bob: Context, summary: UUID
) -> None:
    comment = (await post_comment(bob, PostComment(summary, None, "Why?"))).id
    await remove_comment(bob, RemoveComment(comment))
    on_removed = cast_vote(ada, cast(comment, UP, SubjectKind.COMMENT))
    await refused(store, on_removed, Invalid, *SUBJECT_ID)
    await retract_summary(ada, RetractSummary(summary))
    await refused(store, cast_vote(ada, cast(summary, DOWN)), Invalid, *SUBJECT_ID)


async def test_visitors_do_not_vote(store: EventStore, visitor: Context, summary: UUID) -> None:
    await refused(store, cast_vote(visitor, cast(summary, UP)), Unauthenticated)
    withdraw = WithdrawVote(summary, SubjectKind.SUMMARY)
    await refused(store, withdraw_vote(visitor, withdraw), Unauthenticated)
