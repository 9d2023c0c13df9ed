"""Summaries, as they are read; `summary_writer` writes them.

Lists and counts hold what is public, for everyone; only a user's own page shows its owner everything.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from projections.revision import RevisionRow as RevisionRow
from projections.revision import revisions_by_number as revisions_by_number
from projections.revision import revisions_of as revisions_of
from service.domain.events import Visibility
from service.domain.policy import may_see_summary


class SummaryRow(Struct, frozen=True):
    """The text is at body_payload; net is up - down; for top, hot and controversial see `score`.

    author_id says whose own it is. Of an anonymous summary it is to be shown to nobody: show
    `named_author_id`. It is None when who wrote it was erased.
    """

    summary_id: UUID
    paper_id: UUID
    author_id: UUID | None
    anonymous: bool
    author_payload: UUID | None
    visibility: str
    retracted_at: datetime | None
    revision_number: int
    body_payload: UUID
    up: int
    down: int
    net: int
    top: float
    hot: float
    controversial: float
    comment_count: int
    created_at: datetime
    updated_at: datetime
    listed: bool

    @property
    def named_author_id(self) -> UUID | None:
        """Who is shown as its author; None for an anonymous one, whoever looks."""
        return None if self.anonymous else self.author_id

    @property
    def readable(self) -> bool:
        """Whether everybody can read it who knows its address."""
        return may_see_summary(None, None, Visibility(self.visibility), self.withdrawn)

    @property
    def withdrawn(self) -> bool:
        """Whether its author has retracted it."""
        return self.retracted_at is not None

    def key(self, order: "SummaryOrder") -> tuple[Any, ...]:
        """Its place in a list of this order."""
        match order:
            case SummaryOrder.TOP:
                return (self.top, self.summary_id)
            case SummaryOrder.LATEST:
                return (self.updated_at, self.summary_id)
            case SummaryOrder.OLDEST:
                return (self.created_at, self.summary_id)


class SummaryOrder(StrEnum):
    """Best first; latest change of the text first; first published first."""

    TOP = "TOP"
    LATEST = "LATEST"
    OLDEST = "OLDEST"


summary_row = row_maker(SummaryRow)

# The same as `is_visible` for a row s, and what lists show: for statements that cut pages.
_OWN = "coalesce(s.author_id = {viewer}::uuid, false)"
VISIBLE = f"({_OWN} OR s.retracted_at IS NULL AND s.visibility IN ('PUBLIC', 'UNLISTED'))"
LISTED_OR_OWN = f"({_OWN} OR s.listed)"

_OF_PAPERS = {
    SummaryOrder.TOP: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.top, s.summary_id)
                    < (coalesce($2::float8, 'infinity'), $3::uuid)
                ORDER BY s.top DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.top DESC, s.summary_id DESC
        """,
    SummaryOrder.LATEST: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.updated_at, s.summary_id)
                    < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
                ORDER BY s.updated_at DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.updated_at DESC, s.summary_id DESC
        """,
    SummaryOrder.OLDEST: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.created_at, s.summary_id)
                    > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
                ORDER BY s.created_at, s.summary_id LIMIT $4) s
         ORDER BY i.n, s.created_at, s.summary_id
        """,
}


async def summaries_by_id(conn: Reader, ids: Sequence[UUID], viewer: UUID | None) -> list[SummaryRow | None]:
    """Summaries by address, as far as the viewer may see them.

    Shape:  result[i] belongs to ids[i]; None for an unknown id and for what the viewer may not see.
    Source: read.summary, built from the events of summaries, their comments and votes.
    """
    records = await conn.fetch("SELECT * FROM read.summary WHERE summary_id = ANY($1::uuid[])", ids)
    rows = [summary_row(record) for record in records]
    return in_order(ids, ((row.summary_id, row) for row in rows if is_visible(row, viewer)))


def is_visible(row: SummaryRow, viewer: UUID | None) -> bool:
    """Whether the viewer may see it by address."""
    visibility = Visibility(row.visibility)
    return may_see_summary(viewer, row.author_id, visibility, row.retracted_at is not None)


async def summaries_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], page: Page, order: SummaryOrder
) -> list[Slice[SummaryRow]]:
    """Listed summaries of each paper.

    Shape:  result[i] belongs to paper_ids[i]; page.after is row.key(order).
    Source: read.summary.
    """
    records = await conn.fetch(_OF_PAPERS[order], paper_ids, *page.key(None, ANY), page.first + 1)
    return slices(len(paper_ids), page.first, records, summary_row)


async def count_of_papers(conn: Reader, paper_ids: Sequence[UUID]) -> list[int]:
    """How many listed summaries each paper has. Source: read.summary."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.summary s ON s.paper_id = i.id AND s.listed
         GROUP BY i.n
        """,
        paper_ids,
    )
    return counts(len(paper_ids), records)


async def own_summary_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], viewer: UUID
) -> list[SummaryRow | None]:
    """The viewer's own summary of each paper, whatever its visibility, also anonymous, unless retracted.

    Shape:  result[i] belongs to paper_ids[i]; of several, the one changed last.
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT DISTINCT ON (paper_id) * FROM read.summary
         WHERE author_id = $2 AND paper_id = ANY($1::uuid[]) AND retracted_at IS NULL
         ORDER BY paper_id, updated_at DESC, summary_id DESC
        """,
        paper_ids,
        viewer,
    )
    return in_order(paper_ids, ((record["paper_id"], summary_row(record)) for record in records))


async def summaries_of_users(
    conn: Reader, user_ids: Sequence[UUID], page: Page, viewer: UUID | None
) -> list[Slice[SummaryRow]]:
    """Each user's summaries, the latest change of text first; the viewer's own: all of them.

    Anonymous ones are among them for their author only.

    Shape:  result[i] belongs to user_ids[i]; page.after is row.key(SummaryOrder.LATEST).
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.author_id = i.id AND (s.listed AND NOT s.anonymous OR s.author_id = $5::uuid)
                  AND (s.updated_at, s.summary_id)
                    < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
                ORDER BY s.updated_at DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.updated_at DESC, s.summary_id DESC
        """,
        user_ids,
        *page.key(None, ANY),
        page.first + 1,
        viewer,
    )
    return slices(len(user_ids), page.first, records, summary_row)


async def count_of_users(conn: Reader, user_ids: Sequence[UUID], viewer: UUID | None) -> list[int]:
    """How many summaries `summaries_of_users` has of each user. Source: read.summary."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.summary s ON s.author_id = i.id
           AND (s.listed AND NOT s.anonymous OR s.author_id = $2::uuid)
         GROUP BY i.n
        """,
        user_ids,
        viewer,
    )
    return counts(len(user_ids), records)
