"""Who sends to which target just now: one process, for as long as it renews; the database's clock judges.

What somebody else holds is passed over, as `targets` says.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from projections.reading import Reader
from projections.writing import Writer


async def claim(
    conn: Reader,
    channel: str,
    claim: UUID,
    seconds: float,
    limit: int,
    *,
    known: Collection[UUID] = (),
    among: bool = False,
) -> list[Any]:
    """Take targets that are due and that nobody has a claim on, for so long; the longest due first.

    Shape: among: only of those that are known; else none of them.
    """
    return await conn.fetch(
        """
        WITH due AS MATERIALIZED (
          SELECT target FROM outwards.targets
           WHERE channel = $3 AND next_at <= now() AND claimed_until <= now()
             AND (target = ANY($5::uuid[])) = $6
           ORDER BY next_at LIMIT $4 FOR UPDATE SKIP LOCKED)
        UPDATE outwards.targets t
           SET claim = $1, claimed_until = now() + make_interval(secs => $2)
          FROM due WHERE t.channel = $3 AND t.target = due.target
        RETURNING t.target, t.ordered
        """,
        claim,
        seconds,
        channel,
        limit,
        list(known),
        among,
    )


async def due(conn: Reader) -> int:
    """How many wait for their turn."""
    sql = "SELECT count(*) FROM outwards.targets WHERE next_at <= now() AND claimed_until <= now()"
    return int((await conn.fetch(sql))[0]["count"])


async def renew(conn: Writer, claimed: Collection[tuple[str, UUID, UUID]], seconds: float) -> int:
    """The claims on these targets last for so long from now; how many there were.

    Shape:  claimed are channels, targets and claims.
    """
    sql = """
        WITH held AS MATERIALIZED (
          SELECT t.channel, t.target FROM outwards.targets t
            JOIN unnest($1::text[], $2::uuid[], $3::uuid[]) AS c(channel, target, claim)
              ON t.channel = c.channel AND t.target = c.target AND t.claim = c.claim
           WHERE t.next_at IS NOT NULL FOR UPDATE OF t SKIP LOCKED)
        UPDATE outwards.targets t SET claimed_until = now() + make_interval(secs => $4)
          FROM held WHERE t.channel = held.channel AND t.target = held.target
    """
    channels, targets, claims = zip(*claimed, strict=True) if claimed else ((), (), ())
    return int((await conn.execute(sql, channels, targets, claims, seconds)).removeprefix("UPDATE "))


async def give_back(conn: Writer, claims: Collection[UUID]) -> None:
    """Whoever is next may have these targets at once; what somebody held, when the claim runs out."""
    sql = """
        WITH held AS MATERIALIZED (
          SELECT channel, target FROM outwards.targets
           WHERE next_at IS NOT NULL AND claim = ANY($1::uuid[]) FOR UPDATE SKIP LOCKED)
        UPDATE outwards.targets t SET claim = NULL, claimed_until = '-infinity'
          FROM held WHERE t.channel = held.channel AND t.target = held.target
    """
    await conn.execute(sql, list(claims))
