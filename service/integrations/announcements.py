"""What was announced where, in the database: each summary once for each channel, for ever."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct

from projections.reading import Reader, row_maker
from projections.writing import Writer
from service.integrations.deliveries import short

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """An earlier try: it was posted or refused, or nobody knows (None)."""

    delivery_id: UUID
    outcome: str | None


class AnnouncerRow(Struct, frozen=True):
    """A channel, ever switched on.

    Shape:  stopped says why nothing goes out any more, None: it does. What waits may turn out not to be for
            announcing when its time comes.
    """

    channel: str
    since: int
    switched_on_at: datetime
    posted: int
    refused: int
    waiting: int
    stopped: str | None


class UnknownRow(Struct, frozen=True):
    """A try of which nobody knows how it ended."""

    channel: str
    summary_id: UUID
    begun_at: datetime
    why: str | None


_announcer, _unknown = row_maker(AnnouncerRow), row_maker(UnknownRow)


async def switch_on(conn: Writer, channel: str, now: datetime) -> None:
    """The first time: what is in the log now is not for this channel."""
    await conn.execute(
        """
        INSERT INTO outwards.announcers (channel, since, switched_on_at)
        SELECT $1, position, $2 FROM log_head ON CONFLICT DO NOTHING
        """,
        channel,
        now,
    )


async def state(conn: Reader) -> list[AnnouncerRow]:
    """How each channel does, by name."""
    records = await conn.fetch(
        """
        SELECT a.*, n.posted, n.refused, t.disabled_reason AS stopped,
               (SELECT count(*) FROM outwards.deliveries d
                 WHERE d.channel = a.channel AND d.state = 'open')
               + (SELECT count(*) FROM read.event e
                   WHERE e.publishes AND e.position > greatest(t.behind, a.since) AND t.behind IS NOT NULL
                     AND NOT EXISTS (
                         SELECT FROM outwards.announcements n
                          WHERE n.channel = a.channel AND n.summary_id = e.summary_id)
                     AND NOT EXISTS (
                         SELECT FROM outwards.deliveries d
                          WHERE d.channel = a.channel AND d.target = t.target AND d.position = e.position
                            AND d.state = 'open')) AS waiting
          FROM outwards.announcers a LEFT JOIN outwards.targets t USING (channel)
         CROSS JOIN LATERAL (
               SELECT count(*) FILTER (WHERE outcome = 'posted') AS posted,
                      count(*) FILTER (WHERE outcome = 'refused') AS refused
                 FROM outwards.announcements n WHERE n.channel = a.channel) n
         ORDER BY a.channel
        """
    )
    return [_announcer(one) for one in records]


async def unknown(conn: Reader, before: datetime, limit: int) -> list[UnknownRow]:
    """What was begun before a time and did not come to its end, the latest first."""
    records = await conn.fetch(
        """
        SELECT * FROM outwards.announcements WHERE outcome IS NULL AND begun_at < $1
         ORDER BY begun_at DESC LIMIT $2
        """,
        before,
        limit,
    )
    return [_unknown(one) for one in records]


async def since(conn: Reader, channel: str) -> int:
    """After which position it announces. Errors: LookupError when it was never switched on."""
    found = await conn.fetch("SELECT since FROM outwards.announcers WHERE channel = $1", channel)
    if not found:
        raise LookupError(f"{channel} was never switched on")
    return int(found[0]["since"])


async def announced(conn: Reader, channel: str, summary_ids: Collection[UUID]) -> set[UUID]:
    """Which of these were tried."""
    records = await conn.fetch(
        "SELECT summary_id FROM outwards.announcements WHERE channel = $1 AND summary_id = ANY($2::uuid[])",
        channel,
        list(summary_ids),
    )
    return {one["summary_id"] for one in records}


async def known(conn: Writer, channel: str, summary_id: UUID) -> Known | None:
    """The try that there was; until the end of the transaction nobody else begins one on this channel."""
    await conn.fetch("SELECT FROM outwards.announcers WHERE channel = $1 FOR UPDATE", channel)
    found = await conn.fetch(
        "SELECT delivery_id, outcome FROM outwards.announcements WHERE channel = $1 AND summary_id = $2",
        channel,
        summary_id,
    )
    return Known(**found[0]) if found else None


async def begin(
    conn: Writer, channel: str, summary_id: UUID, delivery_id: UUID, now: datetime, per_hour: int
) -> datetime | None:
    """Note, after `known` in its transaction, that a summary is announced now. None: noted.

    Shape:  a time when there were so many within an hour: not before it.
    """
    full = await conn.fetch(
        """
        SELECT begun_at FROM outwards.announcements WHERE channel = $1 AND begun_at > $2
         ORDER BY begun_at DESC LIMIT 1 OFFSET $3
        """,
        channel,
        now - HOUR,
        per_hour - 1,
    )
    if full:
        at: datetime = full[0]["begun_at"]
        return at + HOUR
    await conn.execute(
        """
        INSERT INTO outwards.announcements (channel, summary_id, delivery_id, begun_at)
        VALUES ($1, $2, $3, $4)
        """,
        channel,
        summary_id,
        delivery_id,
        now,
    )
    return None


async def end(
    conn: Writer, channel: str, delivery_id: UUID, outcome: str | None, post: str | None, why: str | None
) -> None:
    """How it ended. None: nobody knows."""
    await conn.execute(
        """
        UPDATE outwards.announcements SET outcome = $3, post = $4, why = $5
         WHERE channel = $1 AND delivery_id = $2
        """,
        channel,
        delivery_id,
        outcome,
        short(post),
        short(why),
    )


async def take_back(conn: Writer, channel: str, delivery_id: UUID) -> None:
    """Nothing was posted."""
    await conn.execute(
        """
        DELETE FROM outwards.announcements WHERE channel = $1 AND delivery_id = $2 AND outcome IS NULL
        """,
        channel,
        delivery_id,
    )
