"""Comments and their threads. A removed comment keeps its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from service.domain.events import Visibility
from service.domain.policy import may_see_summary


@dataclass(frozen=True, slots=True)
class CommentRow:
    """The text is at body_payload, and is shown to nobody when removed."""

    comment_id: UUID
    summary_id: UUID
    parent_id: UUID | None
    author_id: UUID
    on_revision: int
    body_payload: UUID
    removed: bool
    up: int
    down: int
    created_at: datetime
    edited_at: datetime | None

    def key(self) -> tuple[datetime, UUID]:
        """Its place in a list."""
        return (self.created_at, self.comment_id)


comment_row = row_maker(CommentRow)


async def comments_by_id(conn: Reader, ids: Sequence[UUID], viewer: UUID | None) -> list[CommentRow | None]:
    """Comments by address, as far as the viewer may see the summary that they are on.

    Shape:  result[i] belongs to ids[i]; None for an unknown id and for what the viewer may not see.
    Source: read.comment and read.summary.
    """
    records = await conn.fetch(
        """
        SELECT c.*, s.author_id AS summary_author, s.visibility, s.retracted_at IS NOT NULL AS retracted
          FROM read.comment c JOIN read.summary s USING (summary_id)
         WHERE c.comment_id = ANY($1::uuid[])
        """,
        ids,
    )
    seen = [
        comment_row(one)
        for one in records
        if may_see_summary(viewer, one["summary_author"], Visibility(one["visibility"]), one["retracted"])
    ]
    return in_order(ids, ((row.comment_id, row) for row in seen))


async def comments_of_summaries(
    conn: Reader, summary_ids: Sequence[UUID], page: Page
) -> list[Slice[CommentRow]]:
    """Comments at the top of each summary's threads, oldest first. Who may see the summary may see them.

    Shape:  result[i] belongs to summary_ids[i]; page.after is row.key().
    Units:  created_at is UTC.
    Source: read.comment, built from CommentPosted, CommentEdited, CommentRemoved and votes.
    """
    records = await conn.fetch(
        """
        SELECT i.n, c.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.comment c
                WHERE c.summary_id = i.id AND c.parent_id IS NULL
                  AND (c.created_at, c.comment_id)
                    > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
                ORDER BY c.created_at, c.comment_id LIMIT $4) c
         ORDER BY i.n, c.created_at, c.comment_id
        """,
        summary_ids,
        *page.key(None, ANY),
        page.first + 1,
    )
    return slices(len(summary_ids), page.first, records, comment_row)


async def replies_of(conn: Reader, comment_ids: Sequence[UUID], page: Page) -> list[Slice[CommentRow]]:
    """Direct answers to each comment, oldest first.

    Shape:  result[i] belongs to comment_ids[i]; page.after is row.key().
    Source: read.comment.
    """
    records = await conn.fetch(
        """
        SELECT i.n, c.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.comment c
                WHERE c.parent_id = i.id
                  AND (c.created_at, c.comment_id)
                    > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
                ORDER BY c.created_at, c.comment_id LIMIT $4) c
         ORDER BY i.n, c.created_at, c.comment_id
        """,
        comment_ids,
        *page.key(None, ANY),
        page.first + 1,
    )
    return slices(len(comment_ids), page.first, records, comment_row)


async def count_of_summaries(conn: Reader, summary_ids: Sequence[UUID]) -> list[int]:
    """How many comments `comments_of_summaries` has of each. Source: read.comment."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.comment c ON c.summary_id = i.id AND c.parent_id IS NULL
         GROUP BY i.n
        """,
        summary_ids,
    )
    return counts(len(summary_ids), records)


async def count_of_replies(conn: Reader, comment_ids: Sequence[UUID]) -> list[int]:
    """How many comments `replies_of` has of each. Source: read.comment."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.comment c ON c.parent_id = i.id
         GROUP BY i.n
        """,
        comment_ids,
    )
    return counts(len(comment_ids), records)
