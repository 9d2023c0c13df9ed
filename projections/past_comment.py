"""Comments and their threads as they stood at a time. One that is removed today was removed then, too."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from projections import past
from projections.comment import CommentRow, comment_row
from projections.reading import ANY, Page, Reader, Slice, counts, in_order, slices

# Edited is what has another text than the first; of a comment on the page only, so after LIMIT.
_THEN = f"""
SELECT c.n, c.comment_id, c.summary_id, c.parent_id, c.author_id, c.on_revision, t.body_payload, c.removed,
       p.up, p.down, c.created_at, t.edited_at
  FROM found c
 CROSS JOIN LATERAL (
       SELECT t.body_payload,
              CASE WHEN EXISTS (SELECT FROM read.comment_text f
                                 WHERE f.comment_id = t.comment_id AND f.position < t.position)
                   THEN t.at END AS edited_at
         FROM read.comment_text t WHERE t.comment_id = c.comment_id AND t.at <= $1
        ORDER BY t.position DESC LIMIT 1) t
 CROSS JOIN LATERAL ({past.SCORE} c.comment_id) p
 ORDER BY c.n, c.created_at, c.comment_id
"""  # noqa: S608 (ours)

_IN = """
WITH found AS MATERIALIZED (
     SELECT i.n, c.*
       FROM unnest($2::uuid[]) WITH ORDINALITY AS i(id, n)
      CROSS JOIN LATERAL (
            SELECT * FROM read.comment c
             WHERE {is_in} AND c.created_at <= $1::timestamptz
               AND (c.created_at, c.comment_id) > (coalesce($3::timestamptz, '-infinity'), $4::uuid)
             ORDER BY c.created_at, c.comment_id LIMIT $5) c)
"""
_OF_SUMMARIES = "c.summary_id = i.id AND c.parent_id IS NULL"
_OF_COMMENTS = "c.parent_id = i.id"


async def comments_of_summaries(
    conn: Reader, summary_ids: Sequence[UUID], page: Page, as_of: datetime
) -> list[Slice[CommentRow]]:
    """As `comment.comments_of_summaries`. Source: read.comment, read.comment_text, read.score_change."""
    return await _page(conn, _OF_SUMMARIES, summary_ids, page, as_of)


async def replies_of(
    conn: Reader, comment_ids: Sequence[UUID], page: Page, as_of: datetime
) -> list[Slice[CommentRow]]:
    """As `comment.replies_of`. Source: as `comments_of_summaries`."""
    return await _page(conn, _OF_COMMENTS, comment_ids, page, as_of)


async def count_of_summaries(conn: Reader, summary_ids: Sequence[UUID], as_of: datetime) -> list[int]:
    """How many comments `comments_of_summaries` has of each. Source: read.comment."""
    return await _count(conn, _OF_SUMMARIES, summary_ids, as_of)


async def count_of_replies(conn: Reader, comment_ids: Sequence[UUID], as_of: datetime) -> list[int]:
    """How many comments `replies_of` has of each. Source: read.comment."""
    return await _count(conn, _OF_COMMENTS, comment_ids, as_of)


async def comments_by_id(
    conn: Reader, ids: Sequence[UUID], as_of: datetime, viewer: UUID | None
) -> list[CommentRow | None]:
    """Comments by address, as far as the viewer might see the summary that they are on then, and may today.

    Shape:  result[i] belongs to ids[i]; None for an unknown id, for a later one and for a hidden one.
    Source: as `comments_of_summaries`, and that of `past.summaries_by_id`.
    """
    found = """
    WITH found AS MATERIALIZED (
         SELECT 1 AS n, c.* FROM read.comment c
          WHERE c.comment_id = ANY($2::uuid[]) AND c.created_at <= $1::timestamptz)
    """
    rows = [comment_row(record) for record in await conn.fetch(found + _THEN, as_of, ids)]
    on = list({row.summary_id for row in rows})
    summaries = dict(zip(on, await past.summaries_by_id(conn, on, as_of, viewer), strict=True))
    return in_order(ids, ((row.comment_id, row) for row in rows if summaries[row.summary_id] is not None))


async def _page(
    conn: Reader, is_in: str, ids: Sequence[UUID], page: Page, as_of: datetime
) -> list[Slice[CommentRow]]:
    sql = _IN.format(is_in=is_in) + _THEN
    records = await conn.fetch(sql, as_of, ids, *page.key(None, ANY), page.first + 1)
    return slices(len(ids), page.first, records, comment_row)


async def _count(conn: Reader, is_in: str, ids: Sequence[UUID], as_of: datetime) -> list[int]:
    records = await conn.fetch(
        f"""
        SELECT i.n, count(*)
          FROM unnest($2::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.comment c ON {is_in} AND c.created_at <= $1::timestamptz
         GROUP BY i.n
        """,  # noqa: S608 (ours)
        as_of,
        ids,
    )
    return counts(len(ids), records)
