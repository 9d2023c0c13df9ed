"""How far targets are planned, in the database: who has too much open falls behind, and catches up in turn.

Only the planner moves a target on, so one that it finds behind stays so until it says otherwise.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from projections.reading import Reader
from projections.writing import Writer
from service.integrations.outbox import Planned

MOST_OPEN = 1_000  # deliveries of a target; with more it falls behind, and is planned when it has room


async def widest(conn: Reader, channels: Collection[str], most: int) -> int:
    """How many targets the channel with the most has that are not behind; those above `most` do not count."""
    records = await conn.fetch(
        """
        SELECT (SELECT count(*) FROM (
                  SELECT FROM outwards.targets t
                   WHERE t.channel = c.name AND t.behind IS NULL LIMIT $2) s) AS targets
          FROM unnest($1::text[]) AS c(name)
        """,
        list(channels),
        most,
    )
    return max((one["targets"] for one in records), default=0)


async def open_targets(
    conn: Writer, channel: str, ordered: bool, planned: Sequence[Planned], at: int
) -> set[UUID]:
    """Those of the planned targets that are not behind, held until the commit, and due.

    Who has too much open falls behind `at`, the position that all were planned to before.
    """
    times: dict[UUID, Any] = {}
    for one in planned:
        if one.target not in times or one.not_before is None:
            times[one.target] = one.not_before
        elif (known := times[one.target]) is not None:
            times[one.target] = min(known, one.not_before)
    targets = sorted(times)
    records = await conn.fetch(_OPEN, channel, ordered, targets, [times[one] for one in targets], MOST_OPEN)
    if full := [one["target"] for one in records if one["full"]]:
        await conn.execute(
            "UPDATE outwards.targets SET behind = $3 WHERE channel = $1 AND target = ANY($2::uuid[])",
            channel,
            full,
            at,
        )
    return {one["target"] for one in records if not one["full"]}


# An ordered target that has something open waits for that. What is behind is not even locked, so that targets
# that nobody uses any more cost nothing; what falls behind just now is seen where it conflicts.
_OPEN = """
WITH held AS (
  INSERT INTO outwards.targets AS t (channel, target, ordered, next_at)
  SELECT $1, p.target, $2, coalesce(p.next_at, now())
    FROM unnest($3::uuid[], $4::timestamptz[]) AS p(target, next_at)
   WHERE NOT EXISTS (SELECT FROM outwards.targets b
                      WHERE b.channel = $1 AND b.target = p.target AND b.behind IS NOT NULL)
   ORDER BY p.target
  ON CONFLICT (channel, target) DO UPDATE
     SET next_at = CASE WHEN t.ordered THEN coalesce(t.next_at, excluded.next_at)
                        ELSE least(t.next_at, excluded.next_at) END
   WHERE t.behind IS NULL
  RETURNING target)
SELECT h.target, EXISTS (
         SELECT FROM outwards.deliveries d
          WHERE d.channel = $1 AND d.target = h.target AND d.state = 'open'
         OFFSET $5 - 1) AS full
  FROM held h
"""


async def late(conn: Reader, channels: Collection[str], limit: int) -> list[Any]:
    """Targets that are behind and have room, those first that have waited longest. None of them is held."""
    return await conn.fetch(
        """
        SELECT channel, target, behind FROM outwards.targets t
         WHERE behind IS NOT NULL AND disabled_at IS NULL AND channel = ANY($1::text[])
           AND NOT EXISTS (
               SELECT FROM outwards.deliveries d
                WHERE d.channel = t.channel AND d.target = t.target AND d.state = 'open'
               OFFSET $3 - 1)
         ORDER BY planned_at, behind LIMIT $2
        """,
        list(channels),
        limit,
        MOST_OPEN,
    )


async def hold_behind(conn: Reader, channel: str, target: UUID, behind: int) -> bool:
    """Keep a target until the commit, if it is behind here as it was."""
    sql = """
        SELECT FROM outwards.targets
         WHERE channel = $1 AND target = $2 AND behind = $3 AND disabled_at IS NULL FOR UPDATE
    """
    return bool(await conn.fetch(sql, channel, target, behind))


async def catch_up(conn: Writer, channel: str, target: UUID, to: int | None) -> None:
    """A target that is held is planned to here, None: as far as all, and due if it waits for nothing."""
    await conn.execute(
        """
        UPDATE outwards.targets t
           SET behind = $3, planned_at = now(),
               next_at = CASE WHEN t.ordered AND t.next_at IS NOT NULL THEN t.next_at ELSE (
                 SELECT min(d.next_at) FROM outwards.deliveries d
                  WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open') END
         WHERE t.channel = $1 AND t.target = $2
        """,
        channel,
        target,
        to,
    )
