"""Casting and withdrawing votes."""

import asyncio
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from service.commands.comment import comment_of
from service.commands.context import Context, Decision, Done, execute
from service.commands.summary import summary_of
from service.domain import ids, vote
from service.domain.events import SubjectKind, VoteValue
from service.domain.limits import Path
from service.domain.vote import Subject, Vote

SUBJECT_ID: Path = ("input", "subjectId")


@dataclass(frozen=True, slots=True)
class CastVote:
    subject_id: UUID
    subject_kind: SubjectKind
    value: VoteValue
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class WithdrawVote:
    subject_id: UUID
    subject_kind: SubjectKind
    idempotency_key: str | None = None


async def cast_vote(ctx: Context, command: CastVote) -> Done:
    """Vote or change one's vote; Done.id is the subject.

    Errors: Unauthenticated, NotFound, Invalid, KeyReused.
    """
    voter = ctx.signed_in()
    vote_id = ids.vote_id(ctx.secret, command.subject_id, voter)

    async def decide() -> Decision:
        subject, state = await _load(ctx, command, vote_id)
        return Decision(subject.id, vote.decide_cast(state, vote_id, subject, command.value, voter))

    return await execute(ctx, command, decide)


async def withdraw_vote(ctx: Context, command: WithdrawVote) -> Done:
    """Take one's vote back, if there is one. Errors: Unauthenticated, NotFound, KeyReused."""
    vote_id = ids.vote_id(ctx.secret, command.subject_id, ctx.signed_in())

    async def decide() -> Decision:
        subject, state = await _load(ctx, command, vote_id)
        return Decision(subject.id, vote.decide_withdraw(state, subject))

    return await execute(ctx, command, decide)


async def _load(ctx: Context, command: CastVote | WithdrawVote, vote_id: UUID) -> tuple[Subject, Vote | None]:
    subject, recorded = await asyncio.gather(
        _subject_of(ctx, command), ctx.store.load(vote_id, contents="none")
    )
    return subject, vote.vote_from(item.event for item in recorded)


async def _subject_of(ctx: Context, command: CastVote | WithdrawVote) -> Subject:
    subject_id, kind = command.subject_id, command.subject_kind
    match kind:
        case SubjectKind.SUMMARY:
            return Subject(subject_id, kind, (await summary_of(ctx, subject_id, SUBJECT_ID)).retracted)
        case SubjectKind.COMMENT:
            return Subject(subject_id, kind, (await comment_of(ctx, subject_id, SUBJECT_ID)).removed)
        case _:
            assert_never(kind)
