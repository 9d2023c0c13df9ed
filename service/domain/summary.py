"""Summaries: one per user and paper, with numbered revisions."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from service.domain import ids, limits, policy, vote
from service.domain.errors import ExistsAlready, Forbidden, Invalid, NotFound, RevisedMeanwhile
from service.domain.events import (
    DomainEvent,
    PayloadsErased,
    RevisionRedacted,
    SubjectKind,
    SummaryPublished,
    SummaryRestored,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
    VoteValue,
)
from service.domain.limits import Path

SummaryEvent = (
    SummaryPublished
    | SummaryRevised
    | SummaryRestored
    | RevisionRedacted
    | SummaryVisibilitySet
    | SummaryRetracted
)


@dataclass(frozen=True, slots=True)
class Summary:
    """What decisions need to know. body is None when it was erased or not loaded.

    So is author_id, of an anonymous summary: then nobody may change it.
    """

    id: UUID
    version: int
    paper_id: UUID
    author_id: UUID | None
    visibility: Visibility
    revision: int
    body: str | None
    retracted: bool = False
    anonymous: bool = False
    redacted: frozenset[int] = frozenset()  # numbers of revisions whose text is gone


def evolve(state: Summary | None, event: SummaryEvent) -> Summary:
    if isinstance(event, SummaryPublished):
        return _published(event)
    if state is None:
        raise ValueError(f"summary {event.originator_id} does not begin with SummaryPublished")
    state = replace(state, version=event.originator_version)
    match event:
        case SummaryRevised() | SummaryRestored():
            return replace(state, revision=event.revision, body=event.body)
        case RevisionRedacted():
            return replace(state, redacted=state.redacted | {event.revision})
        case SummaryVisibilitySet():
            return replace(state, visibility=event.visibility)
        case SummaryRetracted():
            return replace(state, retracted=True)
        case _:
            assert_never(event)


def summary_from(events: Iterable[DomainEvent]) -> Summary | None:
    """A summary's state; None for an empty stream, or for that of another thing."""
    state: Summary | None = None
    for event in events:
        if not isinstance(event, SummaryEvent):
            return None
        state = evolve(state, event)
    return state


def seen(state: Summary | None, viewer: UUID | None, path: Path) -> Summary:
    """The summary, for whoever may see it. Errors: NotFound, the same for hidden and for unknown."""
    if state is None or not policy.may_see_summary(
        viewer, state.author_id, state.visibility, state.retracted
    ):
        raise NotFound(f"There is no summary with this {path[-1]}, or you may not see it.", path=path)
    return state


def decide_publish(
    summary_id: UUID,
    paper_id: UUID,
    author_id: UUID,
    body: str,
    note: str | None,
    visibility: Visibility,
    vote_id: UUID,
    anonymous: bool = False,
) -> tuple[DomainEvent, ...]:
    """Publish revision 1, with the author's up vote, cast this once. Errors: Invalid."""
    published = SummaryPublished(
        originator_id=summary_id,
        originator_version=1,
        paper_id=paper_id,
        author_id=None if anonymous else author_id,
        visibility=visibility,
        anonymous_author_id=author_id if anonymous else None,
        body=limits.text(body, limits.BODY, ("input", "body")),
        note=_short(note, "note"),
    )
    subject = vote.Subject(summary_id, SubjectKind.SUMMARY)
    return published, *vote.decide_cast(None, vote_id, subject, VoteValue.UP, author_id)


def decide_revise(
    state: Summary, editor: UUID | None, body: str, note: str | None, expected_revision: int
) -> tuple[SummaryRevised, ...]:
    """Revise the text; the text as it is already, on the revision expected, changes nothing.

    Errors: Forbidden, Invalid, RevisedMeanwhile.
    """
    _check_author(state, editor)
    kept, why = limits.text(body, limits.BODY, ("input", "body")), _short(note, "note")
    if expected_revision != state.revision:
        raise RevisedMeanwhile(state.revision)
    if kept == state.body:
        return ()
    return (
        SummaryRevised(
            originator_id=state.id,
            originator_version=state.version + 1,
            revision=state.revision + 1,
            body=kept,
            note=why,
        ),
    )


