"""Comments and their threads. A removed comment keeps its place."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from projections.vote import Tally
from projections.writing import Writer, arrays, ids_of, known
from service.domain.events import CommentEdited, CommentPosted, CommentRemoved, Visibility
from service.domain.policy import may_see_summary
from service.eventstore.model import Recorded


class CommentRow(Struct, frozen=True):
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


async def apply(conn: Writer, events: Sequence[Recorded], tallies: Mapping[UUID, Tally]) -> Counter[UUID]:
    """Write what a batch of comments' events, and votes on comments, says.

    Shape:  by how much each summary's number of comments changes.
    """
    rows = await _rows_before(conn, list(ids_of(events)))
    changes: Counter[UUID] = Counter()
    for recorded in events:
        _evolve(rows, changes, recorded)
    if rows:
        await _store(conn, rows)
    if tallies:
        await _score(conn, tallies)
    return changes


async def _rows_before(conn: Writer, ids: Sequence[UUID]) -> dict[UUID, CommentRow]:
    if not ids:
        return {}
    records = await conn.fetch("SELECT * FROM comment WHERE comment_id = ANY($1::uuid[])", ids)
    return {record["comment_id"]: comment_row(record) for record in records}


def _evolve(rows: dict[UUID, CommentRow], changes: Counter[UUID], recorded: Recorded) -> None:
    comment_id = recorded.event.originator_id
    match recorded.event:
        case CommentPosted() as event:
            rows[comment_id] = _posted(recorded, event)
            changes[event.summary_id] += 1
        case CommentEdited():
            body, at = recorded.payloads["body"], recorded.occurred_at
            rows[comment_id] = replace(known(rows, comment_id), body_payload=body, edited_at=at)
        case CommentRemoved():
            rows[comment_id] = replace(known(rows, comment_id), removed=True)


def _posted(recorded: Recorded, event: CommentPosted) -> CommentRow:
    return CommentRow(
        comment_id=event.originator_id,
        summary_id=event.summary_id,
        parent_id=event.parent_id,
        author_id=event.author_id,
        on_revision=event.on_revision,
        body_payload=recorded.payloads["body"],
        removed=False,
        up=0,
        down=0,
        created_at=recorded.occurred_at,
        edited_at=None,
    )


async def _store(conn: Writer, rows: Mapping[UUID, CommentRow]) -> None:
    await conn.execute(
        """
        INSERT INTO comment (comment_id, summary_id, parent_id, author_id, on_revision, body_payload, removed,
                             up, down, created_at, edited_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::int[], $6::uuid[],
                             $7::bool[], $8::int[], $9::int[], $10::timestamptz[], $11::timestamptz[])
        ON CONFLICT (comment_id) DO UPDATE
           SET body_payload = excluded.body_payload, removed = excluded.removed, up = excluded.up,
               down = excluded.down, edited_at = excluded.edited_at
        """,
        *arrays(rows.values(), *CommentRow.__struct_fields__),
    )


async def _score(conn: Writer, tallies: Mapping[UUID, Tally]) -> None:
    done = await conn.execute(
        """
        UPDATE comment c SET up = c.up + t.up, down = c.down + t.down
          FROM unnest($1::uuid[], $2::int[], $3::int[]) AS t(comment_id, up, down)
         WHERE c.comment_id = t.comment_id
        """,
        list(tallies),
        *arrays(tallies.values(), "up", "down"),
    )
    if done != f"UPDATE {len(tallies)}":
        raise LookupError(f"a vote is on a comment that no event before it made; one of {list(tallies)[:10]}")
