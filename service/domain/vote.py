"""Votes: one stream for each pair of subject and voter."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from service.domain import policy
from service.domain.errors import Invalid
from service.domain.events import DomainEvent, SubjectKind, VoteCast, VoteValue, VoteWithdrawn

VoteEvent = VoteCast | VoteWithdrawn


@dataclass(frozen=True, slots=True)
class Subject:
    """What is voted on; withdrawn: a retracted summary or a removed comment."""

    id: UUID
    kind: SubjectKind
    withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Vote:
    """value is None when there is no vote in force."""

    id: UUID
    version: int
    value: VoteValue | None


def evolve(state: Vote | None, event: VoteEvent) -> Vote:
    match event:
        case VoteCast():
            return Vote(event.originator_id, event.originator_version, event.value)
        case VoteWithdrawn() if state is None:
            raise ValueError(f"vote {event.originator_id} does not begin with VoteCast")
        case VoteWithdrawn():
            return replace(state, version=event.originator_version, value=None)
        case _:
            assert_never(event)


def vote_from(events: Iterable[DomainEvent]) -> Vote | None:
    """A vote's state; None for an empty stream, or for that of another thing."""
    state: Vote | None = None
    for event in events:
        if not isinstance(event, VoteEvent):
            return None
        state = evolve(state, event)
    return state


def decide_cast(
    state: Vote | None, vote_id: UUID, subject: Subject, value: VoteValue, voter_id: UUID
) -> tuple[VoteCast, ...]:
    """Vote, or change the vote; the same vote again changes nothing. Errors: Invalid."""
    if not policy.may_take_part(voter_id, subject.withdrawn):
        raise Invalid("It was retracted or removed: it takes no more votes.", path=("input", "subjectId"))
    if state is not None and state.value is value:
        return ()
    return (
        VoteCast(
            originator_id=vote_id,
            originator_version=1 if state is None else state.version + 1,
            subject_id=subject.id,
            subject_kind=subject.kind,
            value=value,
            voter_id=voter_id,
        ),
    )


def decide_withdraw(state: Vote | None, subject: Subject) -> tuple[VoteWithdrawn, ...]:
    """Take the vote back; where there is none, nothing changes."""
    if state is None or state.value is None:
        return ()
    return (
        VoteWithdrawn(
            originator_id=state.id,
            originator_version=state.version + 1,
            subject_id=subject.id,
            subject_kind=subject.kind,
        ),
    )
