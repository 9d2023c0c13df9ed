"""Pages of summaries."""

import re

from starlette.requests import Request
from starlette.responses import Response

from projections.revision import RevisionRow
from projections.summary import SummaryRow
from projections.tree_reader import latest_checkpoint
from schema.context import Operation
from service.web import parts
from service.web.history import history
from service.web.layout import NotThere, not_yet, page
from service.web.markup import NOTHING, Html, fill, page_part
from service.web.paper import paper_of
from service.web.past import Then, asked_time, banner, query_of, time_of
from service.web.threads import shown

NUMBER = re.compile("[1-9][0-9]{0,8}")


async def summary_page(operation: Operation, request: Request) -> Response:
    """The permalink of a summary, now or as it stood; of one that is not listed, this is the only address."""
    now = operation.tools.clock()
    then = asked_time(request, now)
    today = await summary_of(operation, request)
    row = await operation.loaders_at(time_of(then)).summary.load(today.summary_id)
    if row is None:
        return not_yet(f"/summaries/{today.summary_id}")
    return await _page(operation, row, then, listed=today.listed)


async def _page(operation: Operation, row: SummaryRow, then: Then | None, *, listed: bool) -> Response:
    conn, address, now = operation.session, f"/summaries/{row.summary_id}", operation.tools.clock()
    of = await paper_of(conn, row.paper_id)
    [one], around = await shown(conn, [row], time_of(then))
    choice = banner(then, address, row.created_at, now)
    main = page_part(
        "one_summary.html",
        then=choice if then else NOTHING,
        paper=f"/papers/{of.paper_id}{query_of(then)}",
        title=of.title,
        summary=parts.summary(one, around, query_of(then)),
        history=await history(operation, row, time_of(then)),
        ways=_ways(row, listed=listed),
        sealed=await _sealed(operation),
        days=NOTHING if then else choice,
    )
    head = parts.robots(listed and then is None)
    return page(f"Summary of “{of.title}”", main, head=head, licence=operation.tools.licence)


def _ways(row: SummaryRow, *, listed: bool) -> Html:
    """Where to ask more about its history. Only what is listed can be downloaded."""
    file = fill(
        '<li><a href="/summaries/{id}/events.jsonl.gz" rel="nofollow">Its part of the log</a>, to check</li>',
        id=row.summary_id,
    )
    return page_part(
        "ways.html",
        summary=row.summary_id,
        number=row.revision_number,
        file=file if listed else NOTHING,
    )


async def _sealed(operation: Operation) -> Html:
    checkpoint = await latest_checkpoint(operation.session, operation.tools.witnesses)
    if checkpoint is None:
        return NOTHING
    return page_part("sealed.html", size=f"{checkpoint.size:,}", at=parts.when(checkpoint.signed_at))


async def summary_of(operation: Operation, request: Request) -> SummaryRow:
    """The summary of an address, as it is today. Errors: NotThere, also when a visitor may not see it."""
    found: SummaryRow | None = await operation.loaders.summary.load(request.path_params["id"])
    if found is None:
        raise NotThere
    return found


async def revision_of(operation: Operation, row: SummaryRow, number: str) -> RevisionRow:
    """One of its versions, of which a redacted one keeps its place. Errors: NotThere."""
    if not NUMBER.fullmatch(number):
        raise NotThere
    found: RevisionRow | None = await operation.loaders.revision.load((row.summary_id, int(number)))
    if found is None:
        raise NotThere
    return found
