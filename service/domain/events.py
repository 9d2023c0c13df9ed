"""Every event of the log, in one place.

An event is a flat, frozen fact. Its topic is its class name; `class_version` counts its shapes, and
`upcast_vN_vN+1` turns the state of an older shape into the next one, as in eventsourcing. A
forgettable field is kept apart from the log and may be erased: then it reads None for ever.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID


def forgettable() -> Any:
    """A field whose content can be erased; the event itself only commits to it."""
    return field(default=None, metadata={"forgettable": True})


class Visibility(StrEnum):
    PUBLIC = "PUBLIC"
    UNLISTED = "UNLISTED"
    PRIVATE = "PRIVATE"


class VoteValue(StrEnum):
    UP = "UP"
    DOWN = "DOWN"


class SubjectKind(StrEnum):
    """What can be voted on."""

    SUMMARY = "SUMMARY"
    COMMENT = "COMMENT"


class MetadataSource(StrEnum):
    ARXIV = "ARXIV"
    BIBSONOMY = "BIBSONOMY"
    CROSSREF = "CROSSREF"
    DBLP = "DBLP"
    OPENALEX = "OPENALEX"
    BIBTEX = "BIBTEX"
    MANUAL = "MANUAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """What all events share: the stream, and the version that the event gives it (from 1)."""

    category: ClassVar[str]
    class_version: ClassVar[int] = 1
    hides_actor: ClassVar[bool] = False  # true: the log never says who did it

    originator_id: UUID
    originator_version: int


# --------------------------------------------------------------- paper


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRegistered(DomainEvent):
    category: ClassVar[str] = "paper"

    bibtex_key: str
    title: str
    authors: tuple[str, ...]
    abstract: str | None = None
    venue_key: str | None = None
    venue_name: str | None = None
    year: int | None = None
    published_on: date | None = None
    keywords: tuple[str, ...] = ()
    doi: str | None = None
    arxiv_id: str | None = None
    url: str | None = None
    source: MetadataSource = MetadataSource.MANUAL


# --------------------------------------------------------------- user


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSignedUp(DomainEvent):
    category: ClassVar[str] = "user"

    username: str
    display_name: str | None = forgettable()


# --------------------------------------------------------------- summary


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryPublished(DomainEvent):
    """Revision 1. Version 2: author_id is None when it was written anonymously.

    Then only the payload says who wrote it, and no event of the stream has an actor.
    """

    category: ClassVar[str] = "summary"
    class_version: ClassVar[int] = 2

    paper_id: UUID
    author_id: UUID | None
    visibility: Visibility
    anonymous_author_id: UUID | None = forgettable()
    body: str | None = forgettable()
    note: str | None = forgettable()

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Every author was named: the state is one of version 2 already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRevised(DomainEvent):
    category: ClassVar[str] = "summary"

    revision: int
    body: str | None = forgettable()
    note: str | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRestored(DomainEvent):
    """A new revision with the text of an earlier one, in a payload of its own."""

    category: ClassVar[str] = "summary"

    revision: int
    restored: int  # the number of the earlier one
    body: str | None = forgettable()
    note: str | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionRedacted(DomainEvent):
    """A revision's text is gone for good; the PayloadsErased beside it names what was destroyed."""

    category: ClassVar[str] = "summary"

    revision: int
    reason: str | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryVisibilitySet(DomainEvent):
    category: ClassVar[str] = "summary"

    visibility: Visibility


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRetracted(DomainEvent):
    category: ClassVar[str] = "summary"

    reason: str | None = forgettable()


# --------------------------------------------------------------- comment


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentPosted(DomainEvent):
    category: ClassVar[str] = "comment"

    summary_id: UUID
    author_id: UUID
    on_revision: int
    parent_id: UUID | None = None
    body: str | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentEdited(DomainEvent):
    category: ClassVar[str] = "comment"

    body: str | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentRemoved(DomainEvent):
    category: ClassVar[str] = "comment"


# --------------------------------------------------------------- vote


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast(DomainEvent):
    """The stream's id names subject and voter, but only to who holds the installation's secret."""

    category: ClassVar[str] = "vote"
    hides_actor: ClassVar[bool] = True

    subject_id: UUID
    subject_kind: SubjectKind
    value: VoteValue
    voter_id: UUID | None = forgettable()


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteWithdrawn(DomainEvent):
    category: ClassVar[str] = "vote"
    hides_actor: ClassVar[bool] = True

    subject_id: UUID
    subject_kind: SubjectKind


# --------------------------------------------------------------- erasure


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadsErased(DomainEvent):
    """These contents were destroyed. Read models drop what they hold of them.

    Version 2 says which stream's they were; None where nobody noted it.
    """

    category: ClassVar[str] = "erasure"
    class_version: ClassVar[int] = 2

    payload_ids: tuple[UUID, ...]
    subject_id: UUID | None = None

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        """Whose they were was not noted."""


EVENTS: tuple[type[DomainEvent], ...] = (
    PaperRegistered,
    UserSignedUp,
    SummaryPublished,
    SummaryRevised,
    SummaryRestored,
    RevisionRedacted,
    SummaryVisibilitySet,
    SummaryRetracted,
    CommentPosted,
    CommentEdited,
    CommentRemoved,
    VoteCast,
    VoteWithdrawn,
    PayloadsErased,
)

Revising = SummaryPublished | SummaryRevised | SummaryRestored  # what makes a revision


def revision_of(event: Revising) -> int:
    """The number of the revision that the event made."""
    return 1 if isinstance(event, SummaryPublished) else event.revision
