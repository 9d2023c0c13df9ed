"""What a vote said at a time. Read models keep only what it says today, so this is read from the log."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from projections.reading import Reader, in_order
from projections.vote import Value


async def votes_by_id(conn: Reader, vote_ids: Sequence[UUID], as_of: datetime) -> list[Value | None]:
    """As `vote.votes_by_id`.

    Shape:  result[i] belongs to vote_ids[i]; None when not cast by then, or withdrawn.
    Source: events up to what the read models show, VoteCast and VoteWithdrawn.
    """
    records = await conn.fetch(
        """
        SELECT DISTINCT ON (stream_id) stream_id, convert_from(data, 'UTF8')::json ->> 'value' AS value
          FROM events
         WHERE stream_id = ANY($2::uuid[]) AND coalesce(occurred_at, recorded_at) <= $1::timestamptz
           AND position <= (SELECT position FROM read.checkpoint WHERE name = 'core')
         ORDER BY stream_id, version DESC
        """,
        as_of,
        vote_ids,
    )
    return in_order(vote_ids, ((record["stream_id"], record["value"]) for record in records))
