"""What is asked of deliveries that were planned: to send one once more, to skip it, to send it after all."""

from collections.abc import Sequence
from uuid import UUID

from projections.reading import Reader
from projections.writing import Writer
from service.integrations import targets


async def again(conn: Writer, channel: str, target: UUID, delivery_id: UUID) -> bool:
    """One delivery once more, before all that is open, or, where there is an order, in its place.

    False when it is gone.
    """
    await targets.hold(conn, channel, target)
    done = await conn.execute(
        """
        UPDATE outwards.deliveries
           SET again = again OR state <> 'open', state = 'open', failures = 0,
               first_tried_at = NULL, finished_at = NULL, next_at = least(now(), (
                 SELECT min(next_at) - interval '1 microsecond' FROM outwards.deliveries
                  WHERE channel = $2 AND target = $3 AND state = 'open'))
         WHERE delivery_id = $1
        """,
        delivery_id,
        channel,
        target,
    )
    await conn.execute(
        "UPDATE outwards.targets SET next_at = now() WHERE channel = $1 AND target = $2", channel, target
    )
    return done == "UPDATE 1"


async def waits_in_line(conn: Reader, delivery_id: UUID) -> bool:
    """Whether it is open, of an ordered target, and something before it is open too."""
    sql = """
        SELECT FROM outwards.deliveries d
          JOIN outwards.targets t ON t.channel = d.channel AND t.target = d.target AND t.ordered
         WHERE d.delivery_id = $1 AND d.state = 'open' AND EXISTS (
               SELECT FROM outwards.deliveries e
                WHERE e.channel = d.channel AND e.target = d.target AND e.state = 'open'
                  AND e.position < d.position)
    """
    return bool(await conn.fetch(sql, delivery_id))


async def skip(conn: Writer, channel: str, target: UUID, delivery_id: UUID, why: str) -> bool:
    """It is not sent any more, also when its target is enabled, which is held. False when it is not open and
    did not fail: nothing is to be skipped.

    A try that is under way goes on: see `end` and `fail` of `deliveries`.
    """
    done = await conn.execute(
        """
        UPDATE outwards.deliveries
           SET state = 'skipped', again = false, last_error = $2, finished_at = now()
         WHERE delivery_id = $1 AND state IN ('open', 'failed')
        """,
        delivery_id,
        why,
    )
    await conn.execute(
        """
        UPDATE outwards.targets SET next_at = now()
         WHERE channel = $1 AND target = $2 AND disabled_at IS NULL
        """,
        channel,
        target,
    )
    return done == "UPDATE 1"


async def reopen(conn: Writer, channel: str, skipped: Sequence[tuple[UUID, int]]) -> None:
    """What was skipped, by target and position, is to be sent after all. The targets are held."""
    await conn.execute(
        """
        WITH opened AS (
          UPDATE outwards.deliveries d
             SET state = 'open', failures = 0, first_tried_at = NULL, finished_at = NULL, next_at = now()
            FROM unnest($2::uuid[], $3::bigint[]) AS s(target, position)
           WHERE d.channel = $1 AND d.target = s.target AND d.position = s.position AND d.state = 'skipped'
          RETURNING d.target)
        UPDATE outwards.targets t SET next_at = least(t.next_at, now())
         WHERE t.channel = $1 AND t.target IN (SELECT target FROM opened)
        """,
        channel,
        [target for target, _ in skipped],
        [position for _, position in skipped],
    )
