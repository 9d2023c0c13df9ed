"""Votes in force. Nothing here says who voted: a vote's id is derived under a secret."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
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

    def add(self, up: int, down: int) -> None:
        self.up += up
        self.down += down


Voting = VoteCast | VoteWithdrawn
Tallies = Mapping[SubjectKind, Mapping[UUID, Tally]]


async def apply(conn: Writer, events: Sequence[Recorded]) -> Tallies:
    """Write what a batch of votes' events says, and tell by how much each subject's score changes.

    Of each vote, the row holds what its last event says; `score_change` has them all.
    """
    votes = [(one, one.event) for one in events if isinstance(one.event, VoteCast | VoteWithdrawn)]
    tallies: Tallies = {kind: defaultdict(Tally) for kind in SubjectKind}
    if not votes:
        return tallies
    last = {event.originator_id: (one, event) for one, event in votes}
    changes = _changes(votes, await _values_before(conn, list(last)))
    await _store_changes(conn, changes)
    for event, _, up, down in changes:
        tallies[event.subject_kind][event.subject_id].add(up, down)
    await _store(conn, [(one, event) for one, event in last.values() if isinstance(event, VoteCast)])
    await _drop(conn, [event for _, event in last.values() if isinstance(event, VoteWithdrawn)])
    return tallies


async def _values_before(conn: Writer, vote_ids: Sequence[UUID]) -> dict[UUID, str]:
    sql = "SELECT vote_id, value FROM vote WHERE vote_id = ANY($1::uuid[])"
    return {record["vote_id"]: record["value"] for record in await conn.fetch(sql, vote_ids)}


def _changes(
    votes: Sequence[tuple[Recorded, Voting]], before: Mapping[UUID, str]
) -> list[tuple[Voting, datetime, int, int]]:
    """What each event does to its subject's score: (event, when, up, down), without those that do nothing."""
    values, changes = dict(before), []
    for recorded, event in votes:
        was = values.pop(event.originator_id, None)
        if isinstance(event, VoteCast):
            values[event.originator_id] = event.value.value
        now = values.get(event.originator_id)
        if was != now:
            up, down = ((now == value) - (was == value) for value in ("UP", "DOWN"))
            changes.append((event, recorded.occurred_at, up, down))
    return changes


async def _store_changes(conn: Writer, changes: Sequence[tuple[Voting, datetime, int, int]]) -> None:
    await conn.execute(
        """
        INSERT INTO score_change (subject_id, at, up, down)
        SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::smallint[], $4::smallint[])
        """,
        [event.subject_id for event, _, _, _ in changes],
        [at for _, at, _, _ in changes],
        [up for _, _, up, _ in changes],
        [down for _, _, _, down in changes],
    )


async def _store(conn: Writer, cast: Sequence[tuple[Recorded, VoteCast]]) -> None:
    if not cast:
        return
    await conn.execute(
        """
        INSERT INTO vote (vote_id, subject_id, value, position)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[])
        ON CONFLICT (vote_id) DO UPDATE SET value = excluded.value, position = excluded.position
        """,
        [event.originator_id for _, event in cast],
        [event.subject_id for _, event in cast],
        [event.value.value for _, event in cast],
        [recorded.position for recorded, _ in cast],
    )


async def _drop(conn: Writer, withdrawn: Sequence[VoteWithdrawn]) -> None:
    if withdrawn:
        ids = [event.originator_id for event in withdrawn]
        await conn.execute("DELETE FROM vote WHERE vote_id = ANY($1::uuid[])", ids)
