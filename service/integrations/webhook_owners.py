"""How often somebody may have webhooks do something: counted for all of theirs together, in the database."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from projections.reading import Reader
from service.domain.errors import Invalid, RateLimited
from service.domain.limits import Path

MOST = 20  # webhooks of a user
BETWEEN_TESTS = timedelta(seconds=5)
LOOK_UPS, WITHIN = 30, timedelta(minutes=1)  # of names, before an address is taken


async def hold(conn: asyncpg.Connection, owner: UUID) -> None:
    """Nobody else changes how many webhooks they have until the commit."""
    await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"webhooks of {owner}")


async def check_room(conn: Reader, owner: UUID) -> None:
    """Errors: Invalid when they have as many as one may have."""
    [record] = await conn.fetch("SELECT count(*) FROM outwards.webhooks WHERE owner_id = $1", owner)
    if record["count"] >= MOST:
        raise Invalid(f"You have {MOST} webhooks, and there is no room for more: delete one.")


async def begin_test(conn: Reader, owner: UUID, path: Path, now: datetime) -> None:
    """Errors: RateLimited when the last test was just now."""
    if not await conn.fetch(_TEST, owner, now, BETWEEN_TESTS):
        seconds = BETWEEN_TESTS.total_seconds()
        raise RateLimited(f"A test was sent just now: wait {seconds:.0f} seconds.", path=path)


async def begin_look_up(conn: Reader, owner: UUID, path: Path, now: datetime) -> None:
    """Errors: RateLimited when there were many just now."""
    each = WITHIN / LOOK_UPS
    if not await conn.fetch(_LOOK_UP, owner, now, each, WITHIN - each):
        raise RateLimited(f"You gave {LOOK_UPS} addresses within a minute: wait for one.", path=path)


_TEST = """
INSERT INTO outwards.webhook_owners AS o (owner_id, tested_at) VALUES ($1, $2)
ON CONFLICT (owner_id) DO UPDATE SET tested_at = $2 WHERE o.tested_at <= $2 - $3::interval
RETURNING owner_id
"""

# It is booked for how long one may not, if one had gone on at the allowed pace: up to a minute ahead.
_LOOK_UP = """
INSERT INTO outwards.webhook_owners AS o (owner_id, looked_up_until)
VALUES ($1, $2::timestamptz + $3::interval)
ON CONFLICT (owner_id) DO UPDATE SET looked_up_until = greatest(o.looked_up_until, $2) + $3
 WHERE o.looked_up_until <= $2 + $4::interval
RETURNING owner_id
"""
