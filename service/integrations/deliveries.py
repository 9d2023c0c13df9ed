"""What is planned and how it ended, in the database. What is asked of it afterwards: `redelivery`.

Whoever changes what is open of a target holds the target's row until the commit, or has the claim on it: see
`targets`.
"""

from collections.abc import Sequence
from itertools import takewhile
from uuid import UUID

from projections.reading import Reader, row_maker
from projections.writing import Writer, arrays
from service.integrations.outbox import Delivery, Happened, Planned, delivery_id

ADDED = 2_000  # deliveries in one statement
KEPT = 1_000  # characters of what went wrong, and of an answer

_happened, _delivery = row_maker(Happened), row_maker(Delivery)


async def happened(conn: Reader, after: int, to: int, limit: int) -> list[Happened]:
    """Events after a position, in order. Source: read.event, events."""
    records = await conn.fetch(
        """
        SELECT e.position, l.event_id, e.type, e.subject_id, e.summary_id, e.paper_id, e.publishes,
               e.withdraws, l.actor, l.recorded_at, l.occurred_at AS claimed_at
          FROM read.event e JOIN events l USING (position)
         WHERE e.position > $1 AND e.position <= $2 ORDER BY e.position LIMIT $3
        """,
        after,
        to,
        limit,
    )
    return [_happened(record) for record in records]


async def add(conn: Writer, channel: str, events: Sequence[Happened], planned: Sequence[Planned]) -> None:
    """Deliveries to targets that are held. One that failed is open again; one that arrived stays as it is."""
    event_ids = {one.position: one.event_id for one in events}
    for first in range(0, len(planned), ADDED):
        some = planned[first : first + ADDED]
        keys = [delivery_id(channel, one.target, event_ids[one.position]) for one in some]
        values = arrays(some, "target", "position", "subject_id", "not_before", "by_address")
        await conn.execute(_ADD, channel, keys, *values)


_ADD = """
INSERT INTO outwards.deliveries AS d (delivery_id, channel, target, position, subject_id, next_at, by_address)
SELECT p.delivery_id, $1, p.target, p.position, p.subject_id, coalesce(p.not_before, now()), p.by_address
  FROM unnest($2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::timestamptz[], $7::bool[])
       AS p(delivery_id, target, position, subject_id, not_before, by_address)
ON CONFLICT (channel, target, position) DO UPDATE
   SET delivery_id = excluded.delivery_id, state = 'open', failures = 0, again = false,
       next_at = excluded.next_at, first_tried_at = NULL, finished_at = NULL, by_address = excluded.by_address
 WHERE d.state = 'failed' OR d.again AND d.state = 'open'
"""


async def due(conn: Reader, channel: str, target: UUID, *, ordered: bool, limit: int) -> list[Delivery]:
    """What may be sent now.

    Shape:  ordered: the oldest open ones, up to the first that has to wait; else what is to go once more,
            and then what was due first.
    """
    which = "ORDER BY position" if ordered else "AND next_at <= now() ORDER BY again DESC, next_at"
    records = await conn.fetch(
        f"""
        SELECT *, next_at <= now() AS due FROM outwards.deliveries
         WHERE channel = $1 AND target = $2 AND state = 'open' {which} LIMIT $3
        """,  # noqa: S608 (ours)
        channel,
        target,
        limit,
    )
    return [_delivery(one) for one in takewhile(lambda one: one["due"], records)]


async def oldest_open(conn: Reader, channel: str, target: UUID) -> int | None:
    """The position of what is to be sent there first, where there is an order. None when nothing is."""
    sql = """
        SELECT position FROM outwards.deliveries
         WHERE channel = $1 AND target = $2 AND state = 'open' ORDER BY position LIMIT 1
    """
    found = await conn.fetch(sql, channel, target)
    return found[0]["position"] if found else None


# Only who has the claim on the target may say what became of a delivery: of an open one, and of one that was
# skipped while it was being sent.
_OURS = """
 WHERE d.delivery_id = $1 AND EXISTS (
       SELECT FROM outwards.targets t WHERE t.channel = d.channel AND t.target = d.target AND t.claim = $2)
   AND d.state IN ('open', 'skipped')
"""


