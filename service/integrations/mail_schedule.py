"""When a mail may go."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from projections.writing import Writer
from service.integrations.notification_writer import CHANNEL

Mode = Literal["NONE", "AT_ONCE", "DAILY"]


def next_digest(after: datetime, hour: int) -> datetime:
    """When the clock next strikes this hour, in UTC; a notification made just then waits a day."""
    today = after.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > after else today + timedelta(days=1)


def not_before(mode: Mode, hour: int, now: datetime) -> datetime | None:
    """When a notification of now may go. None: at once."""
    return next_digest(now, hour) if mode == "DAILY" else None


async def move(conn: Writer, user_id: UUID, at: datetime | None) -> None:
    """What waits for somebody's digest waits for this time, None: for nothing. Their target is held."""
    await conn.execute(
        """
        UPDATE outwards.deliveries SET next_at = coalesce($3, now())
         WHERE channel = $1 AND target = $2 AND state = 'open' AND failures = 0
        """,
        CHANNEL,
        user_id,
        at,
    )
    await conn.execute(
        """
        UPDATE outwards.targets t SET next_at = (
               SELECT min(d.next_at) FROM outwards.deliveries d
                WHERE d.channel = $1 AND d.target = $2 AND d.state = 'open')
         WHERE t.channel = $1 AND t.target = $2 AND t.next_at IS NOT NULL
        """,
        CHANNEL,
        user_id,
    )
