"""Follows the log, and plans for every channel what is to go where."""

import time
from collections.abc import Collection, Sequence
from uuid import UUID

import asyncpg

from projections import progress
from projections.follower import IDLE_SECONDS, LEASE_SECONDS, Follower, followed_to, move_follower
from projections.progress import Progress
from projections.writing import Writer, on_schema
from service.eventstore.model import EventStore
from service.integrations import deliveries, notification, planning, webhook_secrets
from service.integrations.outbox import NAME, Channel, Happened, Planned
from service.integrations.sender import Bell

BATCH = 500  # events a transaction, at most
TOGETHER = 100  # events of which a channel is asked at once, at most
MUCH = 20_000  # deliveries that are enough for a transaction; those of one event are together
LONG_SECONDS = 1.0  # after which a transaction ends, too
BEHIND = 8  # targets that catch up in one
KEEP_DAYS = 30.0
TIDY_SECONDS = 60.0
TIDY = 5_000  # deliveries forgotten at once


class Planner(Follower):
    """Plans each event once, as soon as the core read models show it.

    Deliveries and checkpoint are one transaction, and durable: what was sent was planned for ever. However
    many targets there are, a transaction stays short: it ends early when it has much.

    Shape:  bell is rung when something was planned; shown tells how far the read models are.
    Units:  deliveries that ended are kept for keep_days.
    Source: read.event, events, and what the channels read.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        channels: Sequence[Channel],
        *,
        holder: str,
        shown: Progress,
        bell: Bell,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
        keep_days: float = KEEP_DAYS,
    ) -> None:
        super().__init__(pool, store, name=NAME, holder=holder, batch=batch, lease_seconds=lease_seconds)
        self._channels = {one.name: one for one in channels}
        self._shown = shown
        self._bell = bell
        self._keep_days = keep_days
        self._idle = False
        self._tidied = 0.0  # by a clock of our own: it only paces

    async def _position(self) -> int:
        self._idle = False
        return await followed_to(self._pool, NAME)

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        if self._idle and await self._store.wait(at, IDLE_SECONDS):
            await self._shown.wait_for(at + 1, IDLE_SECONDS)
        async with self._pool.acquire() as conn, on_schema(conn, "public"):
            await conn.execute("SET LOCAL synchronous_commit = on")
            await self._lease.renew(conn, epoch)
            shown = await progress.position(conn)
            to, planned = await self._plan(conn, at, shown, limit)
            late = shown >= to and await self._plan_late(conn, to, limit)  # not while they begin anew
            untidy = await self._tidy(conn)
        if planned or late:
            self._bell.ring()
        self._idle = to == at and not late and not untidy
        return to, (await self._store.head()).position

    async def _plan(self, conn: Writer, at: int, shown: int, limit: int) -> tuple[int, int]:
        """The next events for every target that is not behind; up to where, and how much they were."""
        events, planned = await deliveries.happened(conn, at, shown, limit), 0
        until = time.monotonic() + LONG_SECONDS
        while events and planned < MUCH and time.monotonic() < until:
            together = await self._together(conn)
            some, events = events[:together], events[together:]
            planned += await self._plan_some(conn, at, some)
            at = some[-1].position
        return at, planned

    async def _together(self, conn: Writer) -> int:
        """Of how many events a channel is asked at once: even if all go everywhere, it is not too much."""
        widest = await planning.widest(conn, self._channels, MUCH)
        return max(1, min(TOGETHER, MUCH // max(1, widest)))

    async def _plan_some(self, conn: Writer, at: int, events: Sequence[Happened]) -> int:
        await move_follower(conn, NAME, at, events[-1].position)
        count = 0
        for channel in self._channels.values():
            if planned := await _asked(channel, conn, events, None):
                count += len(planned)
                ready = await planning.open_targets(conn, channel.name, channel.ordered, planned, at)
                await deliveries.add(
                    conn, channel.name, events, [one for one in planned if one.target in ready]
                )
        return count

    async def _plan_late(self, conn: Writer, to: int, limit: int) -> bool:
        """A part of what targets have before them that fell behind. Whether there were any."""
        late = await planning.late(conn, self._channels, BEHIND)
        for record in late:
            channel, target, behind = self._channels[record["channel"]], record["target"], record["behind"]
            events = await deliveries.happened(conn, behind, to, limit)
            planned = await _asked(channel, conn, events, (target,)) if events else []
            if await planning.hold_behind(conn, channel.name, target, behind):
                await deliveries.add(conn, channel.name, events, planned)
                there = len(events) < limit
                await planning.catch_up(conn, channel.name, target, None if there else events[-1].position)
        return bool(late)

    async def _tidy(self, conn: Writer) -> bool:
        """Forget what is old, from time to time. Whether there is more of it: then go on at once."""
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return False
        await webhook_secrets.forget_over(conn)
        more = await deliveries.remove_old(conn, self._keep_days, TIDY)
        more |= await notification.remove_old(conn, notification.KEPT_DAYS, TIDY)
        if not more:
            self._tidied = time.monotonic()
        return more


async def _asked(
    channel: Channel, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
) -> list[Planned]:
    """What a channel plans. Errors: ValueError when it plans for others than it was asked."""
    planned, within = await channel.plan(conn, events, only), {one.position for one in events}
    for one in planned:
        if one.position not in within or (only is not None and one.target not in only):
            raise ValueError(f"{channel.name} was not asked to plan {one}")
    return list(planned)