def decide_restore(
    state: Summary,
    editor: UUID,
    number: int,
    body: str | None,
    note: str | None,
    expected_revision: int,
) -> tuple[SummaryRestored, ...]:
    """Make an earlier revision's text, `body`, the current one, as a new revision.

    The text as it is already changes nothing.
    Errors: Forbidden, Invalid, NotFound (no such revision), RevisedMeanwhile.
    """
    _check_author(state, editor)
    why = _short(note, "note")
    _check_number(state, number)
    if expected_revision != state.revision:
        raise RevisedMeanwhile(state.revision)
    if body is None:
        raise Invalid(
            f"The text of revision {number} was redacted: restore another one.", path=("input", "number")
        )
    if body == state.body:
        return ()
    return (
        SummaryRestored(
            originator_id=state.id,
            originator_version=state.version + 1,
            revision=state.revision + 1,
            restored=number,
            body=body,
            note=why,
        ),
    )


def decide_redact(
    state: Summary,
    editor: UUID,
    number: int,
    reason: str | None,
    erasure_id: UUID,
    payloads: tuple[UUID, ...],
) -> tuple[DomainEvent, ...]:
    """Destroy what a revision says, for good; also of a retracted summary.

    Of one that was redacted before, what is left goes too; when, who and why stay the first redaction's.
    Shape:  payloads are those of the revision that are to go and still survive; without any, nothing
            changes. erasure_id is a new stream's.
    Errors: Forbidden, Invalid, NotFound (no such revision).
    """
    why = _short(reason, "reason")
    if not policy.is_own(editor, state.author_id):
        raise Forbidden("Only its author may redact a summary's revisions.", path=("input", "summaryId"))
    _check_number(state, number)
    if not payloads:
        return ()
    erased = PayloadsErased(
        originator_id=erasure_id, originator_version=1, payload_ids=payloads, subject_id=state.id
    )
    if number in state.redacted:
        return (erased,)
    redacted = RevisionRedacted(
        originator_id=state.id, originator_version=state.version + 1, revision=number, reason=why
    )
    return redacted, erased


def decide_set_visibility(
    state: Summary, editor: UUID, visibility: Visibility
) -> tuple[SummaryVisibilitySet, ...]:
    """Show or hide; as it is already changes nothing. Errors: Forbidden, Invalid."""
    _check_author(state, editor)
    if visibility is state.visibility:
        return ()
    return (
        SummaryVisibilitySet(
            originator_id=state.id, originator_version=state.version + 1, visibility=visibility
        ),
    )


def decide_retract(state: Summary, editor: UUID, reason: str | None) -> tuple[SummaryRetracted, ...]:
    """Withdraw it for good; twice changes nothing. Errors: Forbidden, Invalid."""
    kept = _short(reason, "reason")
    if state.retracted and policy.is_own(editor, state.author_id):
        return ()
    _check_author(state, editor)
    return (SummaryRetracted(originator_id=state.id, originator_version=state.version + 1, reason=kept),)


def claim_key(secret: bytes, author_id: UUID, paper_id: UUID) -> str:
    """The claim of one summary per user and paper. It does not tell who wrote an anonymous one."""
    return f"summary:{ids.derived_id(secret, b'summary', author_id.bytes, paper_id.bytes)}"


def exists_already(summary_id: UUID) -> ExistsAlready:
    return ExistsAlready(
        "You have a summary of this paper already: revise that one, or retract it first.",
        "summary",
        summary_id,
        path=("input", "paperId"),
    )


def _published(event: SummaryPublished) -> Summary:
    return Summary(
        id=event.originator_id,
        version=event.originator_version,
        paper_id=event.paper_id,
        author_id=event.anonymous_author_id if event.author_id is None else event.author_id,
        visibility=event.visibility,
        revision=1,
        body=event.body,
        anonymous=event.author_id is None,
    )


def _check_author(state: Summary, editor: UUID | None) -> None:
    path = ("input", "summaryId")
    if policy.may_edit_summary(editor, state.author_id, state.retracted):
        return
    if policy.is_own(editor, state.author_id):
        raise Invalid("This summary is retracted and stays as it is: publish a new one.", path=path)
    raise Forbidden("Only its author may change a summary: comment on it, or publish your own.", path=path)


def _check_number(state: Summary, number: int) -> None:
    if not 1 <= number <= state.revision:
        raise NotFound(
            f"There is no revision {number:,}: this summary has revisions 1 to {state.revision:,}.",
            path=("input", "number"),
        )


def _short(value: str | None, name: str) -> str | None:
    return None if value is None else limits.text(value, limits.NOTE, ("input", name), optional=True)
