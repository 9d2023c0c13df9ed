"""The history of a summary: every revision, with when, by whom and why, and the votes cast on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.reading import Page
from projections.revision import RevisionRow
from projections.summary import SummaryRow
from schema.context import Operation
from service.web import parts
from service.web.markup import NOTHING, Html, fill, joined, page_part

REVISIONS = 500  # on a summary's page; the API has all of them
NAMELESS = "somebody who is not named"


@dataclass(frozen=True, slots=True)
class Around:
    """What revisions refer to: names of people, notes by payload, and votes (up, down) by number."""

    names: Mapping[UUID, str]
    notes: Mapping[UUID, str]
    votes: Mapping[int, tuple[int, int]]

    def name(self, user_id: UUID | None) -> str:
        """Whom to name."""
        return NAMELESS if user_id is None else self.names.get(user_id, NAMELESS)

    def note(self, payload: UUID | None) -> str | None:
        """What somebody said; None when nothing, or it was erased."""
        return None if payload is None else self.notes.get(payload)


async def history(operation: Operation, of: SummaryRow, as_of: datetime | None) -> Html:
    """The revisions of a summary, the first one first, each with a link; as_of None is now."""
    loaders = operation.loaders_at(as_of)
    some = await loaders.revisions_of_summary.load((of.summary_id, Page(REVISIONS)))
    around = await around_revisions(operation, of.summary_id, some.rows, as_of)
    return page_part(
        "history.html",
        revisions=joined(_revision(row, around) for row in some.rows),
        more=Html("<p>There are more in the API.</p>") if some.has_next else NOTHING,
    )


async def around_revisions(
    operation: Operation, summary_id: UUID, rows: Sequence[RevisionRow], as_of: datetime | None = None
) -> Around:
    """What these revisions of a summary refer to."""
    loaders = operation.loaders
    people = _known(id for row in rows for id in (row.editor_id, row.redacted_by))
    payloads = _known(id for row in rows for id in (row.note_payload, row.redaction_payload))
    users = await loaders.user.load_many(people)
    notes = await loaders.source.load_many(payloads)
    return Around(
        {user.user_id: user.display_name for user in users if user},
        {payload: note for payload, note in zip(payloads, notes, strict=True) if note is not None},
        await loaders.scores_by_revision.load((summary_id, as_of)),
    )


def _known(ids: Iterable[UUID | None]) -> list[UUID]:
    return list(dict.fromkeys(id for id in ids if id is not None))


def _revision(row: RevisionRow, around: Around) -> Html:
    note = around.note(row.note_payload)
    return page_part(
        "history_entry.html",
        number=row.number,
        address=parts.revision_address(row.summary_id, row.number),
        name=around.name(row.editor_id),
        dates=parts.recorded(row.created_at, row.recorded_at),
        note=NOTHING if note is None else f": {note}",
        facts=joined(_facts(row, around), " · "),
    )


def _facts(row: RevisionRow, around: Around) -> Iterable[Html | str]:
    """What became of it, and the votes cast while it was the current one."""
    if row.restored is not None:
        yield fill("has the text of {one} again", one=linked(row.summary_id, row.restored))
    if row.redacted_at is not None:
        yield redaction(row, around)
    if votes := votes_on(row.number, around):
        yield votes
    if row.number > 1 and row.redacted_at is None:
        address = f"/summaries/{row.summary_id}/changes?to={row.number}"
        yield fill('<a href="{address}" rel="nofollow">changes</a>', address=address)


def redaction(row: RevisionRow, around: Around) -> Html:
    """Who had the text erased, when, and why. Errors: ValueError for a text that is there."""
    if row.redacted_at is None:
        raise ValueError(f"revision {row.number} was not redacted")
    return fill(
        '<span class="erased">text erased for good on {at} by <bdi>{name}</bdi></span>, {why}',
        at=parts.when(row.redacted_at),
        name=around.name(row.redacted_by),
        why=_why(around.note(row.redaction_payload)),
    )


def erased(row: RevisionRow, around: Around) -> Html:
    """What is said in place of a text. Erased with its author's account, it was not redacted."""
    if row.redacted_at is None:
        return parts.ERASED
    return page_part("redacted.html", what=redaction(row, around))


def _why(reason: str | None) -> Html:
    return Html("without a reason") if not reason else fill("because: <bdi>{reason}</bdi>", reason=reason)


def votes_on(number: int, around: Around) -> str:
    """The votes in force that were cast while it was the current one; empty without any."""
    up, down = around.votes.get(number, (0, 0))
    return f"votes cast on it: {up} up, {down} down" if up or down else ""


def linked(summary_id: UUID, number: int) -> Html:
    """A link to a revision, with its name."""
    address = parts.revision_address(summary_id, number)
    return fill('<a href="{address}">revision {number}</a>', address=address, number=number)
