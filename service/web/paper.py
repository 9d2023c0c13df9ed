"""Pages of papers."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from projections.paper import PaperRow, papers_by_id, papers_by_identifier
from projections.reading import Page, Reader
from projections.summary import SummaryOrder
from schema.context import Operation
from service.web import parts
from service.web.layout import NotThere, elsewhere, feed_link, not_yet, page, unknown_paper
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.past import Then, asked_time, banner, query_of, time_of
from service.web.threads import shown

SUMMARIES = 50  # on a paper's page; the API has all of them


async def old_address(conn: Reader, request: Request) -> Response:
    """Where links of texts and of the old site lead: /paper?bibtexKey=KEY."""
    key = request.query_params.get("bibtexKey", "").strip()
    if not key:
        raise NotThere
    [paper_id] = [None] if "\0" in key else await papers_by_identifier(conn, [("BIBTEX", key)])
    return unknown_paper(key) if paper_id is None else elsewhere(f"/papers/{paper_id}")


async def paper_page(operation: Operation, request: Request) -> Response:
    """A paper with its best summaries and their threads, now or as it stood."""
    now = operation.tools.clock()
    then = asked_time(request, now)
    of = await paper_of(operation.session, request.path_params["id"])
    if then is not None and of.created_at > then.at:
        return not_yet(f"/papers/{of.paper_id}")
    heading, summaries = await _summaries(operation, of, then)
    main = page_part(
        "paper.html",
        then=banner(then, f"/papers/{of.paper_id}", of.created_at, now) if then else NOTHING,
        title=of.title,
        authors=parts.authors(of.authors),
        facts=parts.facts(of),
        abstract=_abstract(of),
        links=parts.links(of),
        heading=heading,
        summaries=summaries,
        days=NOTHING if then else banner(None, f"/papers/{of.paper_id}", of.created_at, now),
    )
    feed = feed_link(f"papers/{of.paper_id}", "Summaries of this paper")
    head = joined([parts.robots(then is None), feed])
    return page(of.title, main, head=head, licence=operation.tools.licence)


async def _summaries(operation: Operation, of: PaperRow, then: Then | None) -> tuple[str, Html]:
    """How many there are, and the best of them."""
    loaders = operation.loaders_at(time_of(then))
    some = await loaders.summaries_of_paper.load((of.paper_id, Page(SUMMARIES), SummaryOrder.TOP))
    count = await loaders.count_of_paper.load(of.paper_id)
    summaries, around = await shown(operation.session, some.rows, time_of(then))
    none = "Nobody had summarised it yet" if then else "Nobody has summarised it yet"
    heading = parts.plural(count, "summary", "summaries") if count else none
    all_of_them = joined(parts.summary(one, around, query_of(then)) for one in summaries)
    return heading + (f", the best {SUMMARIES}" if some.has_next else ""), all_of_them


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
