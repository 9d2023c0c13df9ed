"""Pages of summaries and their revisions."""

import re
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from projections.reading import Reader
from projections.revision import RevisionRow, revisions_by_number
from projections.summary import SummaryRow, summaries_by_id
from projections.text import sources_by_payload, texts_by_payload
from projections.user import users_by_id
from service.web import parts
from service.web.history import NAMELESS, history
from service.web.layout import NotThere, page
from service.web.markup import NOTHING, Html, fill, page_part
from service.web.paper import paper_of
from service.web.threads import shown

NUMBER = re.compile("[1-9][0-9]{0,8}")


async def summary_page(conn: Reader, request: Request) -> Response:
    """The permalink of a summary; of one that is not listed, this is the only address."""
    row = await _summary(conn, request)
    of = await paper_of(conn, row.paper_id)
    [one], around = await shown(conn, [row])
    summary = parts.summary(one, around)
    main = page_part(
        "one_summary.html",
        paper=of.paper_id,
        title=of.title,
        summary=summary,
        history=await history(conn, row.summary_id),
    )
    return page(f"Summary of “{of.title}”", main, head=_robots(row))


async def revision_page(conn: Reader, request: Request) -> Response:
    """One version of a summary's text."""
    row = await _summary(conn, request)
    number = request.path_params["number"]
    if not NUMBER.fullmatch(number):
        raise NotThere
    [revision] = await revisions_by_number(conn, [(row.summary_id, int(number))])
    if revision is None:
        raise NotThere
    return await _revision(conn, row, revision)


async def _revision(conn: Reader, row: SummaryRow, revision: RevisionRow) -> Response:
    of = await paper_of(conn, row.paper_id)
    [text] = await texts_by_payload(conn, [revision.body_payload])
    main = page_part(
        "revision.html",
        paper=of.paper_id,
        summary=row.summary_id,
        title=of.title,
        number=revision.number,
        count=row.revision_number,
        name=await _editor(conn, revision.editor_id),
        dates=parts.recorded(revision.created_at, revision.recorded_at),
        note=await _note(conn, revision.note_payload),
        turn=parts.turn(row.summary_id, revision.number, row.revision_number),
        body=parts.body(text),
    )
    return page(f"Revision {revision.number}: “{of.title}”", main, head=_robots(row))


async def _note(conn: Reader, payload: UUID | None) -> Html:
    [note] = await sources_by_payload(conn, [payload]) if payload else [None]
    return NOTHING if note is None else fill('<p class="note">{note}</p>', note=note)


async def _editor(conn: Reader, editor_id: UUID | None) -> str:
    [editor] = await users_by_id(conn, [editor_id]) if editor_id else [None]
    return editor.display_name if editor else NAMELESS


async def _summary(conn: Reader, request: Request) -> SummaryRow:
    [found] = await summaries_by_id(conn, [request.path_params["id"]], None)
    if found is None:
        raise NotThere
    return found


def _robots(row: SummaryRow) -> Html:
    """What is not listed here is not to be listed elsewhere."""
    return NOTHING if row.listed else Html('<meta name="robots" content="noindex">\n')