async def end(
    conn: Writer,
    delivery_id: UUID,
    claim: UUID,
    state: str,
    status: int | None,
    why: str | None,
    said: str | None,
) -> bool:
    """It is delivered, skipped or failed. False without the claim.

    What its owner skipped meanwhile stays skipped, with what came of the try, unless it has arrived.
    """
    sql = f"""
        UPDATE outwards.deliveries d
           SET state = CASE WHEN state = 'open' OR $3 = 'delivered' THEN $3 ELSE state END,
               attempts = attempts + ($3 <> 'skipped')::int,
               first_tried_at = coalesce(first_tried_at, now()),
               last_status = $4, last_response = $6, finished_at = now(),
               last_error = CASE WHEN state = 'open' OR $3 = 'delivered' THEN $5 ELSE last_error END
        {_OURS}
    """  # noqa: S608 (ours)
    done = await conn.execute(sql, delivery_id, claim, state, status, short(why), short(said))
    return done == "UPDATE 1"


async def fail(
    conn: Reader,
    delivery_id: UUID,
    claim: UUID,
    seconds: float,
    status: int | None,
    why: str,
    said: str | None,
) -> float | None:
    """The next try is so much later, if it was not skipped. Since how many seconds it is tried; None if
    it was skipped, and without the claim.
    """
    sql = f"""
        UPDATE outwards.deliveries d
           SET attempts = attempts + 1, failures = failures + 1,
               first_tried_at = coalesce(first_tried_at, now()),
               next_at = now() + make_interval(secs => $3), last_status = $4, last_response = $6,
               last_error = CASE WHEN state = 'open' THEN $5 ELSE last_error END
        {_OURS}
        RETURNING CASE WHEN state = 'open' THEN extract(epoch FROM now() - first_tried_at)::float8 END
               AS tried
    """  # noqa: S608 (ours)
    found = await conn.fetch(sql, delivery_id, claim, seconds, status, short(why), short(said))
    return found[0]["tried"] if found else None


async def wait(conn: Writer, delivery_id: UUID, claim: UUID, seconds: float, why: str, *, anew: bool) -> None:
    """It was not even tried. Shape: anew: what was tried before is as if it had not been."""
    sql = f"""
        UPDATE outwards.deliveries d
           SET first_tried_at = CASE WHEN NOT $5::bool THEN first_tried_at END,
               next_at = now() + make_interval(secs => $3), last_error = $4
        {_OURS} AND d.state = 'open'
    """  # noqa: S608 (ours)
    await conn.execute(sql, delivery_id, claim, seconds, short(why), anew)


async def others_arrived(conn: Reader, delivery_id: UUID) -> bool:
    """Whether anything else was delivered to its target since it was first tried."""
    sql = """
        SELECT FROM outwards.deliveries f
          JOIN outwards.deliveries d ON d.channel = f.channel AND d.target = f.target
         WHERE f.delivery_id = $1 AND d.state = 'delivered' AND d.finished_at >= f.first_tried_at
         ORDER BY d.position DESC LIMIT 1
    """
    return bool(await conn.fetch(sql, delivery_id))


async def give_up(conn: Writer, delivery_id: UUID) -> None:
    """It failed for good, with the error of its last try. Its target is held."""
    sql = "UPDATE outwards.deliveries SET state = 'failed', finished_at = now() WHERE delivery_id = $1"
    await conn.execute(sql, delivery_id)


async def remove_old(conn: Writer, days: float, limit: int) -> bool:
    """Forget deliveries that ended so long ago, the oldest first. Whether there may be more.

    What did not arrive is kept as long as its target has something before it: without it, what its owner
    skipped would be planned, and sent, when the target is enabled.
    """
    done = await conn.execute(
        """
        DELETE FROM outwards.deliveries WHERE delivery_id IN (
          SELECT delivery_id FROM outwards.deliveries d
           WHERE state <> 'open' AND finished_at < now() - make_interval(secs => $1)
             AND (state = 'delivered' OR NOT EXISTS (
                 SELECT FROM outwards.targets t
                  WHERE t.channel = d.channel AND t.target = d.target AND d.position > least(t.behind, (
                        SELECT min(o.position) FROM outwards.deliveries o
                         WHERE o.channel = d.channel AND o.target = d.target AND o.state = 'open'))))
           ORDER BY finished_at LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        days * 86_400,
        limit,
    )
    return done == f"DELETE {limit}"


def short(text: str | None) -> str | None:
    """As much as is kept; a text of PostgreSQL has no zero character."""
    return None if text is None else text.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:KEPT]
