"""Pages for people: server-rendered, without scripts, as a visitor sees them."""

import re
from collections.abc import Awaitable, Callable
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from projections import paper, progress
from projections.feed import count_latest, latest
from projections.paper import PaperRow
from projections.reading import Page, Reader
from projections.revision import RevisionRow, revisions_by_number
from projections.summary import (
    SummaryOrder,
    SummaryRow,
    count_of_papers,
    summaries_by_id,
    summaries_of_papers,
)
from projections.text import sources_by_payload, texts_by_payload
from projections.user import users_by_id
from schema.reading import ReadSession
from service.web import parts
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.threads import contents, shown

LATEST = 10
SUMMARIES = 50  # on a paper's page; the API has all of them
NUMBER = re.compile("[1-9][0-9]{0,8}")

Show = Callable[[Reader, Request], Awaitable[Response]]


class NotThere(Exception):
    """There is no such page, or a visitor may not see it: both look the same."""


def page_routes(pool: asyncpg.Pool, sdl: str) -> list[Route]:
    """The addresses of all pages."""
    shows: dict[str, Show] = {
        "/": home,
        "/paper": old_address,
        "/papers/{id:uuid}": paper_page,
        "/summaries/{id:uuid}": summary_page,
        "/summaries/{id:uuid}/revisions/{number}": revision_page,
    }

    async def schema_page(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    routes = [Route(path, _in_one_snapshot(pool, show)) for path, show in shows.items()]
    return [*routes, Route("/schema.graphql", schema_page)]


def not_found() -> HTMLResponse:
    """The page of an address that leads nowhere."""
    return notice(
        404,
        "There is nothing here",
        "Perhaps the address has a typo, or its author took the text back. The latest summaries may have "
        "something for you all the same.",
    )


def notice(status: int, heading: str, text: str) -> HTMLResponse:
    """A page that only says something."""
    return page(heading, page_part("notice.html", heading=heading, text=text), status=status)


def page(title: str, main: Html, *, head: Html = NOTHING, status: int = 200) -> HTMLResponse:
    """A whole page around its main part. No cache keeps it unasked: texts change and can be erased."""
    whole = page_part("layout.html", title=title, main=main, head=head)
    return HTMLResponse(whole, status, {"Cache-Control": "no-cache"})


async def home(conn: Reader, _request: Request) -> Response:
    """What this is, and the latest summaries."""
    rows = (await latest(conn, Page(LATEST))).rows
    main = page_part(
        "home.html",
        papers=f"{await paper.count_papers(conn):,}",
        summaries=f"{await count_latest(conn):,}",
        position=f"{await progress.position(conn):,}",
        latest=await _teasers(conn, rows),
    )
    return page("ShortScience: papers, explained by people who read them", main)


async def _teasers(conn: Reader, rows: list[SummaryRow]) -> Html:
    if not rows:
        return Html("<p>There are none yet: the first one could be yours.</p>")
    found = await paper.papers_by_id(conn, [row.paper_id for row in rows])
    around = await contents(conn, rows)
    pairs = zip(rows, found, strict=True)
    items = joined(parts.teaser(row, of, around) for row, of in pairs if of is not None)
    return fill('<ol class="teasers">{items}</ol>', items=items)


async def old_address(conn: Reader, request: Request) -> Response:
    """Where links of texts and of the old site lead: /paper?bibtexKey=KEY."""
    key = request.query_params.get("bibtexKey", "").strip()
    if not key or "\0" in key:
        raise NotThere
    [paper_id] = await paper.papers_by_identifier(conn, [("BIBTEX", key)])
    if paper_id is None:
        raise NotThere
    return RedirectResponse(f"/papers/{paper_id}", 301)


async def paper_page(conn: Reader, request: Request) -> Response:
    """A paper with its best summaries and their threads."""
    of = await _paper(conn, request.path_params["id"])
    [some] = await summaries_of_papers(conn, [of.paper_id], Page(SUMMARIES), SummaryOrder.TOP)
    [count] = await count_of_papers(conn, [of.paper_id])
    summaries, around = await shown(conn, some.rows)
    heading = parts.plural(count, "summary", "summaries") if count else "Nobody has summarised it yet"
    main = page_part(
        "paper.html",
        title=of.title,
        authors=parts.authors(of.authors),
        facts=parts.facts(of),
        abstract=_abstract(of),
        links=parts.links(of),
        heading=heading + (f", the best {SUMMARIES}" if some.has_next else ""),
        summaries=joined(parts.summary(one, around) for one in summaries),
    )
    return page(of.title, main)


async def summary_page(conn: Reader, request: Request) -> Response:
    """The permalink of a summary; of one that is not listed, this is the only address."""
    row = await _summary(conn, request)
    of = await _paper(conn, row.paper_id)
    [one], around = await shown(conn, [row])
    summary = parts.summary(one, around)
    main = page_part("one_summary.html", paper=of.paper_id, title=of.title, summary=summary)
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
    of = await _paper(conn, row.paper_id)
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
    return editor.display_name if editor else "somebody who is not named"


async def _paper(conn: Reader, paper_id: UUID) -> PaperRow:
    [found] = await paper.papers_by_id(conn, [paper_id])
    if found is None:
        raise NotThere
    return found


async def _summary(conn: Reader, request: Request) -> SummaryRow:
    [found] = await summaries_by_id(conn, [request.path_params["id"]], None)
    if found is None:
        raise NotThere
    return found


def _abstract(of: PaperRow) -> Html:
    if of.abstract is None:
        return NOTHING
    return fill('<h2>Abstract</h2><p class="abstract">{abstract}</p>', abstract=of.abstract)


def _robots(row: SummaryRow) -> Html:
    """What is not listed here is not to be listed elsewhere."""
    return NOTHING if row.listed else Html('<meta name="robots" content="noindex">\n')


def _in_one_snapshot(pool: asyncpg.Pool, show: Show) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = ReadSession(pool)
        try:
            return await show(session, request)
        except NotThere:
            return not_found()
        finally:
            await session.close()

    return endpoint
