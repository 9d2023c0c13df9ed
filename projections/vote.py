"""Votes in force. Nothing here says who voted: a vote's id is derived under a secret."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from projections.reading import Reader, in_order
from projections.writing import Writer
from service.domain.events import SubjectKind, VoteCast, VoteWithdrawn
from service.eventstore.model import Recorded

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


@dataclass(slots=True)
class Tally:
    """How a batch changed a subject's votes."""

    up: int = 0
    down: int = 0

    def count(self, value: str | None, by: int) -> None:
        """One vote more or less; None is no vote."""
        if value == "UP":
            self.up += by
        elif value == "DOWN":
            self.down += by


Tallies = Mapping[SubjectKind, Mapping[UUID, Tally]]


async def apply(conn: Writer, events: Sequence[Recorded]) -> Tallies:
    """Write what a batch of votes' events says, and tell by how much each subject's score changes.

    Only the last event of each vote matters: what came between it and the row before cancels out.
    """
    last = {one.event.originator_id: one.event for one in events}
    votes = [event for event in last.values() if isinstance(event, VoteCast | VoteWithdrawn)]
    if not votes:
        return {SubjectKind.SUMMARY: {}, SubjectKind.COMMENT: {}}
    before = await _values_before(conn, list(last))
    tallies = _tallies(votes, before)
    cast = [event for event in votes if isinstance(event, VoteCast)]
    if cast:
        await _store(conn, cast)
    if len(cast) < len(votes):
        withdrawn = [event.originator_id for event in votes if isinstance(event, VoteWithdrawn)]
        await conn.execute("DELETE FROM vote WHERE vote_id = ANY($1::uuid[])", withdrawn)
    return tallies


async def _values_before(conn: Writer, vote_ids: Sequence[UUID]) -> dict[UUID, str]:
    sql = "SELECT vote_id, value FROM vote WHERE vote_id = ANY($1::uuid[])"
    return {record["vote_id"]: record["value"] for record in await conn.fetch(sql, vote_ids)}


def _tallies(votes: Sequence[VoteCast | VoteWithdrawn], before: Mapping[UUID, str]) -> Tallies:
    tallies: dict[SubjectKind, defaultdict[UUID, Tally]] = {kind: defaultdict(Tally) for kind in SubjectKind}
    for event in votes:
        tally = tallies[event.subject_kind][event.subject_id]
        tally.count(before.get(event.originator_id), -1)
        tally.count(event.value.value if isinstance(event, VoteCast) else None, 1)
    return tallies


async def _store(conn: Writer, cast: Sequence[VoteCast]) -> None:
    await conn.execute(
        """
        INSERT INTO vote (vote_id, subject_id, value) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[])
        ON CONFLICT (vote_id) DO UPDATE SET value = excluded.value
        """,
        [event.originator_id for event in cast],
        [event.subject_id for event in cast],
        [event.value.value for event in cast],
    )
