"""Pages of papers."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from projections.paper import PaperRow, papers_by_id, papers_by_identifier
from projections.reading import Page, Reader
from projections.summary import SummaryOrder, count_of_papers, summaries_of_papers
from service.web import parts
from service.web.layout import NotThere, elsewhere, page, unknown_paper
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.threads import shown

SUMMARIES = 50  # on a paper's page; the API has all of them


async def old_address(conn: Reader, request: Request) -> Response:
    """Where links of texts and of the old site lead: /paper?bibtexKey=KEY."""
    key = request.query_params.get("bibtexKey", "").strip()
    if not key:
        raise NotThere
    [paper_id] = [None] if "\0" in key else await papers_by_identifier(conn, [("BIBTEX", key)])
    return unknown_paper(key) if paper_id is None else elsewhere(f"/papers/{paper_id}")


async def paper_page(conn: Reader, request: Request) -> Response:
    """A paper with its best summaries and their threads."""
    of = await paper_of(conn, request.path_params["id"])
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


async def paper_of(conn: Reader, paper_id: UUID) -> PaperRow:
    """A paper. Errors: NotThere."""
    [found] = await papers_by_id(conn, [paper_id])
    if found is None:
        raise NotThere
    return found


def _abstract(of: PaperRow) -> Html:
    if of.abstract is None:
        return NOTHING
    return fill('<h2>Abstract</h2><p class="abstract">{abstract}</p>', abstract=of.abstract)
