"""Where deliveries go, in the database: whether a target is served, in which order, and from where.

Whoever changes a target, or what is open of it, holds its row until the commit. So that nobody waits in a
ring, locks are taken in this order: a webhook, its target, its deliveries. In each channel only one waits for
a target while it holds another, the planner, or who asks in that of confirmations; whoever else wants several
skips those that are held.
"""

from uuid import UUID

from projections.writing import Writer
from service.integrations.outbox import NAME


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
    """Nothing goes there any more. Enabled again, it goes on with what was open, from the log.

    What was to go there only once more does not count, and is over.
    """
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
                   WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open' AND NOT d.again))
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
         WHERE channel = $1 AND target = $2 AND state = 'open' AND (attempts > 0 OR again)
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
    """Everything after a position goes there again, in order if it is ordered, with the same ids.

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
