"""Lists of papers: all of them, and those of an author."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from projections.paper import PaperOrder, PaperRow, folded_keyword, paper_row
from projections.reading import ANY, Page, Reader, Slice, counts, slices
from projections.statistics import statistics


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """Papers that are all of what is given.

    venue_key is exact; keyword is a whole one, in any case; author is a whole name as it is registered,
    in NFC, letter by letter: names are not people.
    """

    venue_key: str | None = None
    year: int | None = None
    keyword: str | None = None
    author: str | None = None

    def selected(self, at: int) -> tuple[str, list[str], list[Any]]:
        """A table p of papers, conditions on it, and their arguments, the first of which is $at.

        An edition is selected before all else: a plan that took venue and year for independent could
        read every paper to find that there is none.
        """
        conditions, values = self._conditions(at)
        if self.venue_key is None or self.year is None:
            return "read.paper p", conditions, values
        edition, rest = " AND ".join(conditions[:2]), conditions[2:]
        return f"(SELECT p.* FROM read.paper p WHERE {edition} OFFSET 0) p", rest, values  # noqa: S608 (ours)

    def _conditions(self, at: int) -> tuple[list[str], list[Any]]:
        named = (
            ("p.venue_key = ${}::text", self.venue_key),
            ("p.year IS NOT NULL AND coalesce(p.year, 0) = ${}::int", self.year),
            (_KEYWORD, None if self.keyword is None else folded_keyword(spelled(self.keyword))),
            (_AUTHOR, None if self.author is None else spelled(self.author)),
        )
        given = [(sql, value) for sql, value in named if value is not None]
        return [sql.format(n) for n, (sql, _) in enumerate(given, at)], [value for _, value in given]


_KEYWORD = "p.paper_id IN (SELECT k.paper_id FROM read.paper_keyword k WHERE k.keyword = ${}::text)"
_AUTHOR = "p.paper_id IN (SELECT a.paper_id FROM read.paper_author a WHERE a.name = ${}::text)"

_KEYS = {  # what papers are ordered by, as it is indexed, and where the first page begins
    PaperOrder.LATEST_SUMMARY: (
        "coalesce(p.latest_summary_at, '1000-01-01 00:00:00+00')",
        "coalesce($1::timestamptz, 'infinity')",
    ),
    PaperOrder.MOST_SUMMARIES: ("p.summary_count", "coalesce($1::int, 2147483647)"),
    PaperOrder.YEAR: ("coalesce(p.year, 0)", "coalesce($1::int, 2147483647)"),
}


async def papers(conn: Reader, page: Page, order: PaperOrder, filter: PaperFilter) -> Slice[PaperRow]:
    """Papers, also those without summaries.

    Shape:  page.after is row.key(order).
    Source: read.paper, built from PaperRegistered and the events of summaries.
    """
    (key, after), (table, conditions, values) = _KEYS[order], filter.selected(4)
    where = " AND ".join([*conditions, f"({key}, p.paper_id) < ({after}, $2::uuid)"])
    records = await conn.fetch(
        f"SELECT 1 AS n, p.* FROM {table} WHERE {where} ORDER BY {key} DESC, p.paper_id DESC LIMIT $3",  # noqa: S608 (ours)
        *page.key(None, ANY),
        page.first + 1,
        *values,
    )
    return slices(1, page.first, records, paper_row)[0]


async def count_papers(conn: Reader, filter: PaperFilter = PaperFilter()) -> int:
    """How many papers `papers` has in all. Source: read.paper; read.statistics without a filter."""
    if filter == PaperFilter():
        return (await statistics(conn)).paper_count
    table, conditions, values = filter.selected(1)
    where = " AND ".join(conditions or ["true"])
    [record] = await conn.fetch(f"SELECT count(*) FROM {table} WHERE {where}", *values)  # noqa: S608 (ours)
    return int(record["count"])


async def papers_of_authors(conn: Reader, names: Sequence[str], page: Page) -> list[Slice[PaperRow]]:
    """Papers with an author of this name, letter by letter; the newest year first.

    Shape:  result[i] belongs to names[i]; page.after is row.key(PaperOrder.YEAR).
    Source: read.paper_author and read.paper, built from PaperRegistered.
    """
    records = await conn.fetch(
        """
        SELECT i.n, p.*
          FROM unnest($1::text[]) WITH ORDINALITY AS i(name, n)
         CROSS JOIN LATERAL (
               SELECT a.year AS by_year, a.paper_id FROM read.paper_author a
                WHERE a.name = i.name
                  AND (a.year, a.paper_id) < (coalesce($2::int, 2147483647), $3::uuid)
                ORDER BY a.year DESC, a.paper_id DESC LIMIT $4) a
          JOIN read.paper p USING (paper_id)
         ORDER BY i.n, a.by_year DESC, a.paper_id DESC
        """,
        names,
        *page.key(None, ANY),
        page.first + 1,
    )
    return slices(len(names), page.first, records, paper_row)


async def count_of_authors(conn: Reader, names: Sequence[str]) -> list[int]:
    """How many papers `papers_of_authors` has of each. Source: read.paper_author."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::text[]) WITH ORDINALITY AS i(name, n) JOIN read.paper_author a USING (name)
         GROUP BY i.n
        """,
        names,
    )
    return counts(len(names), records)


def spelled(name: str) -> str:
    """As names are registered."""
    return " ".join(unicodedata.normalize("NFC", name).split())
