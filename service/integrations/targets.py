"""Where deliveries go, in the database: what is due, who sends to it, and how far it is planned.

Whoever changes a target, or what is open of it, holds its row until the commit.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from projections.writing import Writer
from service.integrations.outbox import NAME, Planned

MOST_OPEN = 1_000  # deliveries of a target; with more it falls behind, and is planned when it has room


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
    return {one["target"] for one in records if one["behind"] is None and not one["full"]}


# An ordered target that has something open waits for that.
_OPEN = """
WITH held AS (
  INSERT INTO outwards.targets AS t (channel, target, ordered, next_at)
  SELECT $1, p.target, $2, coalesce(p.next_at, now())
    FROM unnest($3::uuid[], $4::timestamptz[]) AS p(target, next_at) ORDER BY p.target
  ON CONFLICT (channel, target) DO UPDATE
     SET next_at = CASE WHEN t.behind IS NOT NULL THEN t.next_at
                        WHEN t.ordered THEN coalesce(t.next_at, excluded.next_at)
                        ELSE least(t.next_at, excluded.next_at) END
  RETURNING target, behind)
SELECT h.target, h.behind,
       h.behind IS NULL AND EXISTS (
         SELECT FROM outwards.deliveries d
          WHERE d.channel = $1 AND d.target = h.target AND d.state = 'open'
         OFFSET $5 - 1) AS full
  FROM held h
"""


async def late(conn: Writer, channels: Collection[str], limit: int) -> list[Any]:
    """Targets that are behind and have room, the farthest behind first, held until the commit."""
    return await conn.fetch(
        """
        SELECT channel, target, behind FROM outwards.targets t
         WHERE behind IS NOT NULL AND disabled_at IS NULL AND channel = ANY($1::text[])
           AND NOT EXISTS (
               SELECT FROM outwards.deliveries d
                WHERE d.channel = t.channel AND d.target = t.target AND d.state = 'open'
               OFFSET $3 - 1)
         ORDER BY behind LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        list(channels),
        limit,
        MOST_OPEN,
    )


async def catch_up(conn: Writer, channel: str, target: UUID, to: int | None) -> None:
    """A target that is held is planned to here, None: as far as all, and due if it waits for nothing."""
    await conn.execute(
        """
        UPDATE outwards.targets t
           SET behind = $3,
               next_at = CASE WHEN t.ordered AND t.next_at IS NOT NULL THEN t.next_at ELSE (
                 SELECT min(d.next_at) FROM outwards.deliveries d
                  WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open') END
         WHERE t.channel = $1 AND t.target = $2
        """,
        channel,
        target,
        to,
    )


async def hold(conn: Writer, channel: str, target: UUID, claim: UUID | None = None) -> bool:
    """Keep a target until the commit: what others change of it is seen by the statements after this one.

    Shape:  False when there is none, or another claim on it than this one.
    """
    sql = """
        SELECT FROM outwards.targets
         WHERE channel = $1 AND target = $2 AND ($3::uuid IS NULL OR claim = $3) FOR UPDATE
    """
    return bool(await conn.fetch(sql, channel, target, claim))


async def wake(conn: Writer, channel: str, target: UUID) -> None:
    """A target that is held is due when its deliveries say, and nobody has a claim on it."""
    await conn.execute(
        """
        UPDATE outwards.targets t
           SET claim = NULL, claimed_until = '-infinity', next_at = CASE WHEN t.disabled_at IS NULL THEN (
               SELECT greatest(d.next_at, now()) FROM outwards.deliveries d
                WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open'
                ORDER BY CASE WHEN t.ordered THEN d.position END, d.next_at LIMIT 1) END
         WHERE t.channel = $1 AND t.target = $2
        """,
        channel,
        target,
    )


async def disable(conn: Writer, channel: str, target: UUID, why: str) -> None:
    """Nothing goes there any more. Enabled again, it goes on with what was open, from the log."""
    if not await hold(conn, channel, target):
        return
    await conn.execute(
        """
        UPDATE outwards.targets t
           SET disabled_at = now(), disabled_reason = $3, next_at = NULL, claim = NULL,
               claimed_until = '-infinity',
               behind = least(
                 coalesce(t.behind, (SELECT position FROM follower_checkpoints WHERE name = $4), 0),
                 (SELECT min(position) - 1 FROM outwards.deliveries d
                   WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open'))
         WHERE channel = $1 AND target = $2
        """,
        channel,
        target,
        why,
        NAME,
    )
    await conn.execute(
        """
        UPDATE outwards.deliveries SET state = 'failed', finished_at = now()
         WHERE channel = $1 AND target = $2 AND state = 'open' AND attempts > 0
        """,
        channel,
        target,
    )
    await _forget(conn, channel, target, "state = 'open'")


async def enable(conn: Writer, channel: str, target: UUID) -> None:
    """It goes on where it was."""
    await conn.execute(
        """
        UPDATE outwards.targets SET disabled_at = NULL, disabled_reason = NULL
         WHERE channel = $1 AND target = $2
        """,
        channel,
        target,
    )


async def reorder(conn: Writer, channel: str, target: UUID, *, ordered: bool) -> None:
    """A target that is held is served in order, or not, from now on."""
    await conn.execute(
        "UPDATE outwards.targets SET ordered = $3 WHERE channel = $1 AND target = $2",
        channel,
        target,
        ordered,
    )
    await wake(conn, channel, target)


async def replay(conn: Writer, channel: str, target: UUID, after: int) -> None:
    """Everything after a position goes there again, in order, with the same ids.

    What it has before it already is not passed over: neither what it was behind with, nor what was not
    planned yet.
    """
    if not await hold(conn, channel, target):
        return
    await _forget(conn, channel, target, f"position > {int(after)}")
    await conn.execute(
        """
        UPDATE outwards.targets
           SET behind = least(
                 coalesce(behind, (SELECT position FROM follower_checkpoints WHERE name = $4), 0), $3)
         WHERE channel = $1 AND target = $2
        """,
        channel,
        target,
        after,
        NAME,
    )
    await wake(conn, channel, target)


async def forget(conn: Writer, channel: str, target: UUID) -> None:
    """A target is no more."""
    await conn.execute("DELETE FROM outwards.targets WHERE channel = $1 AND target = $2", channel, target)
    await _forget(conn, channel, target, "true")


async def _forget(conn: Writer, channel: str, target: UUID, which: str) -> None:
    await conn.execute(
        f"DELETE FROM outwards.deliveries WHERE channel = $1 AND target = $2 AND {which}",  # noqa: S608 (ours)
        channel,
        target,
    )
