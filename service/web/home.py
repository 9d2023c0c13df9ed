"""The first page: what this is, and the latest summaries."""

from starlette.requests import Request
from starlette.responses import Response

from projections import paper, progress
from projections.feed import latest
from projections.reading import Page, Reader
from projections.statistics import statistics
from projections.summary import SummaryRow
from service.web import parts
from service.web.layout import feed_link, page
from service.web.markup import Html, fill, joined, page_part
from service.web.threads import contents

LATEST = 10


async def home(conn: Reader, _request: Request) -> Response:
    """What this is, and the latest summaries."""
    rows = (await latest(conn, Page(LATEST))).rows
    counted = await statistics(conn)
    main = page_part(
        "home.html",
        papers=f"{counted.paper_count:,}",
        summaries=f"{counted.public_summary_count:,}",
        position=f"{await progress.position(conn):,}",
        latest=await _teasers(conn, rows),
    )
    head = feed_link("latest", "Latest summaries")
    return page("ShortScience: papers, explained by people who read them", main, head=head)


async def _teasers(conn: Reader, rows: list[SummaryRow]) -> Html:
    if not rows:
        return Html("<p>There are none yet: the first one could be yours.</p>")
    found = await paper.papers_by_id(conn, [row.paper_id for row in rows])
    around = await contents(conn, rows)
    pairs = zip(rows, found, strict=True)
    items = joined(parts.teaser(row, of, around) for row, of in pairs if of is not None)
    return fill('<ol class="teasers">{items}</ol>', items=items)
