"""Casting and withdrawing votes."""

from typing import Annotated

import strawberry
from strawberry import ID

from schema.context import Info, changed
from schema.enums import VoteValue
from schema.errors import AccessError, NotFoundError, ValidationError
from schema.fields import given, mutation, resolved
from schema.ids import NodeId, of_kind
from schema.mutations.keys import KEY
from schema.nodes import load_votable
from schema.scalars import LogPosition
from schema.vote import Votable
from service.commands import vote as commands
from service.domain import events
from service.domain.events import SubjectKind


@strawberry.input(description="subjectId: a summary or a comment.")
class CastVoteInput:
    subject_id: ID = strawberry.field(description="The summary or comment to vote on.")
    value: VoteValue = strawberry.field(description="Up or down; it replaces an earlier vote.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="A vote to take back.")
class WithdrawVoteInput:
    subject_id: ID = strawberry.field(description="The summary or comment that was voted on.")
    idempotency_key: ID | None = KEY


@strawberry.type(description="The vote counts, or no longer does.")
class VotePayload:
    subject_id: strawberry.Private[NodeId]
    position: LogPosition = strawberry.field(description="Where the change is in the log.")

    @resolved(description="What was voted on, as it is now.")
    async def subject(self, info: Info) -> Votable:
        return await changed(info.context, self.position, load_votable(info.context, self.subject_id))


VoteResult = Annotated[
    VotePayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("VoteResult", description="What was voted on, or why the vote was refused."),
]

Cast = Annotated[CastVoteInput, strawberry.argument(description="The vote.")]
Withdraw = Annotated[WithdrawVoteInput, strawberry.argument(description="Which vote.")]


@strawberry.type
class VoteMutations:
    @mutation(description="Vote, or change one's vote.")
    async def cast_vote(self, info: Info, input: Cast) -> VoteResult:
        subject = _subject(input.subject_id)
        value = events.VoteValue(input.value.value)
        command = commands.CastVote(subject.uuid, _kind(subject), value, given(input.idempotency_key))
        done = await info.context.perform(commands.cast_vote, command)
        return VotePayload(subject_id=subject, position=info.context.log_position(done.position))

    @mutation(description="Take one's vote back, if there is one.")
    async def withdraw_vote(self, info: Info, input: Withdraw) -> VoteResult:
        subject = _subject(input.subject_id)
        command = commands.WithdrawVote(subject.uuid, _kind(subject), given(input.idempotency_key))
        done = await info.context.perform(commands.withdraw_vote, command)
        return VotePayload(subject_id=subject, position=info.context.log_position(done.position))


def _subject(value: str) -> NodeId:
    return of_kind(value, ("input", "subjectId"), "Summary", "Comment")


def _kind(subject: NodeId) -> SubjectKind:
    return SubjectKind.SUMMARY if subject.kind == "Summary" else SubjectKind.COMMENT
