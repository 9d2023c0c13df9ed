"""What people did, one flat record per action, in the words of the commands."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

Visibility = Literal["PUBLIC", "UNLISTED", "PRIVATE"]
VoteValue = Literal["UP", "DOWN"]


@dataclass(frozen=True, slots=True)
class PaperFields:
    """What `registerPaper(fields)` takes. None where the paper has no such thing or it is not sure."""

    bibtex_key: str
    title: str
    authors: tuple[str, ...]
    abstract: str | None
    venue_key: str | None
    venue_name: str | None
    year: int | None
    published_on: date | None
    keywords: tuple[str, ...]
    doi: str | None
    arxiv_id: str | None
    url: str | None
    source: str


@dataclass(frozen=True, slots=True)
class SignUp:
    at: datetime
    username: str
    display_name: str


@dataclass(frozen=True, slots=True)
class RegisterPaper:
    at: datetime
    by: str
    key: str
    fields: PaperFields


@dataclass(frozen=True, slots=True)
class PublishSummary:
    at: datetime
    by: str
    paper: str
    name: str
    body: str
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class ReviseSummary:
    at: datetime
    by: str
    summary: str
    body: str
    note: str | None


@dataclass(frozen=True, slots=True)
class RestoreRevision:
    at: datetime
    by: str
    summary: str
    number: int
    note: str | None


@dataclass(frozen=True, slots=True)
class RedactRevision:
    at: datetime
    by: str
    summary: str
    number: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class SetSummaryVisibility:
    at: datetime
    by: str
    summary: str
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class RetractSummary:
    at: datetime
    by: str
    summary: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class CastVote:
    at: datetime
    by: str
    subject: str
    value: VoteValue


@dataclass(frozen=True, slots=True)
class WithdrawVote:
    at: datetime
    by: str
    subject: str


@dataclass(frozen=True, slots=True)
class PostComment:
    at: datetime
    by: str
    summary: str
    name: str
    parent: str | None
    body: str


@dataclass(frozen=True, slots=True)
class EditComment:
    at: datetime
    by: str
    comment: str
    body: str


@dataclass(frozen=True, slots=True)
class RemoveComment:
    at: datetime
    by: str
    comment: str


Action = (
    SignUp
    | RegisterPaper
    | PublishSummary
    | ReviseSummary
    | RestoreRevision
    | RedactRevision
    | SetSummaryVisibility
    | RetractSummary
    | CastVote
    | WithdrawVote
    | PostComment
    | EditComment
    | RemoveComment
)
