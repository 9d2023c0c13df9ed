"""Summaries and their revisions.

Lists and counts hold what is public, for everyone; only a user's own page shows its owner everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from service.domain.events import Visibility
from service.domain.policy import may_see_summary


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """The text is at body_payload; net is up - down, top the lower bound of the 95 % Wilson interval."""

    summary_id: UUID
    paper_id: UUID
    author_id: UUID
    visibility: str
    retracted_at: datetime | None
    revision_number: int
    body_payload: UUID
    up: int
    down: int
    net: int
    top: float
    comment_count: int
    created_at: datetime
    updated_at: datetime
    listed: bool

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


@dataclass(frozen=True, slots=True)
class RevisionRow:
    summary_id: UUID
    number: int
    editor_id: UUID | None
    body_payload: UUID
    note_payload: UUID | None
    created_at: datetime
    recorded_at: datetime
    position: int

    def key(self) -> tuple[int]:
        """Its place among the summary's revisions."""
        return (self.number,)


summary_row = row_maker(SummaryRow)
_revision = row_maker(RevisionRow)

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
    """The viewer's own summary of each paper, whatever its visibility, unless retracted.

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

    Shape:  result[i] belongs to user_ids[i]; page.after is row.key(SummaryOrder.LATEST).
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.author_id = i.id AND (s.listed OR s.author_id = $5::uuid)
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
          JOIN read.summary s ON s.author_id = i.id AND (s.listed OR s.author_id = $2::uuid)
         GROUP BY i.n
        """,
        user_ids,
        viewer,
    )
    return counts(len(user_ids), records)


async def revisions_of(conn: Reader, summary_ids: Sequence[UUID], page: Page) -> list[Slice[RevisionRow]]:
    """Each summary's revisions, the first one first. Who may see the summary may see them.

    Shape:  result[i] belongs to summary_ids[i]; page.after is row.key().
    Units:  created_at is the claimed time, recorded_at the log's, both UTC.
    Source: read.revision, built from SummaryPublished and SummaryRevised.
    """
    records = await conn.fetch(
        """
        SELECT i.n, r.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.revision r
                WHERE r.summary_id = i.id AND r.number > $2::int
                ORDER BY r.number LIMIT $3) r
         ORDER BY i.n, r.number
        """,
        summary_ids,
        *page.key(0),
        page.first + 1,
    )
    return slices(len(summary_ids), page.first, records, _revision)


async def revisions_by_number(conn: Reader, numbers: Sequence[tuple[UUID, int]]) -> list[RevisionRow | None]:
    """Single revisions by (summary_id, number).

    Shape:  result[i] belongs to numbers[i]; None where there is none.
    Source: read.revision.
    """
    records = await conn.fetch(
        """
        SELECT r.* FROM unnest($1::uuid[], $2::int[]) AS i(summary_id, number)
          JOIN read.revision r USING (summary_id, number)
        """,
        [summary_id for summary_id, _ in numbers],
        [number for _, number in numbers],
    )
    rows = [_revision(record) for record in records]
    return in_order(numbers, (((row.summary_id, row.number), row) for row in rows))
