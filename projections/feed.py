"""The feeds: listed summaries of all papers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from projections.papers import PaperFilter
from projections.reading import ANY, Page, Reader, Slice, slices
from projections.summary import SummaryRow, summary_row


class FeedKind(StrEnum):
    """Which summaries, and in which order; the id decides between equal ones.

    LATEST: without a negative score; the latest change of the text first.
    TOP: all; the best first, as `score.wilson_lower_bound` judges.
    HOT: all; by `score.hot`.
    CONTROVERSIAL: those with votes of both kinds; by `score.controversial`.
    """

    LATEST = "LATEST"
    TOP = "TOP"
    HOT = "HOT"
    CONTROVERSIAL = "CONTROVERSIAL"


@dataclass(frozen=True, slots=True)
class FeedFilter:
    """Summaries that are all of what is given: of such papers (see PaperFilter), by such a user, of a paper.

    username is found in any case, and never finds what they wrote anonymously.
    """

    venue_key: str | None = None
    year: int | None = None
    keyword: str | None = None
    username: str | None = None
    paper_id: UUID | None = None


KINDS = {  # the column, its type, and which summaries: each as an index has it
    FeedKind.LATEST: ("updated_at", "timestamptz", "s.listed AND s.net >= 0"),
    FeedKind.TOP: ("top", "float8", "s.listed"),
    FeedKind.HOT: ("hot", "float8", "s.listed"),
    FeedKind.CONTROVERSIAL: ("controversial", "float8", "s.listed AND s.controversial > 0"),
}
_AUTHOR = """
    NOT s.anonymous
    AND s.author_id = (SELECT u.user_id FROM read."user" u WHERE u.folded_username = ${}::text)
"""
_PAPER = "s.paper_id = ${}::uuid"


def feed_key(row: SummaryRow, kind: FeedKind) -> tuple[Any, ...]:
    """Its place in this feed: (time, id) in LATEST, else (number, id)."""
    return (getattr(row, KINDS[kind][0]), row.summary_id)


async def feed(conn: Reader, kind: FeedKind, page: Page, filter: FeedFilter) -> Slice[SummaryRow]:
    """A page of a feed.

    Shape:  page.after is feed_key(row, kind).
    Source: read.summary, read.paper.
    """
    column, type_, _ = KINDS[kind]
    tables, where, values = selected(kind, filter, 4)
    records = await conn.fetch(
        f"""
        SELECT 1 AS n, s.* FROM {tables}
         WHERE {where} AND (s.{column}, s.summary_id) < (coalesce($1::{type_}, 'infinity'), $2::uuid)
         ORDER BY s.{column} DESC, s.summary_id DESC LIMIT $3
        """,  # noqa: S608 (ours)
        *page.key(None, ANY),
        page.first + 1,
        *values,
    )
    return slices(1, page.first, records, summary_row)[0]


async def count_feed(conn: Reader, kind: FeedKind, filter: FeedFilter) -> int:
    """How many summaries `feed` has in all. Source: read.summary, read.paper."""
    tables, where, values = selected(kind, filter, 1)
    [record] = await conn.fetch(f"SELECT count(*) FROM {tables} WHERE {where}", *values)  # noqa: S608 (ours)
    return int(record["count"])


async def latest(conn: Reader, page: Page) -> Slice[SummaryRow]:
    """The feed LATEST without a filter. Shape: page.after is row.key(SummaryOrder.LATEST)."""
    return await feed(conn, FeedKind.LATEST, page, FeedFilter())


async def count_latest(conn: Reader) -> int:
    """How many summaries `latest` has in all."""
    return await count_feed(conn, FeedKind.LATEST, FeedFilter())


def selected(kind: FeedKind, filter: FeedFilter, at: int) -> tuple[str, str, list[Any]]:
    """Tables, of which s is the summary's, conditions, and their arguments, the first of which is $at."""
    of_papers = PaperFilter(filter.venue_key, filter.year, filter.keyword)
    table, conditions, values = of_papers.selected(at)
    tables = f"read.summary s JOIN {table} USING (paper_id)" if values else "read.summary s"
    username = None if filter.username is None else filter.username.casefold()
    for condition, value in ((_AUTHOR, username), (_PAPER, filter.paper_id)):
        if value is not None:
            conditions.append(condition.format(at + len(values)))
            values.append(value)
    return tables, " AND ".join([KINDS[kind][2], *conditions]), values
