"""Writes what was when, for views of the past; `past` reads it."""

from collections.abc import Sequence
from uuid import UUID

from projections.writing import Writer
from service.domain.events import CommentEdited, CommentPosted, SummaryPublished, SummaryVisibilitySet
from service.eventstore.model import Recorded


async def apply(conn: Writer, summaries: Sequence[Recorded], comments: Sequence[Recorded]) -> None:
    """Write the visibilities and the comments' texts that a batch of events brought."""
    shown = [
        (one, one.event.visibility.value)
        for one in summaries
        if isinstance(one.event, SummaryPublished | SummaryVisibilitySet)
    ]
    said = [
        (one, one.payloads["body"])
        for one in comments
        if isinstance(one.event, CommentPosted | CommentEdited)
    ]
    if shown:
        await conn.execute(
            """
            INSERT INTO summary_visibility (summary_id, position, at, visibility)
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::text[])
            """,
            *_columns(shown),
        )
    if said:
        await conn.execute(
            """
            INSERT INTO comment_text (comment_id, position, at, body_payload)
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::timestamptz[], $4::uuid[])
            """,
            *_columns(said),
        )


def _columns(rows: Sequence[tuple[Recorded, str | UUID]]) -> tuple[list[object], ...]:
    """Whose, where in the log, when, and what."""
    return (
        [one.event.originator_id for one, _ in rows],
        [one.position for one, _ in rows],
        [one.occurred_at for one, _ in rows],
        [value for _, value in rows],
    )
