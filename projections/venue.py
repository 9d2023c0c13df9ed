"""Venues and their editions.

A venue is what papers with the same venue key, exactly, have in common. It is called as the paper
registered last calls it, of those that say; else by its key. Papers without a year are in no edition.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

from msgspec import Struct

from projections.paper import PaperRow, paper_row
from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from projections.summary_writer import PaperChange
from projections.writing import Writer
from service.domain.events import PaperRegistered
from service.eventstore.model import Recorded


class VenueRow(Struct, frozen=True):
    """paper_count is of all its papers, with and without a year."""

    venue_key: str
    name: str
    paper_count: int

    def key(self) -> tuple[str]:
        """Its place in the list of venues."""
        return (self.venue_key,)


class EditionRow(Struct, frozen=True):
    """summary_count is of listed summaries."""

    year: int
    paper_count: int
    summary_count: int


_venue = row_maker(VenueRow)
_edition = row_maker(EditionRow)


async def venues_by_key(conn: Reader, keys: Sequence[str]) -> list[VenueRow | None]:
    """Venues by their exact keys.

    Shape:  result[i] belongs to keys[i]; None when no paper has it.
    Source: read.venue, built from PaperRegistered.
    """
    records = await conn.fetch(
        """
        SELECT venue_key, coalesce(name, venue_key) AS name, paper_count
          FROM read.venue WHERE venue_key = ANY($1::text[])
        """,
        keys,
    )
    return in_order(keys, ((record["venue_key"], _venue(record)) for record in records))


async def venues(conn: Reader, page: Page) -> Slice[VenueRow]:
    """All venues by key, in the order of code points.

    Shape:  page.after is row.key().
    Source: read.venue.
    """
    records = await conn.fetch(
        """
        SELECT 1 AS n, venue_key, coalesce(name, venue_key) AS name, paper_count
          FROM read.venue WHERE venue_key > $1::text ORDER BY venue_key LIMIT $2
        """,
        *page.key(""),
        page.first + 1,
    )
    return slices(1, page.first, records, _venue)[0]


async def count_venues(conn: Reader) -> int:
    """How many venues there are. Source: read.venue."""
    [record] = await conn.fetch("SELECT count(*) FROM read.venue")
    return int(record["count"])


async def editions_of(conn: Reader, venue_keys: Sequence[str]) -> list[list[EditionRow]]:
    """Each venue's editions, the newest first.

    Shape:  result[i] belongs to venue_keys[i]; empty for an unknown one.
    Source: read.edition, built from PaperRegistered and the events of summaries.
    """
    records = await conn.fetch(
        "SELECT * FROM read.edition WHERE venue_key = ANY($1::text[]) ORDER BY venue_key, year DESC",
        venue_keys,
    )
    by_venue: dict[str, list[EditionRow]] = {key: [] for key in venue_keys}
    for record in records:
        by_venue[record["venue_key"]].append(_edition(record))
    return [by_venue[key] for key in venue_keys]


async def papers_of_venues(
    conn: Reader, venue_keys: Sequence[str], page: Page, year: int | None = None
) -> list[Slice[PaperRow]]:
    """Each venue's papers, those of the newest year first and those without a year last; or of one year.

    Shape:  result[i] belongs to venue_keys[i]; page.after is row.key(PaperOrder.YEAR).
    Source: read.paper.
    """
    records = await conn.fetch(
        """
        SELECT i.n, p.*
          FROM unnest($1::text[]) WITH ORDINALITY AS i(key, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.paper p
                WHERE p.venue_key = i.key AND ($5::int IS NULL OR p.year IS NOT NULL)
                  AND coalesce(p.year, 0) BETWEEN coalesce($5::int, 0) AND coalesce($5::int, 2147483647)
                  AND (coalesce(p.year, 0), p.paper_id) < (coalesce($2::int, 2147483647), $3::uuid)
                ORDER BY coalesce(p.year, 0) DESC, p.paper_id DESC LIMIT $4) p
         ORDER BY i.n, coalesce(p.year, 0) DESC, p.paper_id DESC
        """,
        venue_keys,
        *page.key(None, ANY),
        page.first + 1,
        year,
    )
    return slices(len(venue_keys), page.first, records, paper_row)


async def count_of_venues(conn: Reader, venue_keys: Sequence[str], year: int | None = None) -> list[int]:
    """How many papers `papers_of_venues` has of each. Source: read.venue and read.edition."""
    table, condition = ("edition", "AND v.year = $2::int") if year is not None else ("venue", "")
    records = await conn.fetch(
        f"""
        SELECT i.n, v.paper_count AS count
          FROM unnest($1::text[]) WITH ORDINALITY AS i(key, n)
          JOIN read.{table} v ON v.venue_key = i.key {condition}
        """,  # noqa: S608 (ours)
        venue_keys,
        *([] if year is None else [year]),
    )
    return counts(len(venue_keys), records)


async def apply(conn: Writer, events: Sequence[Recorded]) -> None:
    """Write what a batch of papers' events says about venues."""
    names: dict[str, str | None] = {}
    papers: Counter[str] = Counter()
    editions: Counter[tuple[str, int]] = Counter()
    for event in (one.event for one in events if isinstance(one.event, PaperRegistered)):
        if event.venue_key is None:
            continue
        names[event.venue_key] = event.venue_name or names.get(event.venue_key)
        papers[event.venue_key] += 1
        if event.year is not None:
            editions[event.venue_key, event.year] += 1
    if papers:
        await _store_venues(conn, names, papers)
    if editions:
        await _store_editions(conn, editions)


async def count(conn: Writer, changes: Mapping[UUID, PaperChange]) -> None:
    """Write what a batch did to editions' listed summaries."""
    changed = {paper_id: change.summaries for paper_id, change in changes.items() if change.summaries}
    if changed:
        await conn.execute(
            """
            UPDATE edition e SET summary_count = e.summary_count + c.summaries
              FROM (SELECT p.venue_key, p.year, sum(c.summaries)::int AS summaries
                      FROM unnest($1::uuid[], $2::int[]) AS c(paper_id, summaries)
                      JOIN paper p USING (paper_id)
                     GROUP BY p.venue_key, p.year) c
             WHERE e.venue_key = c.venue_key AND e.year = c.year
            """,
            list(changed),
            list(changed.values()),
        )


async def _store_venues(conn: Writer, names: Mapping[str, str | None], papers: Mapping[str, int]) -> None:
    await conn.execute(
        """
        INSERT INTO venue AS v (venue_key, name, paper_count)
        SELECT * FROM unnest($1::text[], $2::text[], $3::int[])
        ON CONFLICT (venue_key) DO UPDATE
           SET name = coalesce(excluded.name, v.name), paper_count = v.paper_count + excluded.paper_count
        """,
        list(papers),
        [names[key] for key in papers],
        list(papers.values()),
    )


async def _store_editions(conn: Writer, editions: Mapping[tuple[str, int], int]) -> None:
    await conn.execute(
        """
        INSERT INTO edition AS e (venue_key, year, paper_count, summary_count)
        SELECT *, 0 FROM unnest($1::text[], $2::int[], $3::int[])
        ON CONFLICT (venue_key, year) DO UPDATE SET paper_count = e.paper_count + excluded.paper_count
        """,
        [key for key, _ in editions],
        [year for _, year in editions],
        list(editions.values()),
    )
