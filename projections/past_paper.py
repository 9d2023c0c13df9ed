"""Which papers were there at a time: registered by then, or with a summary that claims a date up to it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from projections.paper import PaperRow, paper_row
from projections.reading import Reader, in_order

# The summaries are those of lists, and the viewer's own: no other one may show that it was there.
_THERE = """
SELECT p.* FROM read.paper p
 WHERE p.paper_id = ANY($1::uuid[])
   AND (p.created_at <= $2::timestamptz OR EXISTS (
        SELECT FROM read.summary s
         CROSS JOIN LATERAL (
               SELECT v.visibility FROM read.summary_visibility v
                WHERE v.summary_id = s.summary_id AND v.at <= $2 ORDER BY v.position DESC LIMIT 1) v
         WHERE s.paper_id = p.paper_id AND s.created_at <= $2
           AND (s.listed AND v.visibility = 'PUBLIC' OR s.author_id = $3::uuid)))
"""


async def papers_by_id(
    conn: Reader, ids: Sequence[UUID], as_of: datetime, viewer: UUID | None
) -> list[PaperRow | None]:
    """As `paper.papers_by_id`, for papers that the viewer might see then.

    Shape:  result[i] belongs to ids[i]; None for an unknown id and for a later one.
    Source: read.paper; read.summary and summary_visibility, for those that were registered later.
    """
    records = await conn.fetch(_THERE, ids, as_of, viewer)
    return in_order(ids, ((record["paper_id"], paper_row(record)) for record in records))
