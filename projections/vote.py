"""Votes in force. Nothing here says who voted: a vote's id is derived under a secret."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from projections.reading import Reader, in_order

Value = Literal["UP", "DOWN"]


async def votes_by_id(conn: Reader, vote_ids: Sequence[UUID]) -> list[Value | None]:
    """What these votes say; the id comes from `ids.vote_id` for a subject and a voter.

    Shape:  result[i] belongs to vote_ids[i]; None when not cast or withdrawn.
    Source: read.vote, built from VoteCast and VoteWithdrawn.
    """
    records = await conn.fetch(
        "SELECT vote_id, value FROM read.vote WHERE vote_id = ANY($1::uuid[])", vote_ids
    )
    return in_order(vote_ids, ((record["vote_id"], record["value"]) for record in records))
