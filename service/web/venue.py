"""Pages of venues and their years."""

import re

from starlette.requests import Request
from starlette.responses import Response

from projections.paper import PaperRow
from projections.reading import Page, Reader
from projections.venue import (
    EditionRow,
    VenueRow,
    count_of_venues,
    editions_of,
    papers_of_venues,
    venues_by_key,
)
from service.web import parts
from service.web.layout import NotThere, elsewhere, feed_link, page
from service.web.markup import NOTHING, Html, fill, joined, page_part

PAPERS = 100  # on a venue's page; the API has all of them
YEAR = re.compile("[0-9]{1,4}")


async def old_venue_address(conn: Reader, request: Request) -> Response:
    """Where the old site's links lead: /venue?key=KEY&year=YEAR."""
    venue = await _venue(conn, request.query_params.get("key", "").strip())
    return elsewhere(parts.venue_address(venue.venue_key, _year(request)))


async def venue_page(conn: Reader, request: Request) -> Response:
    """A venue with its years, and its papers or those of one year."""
    venue, year = await _venue(conn, request.path_params["key"]), _year(request)
    [editions] = await editions_of(conn, [venue.venue_key])
    if year is not None and year not in {edition.year for edition in editions}:
        raise NotThere
    [some] = await papers_of_venues(conn, [venue.venue_key], Page(PAPERS), year)
    [count] = await count_of_venues(conn, [venue.venue_key], year)
    heading = parts.plural(count, "paper", "papers") + (f" of {year}" if year is not None else "")
    main = page_part(
        "venue.html",
        name=venue.name,
        key=venue.venue_key,
        editions=joined((_edition(venue, edition, year) for edition in editions), " · "),
        heading=heading + (f", the first {PAPERS}" if some.has_next else ""),
        papers=_papers(some.rows),
    )
    title = venue.name + (f" {year}" if year is not None else "")
    feed = feed_link(parts.venue_address(venue.venue_key, year).removeprefix("/"), f"Summaries in {title}")
    return page(title, main, head=feed)


async def _venue(conn: Reader, key: str) -> VenueRow:
    found = (await venues_by_key(conn, [key]))[0] if key and "\0" not in key else None
    if found is None:
        raise NotThere
    return found


def _year(request: Request) -> int | None:
    """None when the address says none. Errors: NotThere for what is no year."""
    given = request.query_params.get("year", "").strip()
    if given and not YEAR.fullmatch(given):
        raise NotThere
    return int(given) if given else None


def _edition(venue: VenueRow, edition: EditionRow, shown: int | None) -> Html:
    here = Html(' aria-current="page"') if edition.year == shown else NOTHING
    return fill(
        '<a href="{address}"{here}>{year}</a>',
        address=parts.venue_address(venue.venue_key, edition.year),
        here=here,
        year=edition.year,
    )


def _papers(rows: list[PaperRow]) -> Html:
    items = joined(_paper(row) for row in rows)
    return fill('<ol class="teasers">{items}</ol>', items=items)


def _paper(row: PaperRow) -> Html:
    facts = [str(row.year) if row.year else "", parts.plural(row.summary_count, "summary", "summaries")]
    return page_part(
        "venue_paper.html",
        paper=row.paper_id,
        title=row.title,
        authors=parts.authors(row.authors),
        facts=joined([fact for fact in facts if fact], " · "),
    )
