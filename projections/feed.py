"""The feeds: summaries of all papers."""

from projections.reading import ANY, Page, Reader, Slice, slices
from projections.summary import SummaryRow, summary_row


async def latest(conn: Reader, page: Page) -> Slice[SummaryRow]:
    """Listed summaries without a negative score, the latest change of text first.

    Shape:  page.after is row.key(SummaryOrder.LATEST).
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT 1 AS n, s.* FROM read.summary s
         WHERE s.listed AND s.net >= 0
           AND (s.updated_at, s.summary_id)
             < (coalesce($1::timestamptz, 'infinity'), $2::uuid)
         ORDER BY s.updated_at DESC, s.summary_id DESC LIMIT $3
        """,
        *page.key(None, ANY),
        page.first + 1,
    )
    return slices(1, page.first, records, summary_row)[0]


async def count_latest(conn: Reader) -> int:
    """How many summaries `latest` has in all. Source: read.summary."""
    [record] = await conn.fetch("SELECT count(*) FROM read.summary WHERE listed AND net >= 0")
    return int(record["count"])
