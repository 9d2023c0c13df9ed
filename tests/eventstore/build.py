"""Small appends and events for tests of the log."""

from datetime import datetime
from uuid import UUID, uuid4

from service.domain.events import (
    DomainEvent,
    PayloadsErased,
    SubjectKind,
    SummaryPublished,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
    VoteCast,
    VoteValue,
)
from service.eventstore.model import Append, Claim

HASH = b"a request"


def shown(stream: UUID, version: int, visibility: Visibility = Visibility.PUBLIC) -> DomainEvent:
    """An event without anything to forget."""
    return SummaryVisibilitySet(originator_id=stream, originator_version=version, visibility=visibility)


def published(stream: UUID, body: str = "hello", note: str | None = None) -> SummaryPublished:
    """A first event with a text."""
    return SummaryPublished(
        originator_id=stream,
        originator_version=1,
        paper_id=UUID(int=1),
        author_id=UUID(int=2),
        visibility=Visibility.PUBLIC,
        body=body,
        note=note,
    )


def revised(stream: UUID, version: int, body: str, note: str | None = None) -> SummaryRevised:
    """A later event with a text."""
    return SummaryRevised(
        originator_id=stream, originator_version=version, revision=version, body=body, note=note
    )


def voted(stream: UUID, voter: UUID) -> VoteCast:
    """An event that hides its actor."""
    return VoteCast(
        originator_id=stream,
        originator_version=1,
        subject_id=UUID(int=3),
        subject_kind=SubjectKind.SUMMARY,
        value=VoteValue.UP,
        voter_id=voter,
    )


def erased(*payload_ids: UUID) -> PayloadsErased:
    """The event that says what is destroyed."""
    return PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=payload_ids)


def command(
    *events: DomainEvent,
    command_id: UUID | None = None,
    request: bytes = HASH,
    takes: tuple[Claim, ...] = (),
    releases: tuple[Claim, ...] = (),
    actor: UUID | None = None,
    occurred_at: datetime | None = None,
    erases: tuple[UUID, ...] = (),
) -> Append:
    """An append of its own command, about its first event's stream."""
    return Append(
        command_id or uuid4(),
        request,
        events[0].originator_id if events else UUID(int=0),
        events,
        takes,
        releases,
        actor,
        occurred_at,
        erases,
    )
