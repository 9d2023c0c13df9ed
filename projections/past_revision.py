"""The revisions that a summary had at a time: those with a date up to it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from projections.reading import Page, Reader, Slice, counts, row_maker, slices
from projections.revision import RevisionRow, revisions_by_number

_revision = row_maker(RevisionRow)


async def revisions_of(
    conn: Reader, summary_ids: Sequence[UUID], page: Page, as_of: datetime
) -> list[Slice[RevisionRow]]:
    """As `revision.revisions_of`; where dates run backwards, numbers have gaps. Source: read.revision."""
    records = await conn.fetch(
        """
        SELECT i.n, r.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.revision r
                WHERE r.summary_id = i.id AND r.number > $2::int AND r.created_at <= $4::timestamptz
                ORDER BY r.number LIMIT $3) r
         ORDER BY i.n, r.number
        """,
        summary_ids,
        *page.key(0),
        page.first + 1,
        as_of,
    )
    return slices(len(summary_ids), page.first, records, _revision)


async def count_of_revisions(conn: Reader, summary_ids: Sequence[UUID], as_of: datetime) -> list[int]:
    """How many revisions `revisions_of` has of each. Source: read.revision."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.revision r ON r.summary_id = i.id AND r.created_at <= $2::timestamptz
         GROUP BY i.n
        """,
        summary_ids,
        as_of,
    )
    return counts(len(summary_ids), records)


async def by_number(
    conn: Reader, numbers: Sequence[tuple[UUID, int]], as_of: datetime
) -> list[RevisionRow | None]:
    """As `revision.revisions_by_number`; None for a later one. Source: read.revision."""
    found = await revisions_by_number(conn, numbers)
    return [row if row is not None and row.created_at <= as_of else None for row in found]
