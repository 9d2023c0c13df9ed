"""The history of a summary: every revision, with when, by whom and why."""

from collections.abc import Sequence
from uuid import UUID

from projections.reading import Page, Reader
from projections.revision import RevisionRow, revisions_of
from projections.text import sources_by_payload
from projections.user import users_by_id
from service.web import parts
from service.web.markup import NOTHING, Html, joined, page_part

REVISIONS = 500  # on a summary's page; the API has all of them
NAMELESS = "somebody who is not named"


async def history(conn: Reader, summary_id: UUID) -> Html:
    """The revisions of a summary, the first one first, each with a link."""
    [some] = await revisions_of(conn, [summary_id], Page(REVISIONS))
    names, notes = await _names(conn, some.rows), await _notes(conn, some.rows)
    return page_part(
        "history.html",
        revisions=joined(_revision(row, names, notes) for row in some.rows),
        more=Html("<p>There are more in the API.</p>") if some.has_next else NOTHING,
    )


def _revision(row: RevisionRow, names: dict[UUID, str], notes: dict[UUID, str]) -> Html:
    note = notes.get(row.note_payload) if row.note_payload else None
    return page_part(
        "history_entry.html",
        summary=row.summary_id,
        number=row.number,
        name=names.get(row.editor_id, NAMELESS) if row.editor_id else NAMELESS,
        dates=parts.recorded(row.created_at, row.recorded_at),
        note=NOTHING if note is None else f": {note}",
    )


async def _names(conn: Reader, rows: Sequence[RevisionRow]) -> dict[UUID, str]:
    editors = list({row.editor_id for row in rows if row.editor_id})
    return {user.user_id: user.display_name for user in await users_by_id(conn, editors) if user}


async def _notes(conn: Reader, rows: Sequence[RevisionRow]) -> dict[UUID, str]:
    payloads = [row.note_payload for row in rows if row.note_payload]
    notes = await sources_by_payload(conn, payloads)
    return {payload: note for payload, note in zip(payloads, notes, strict=True) if note is not None}
