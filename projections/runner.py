"""Projects the log into the core read models."""

import asyncpg

from projections import core, text
from projections.follower import IDLE_SECONDS, LEASE_SECONDS, Follower
from projections.progress import Progress, position
from projections.writing import on_schema
from service.eventstore.model import EventStore

BATCH = 2_000  # events a transaction


class Runner(Follower):
    """The follower that writes what pages and queries read, at one checkpoint."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        progress: Progress,
        *,
        holder: str,
        render: text.Render = text.render_text,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        super().__init__(
            pool,
            store,
            name="core",
            holder=holder,
            batch=batch,
            lease_seconds=lease_seconds,
            progress=progress,
        )
        self._render = render

    async def _position(self) -> int:
        return await position(self._pool)

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        events = await self._store.read(at, limit, contents="none")
        if not events:
            await self._store.wait(at, IDLE_SECONDS)
            return at, at
        async with self._pool.acquire() as conn:
            rendered = await text.prepare(conn, events, self._render)
            async with on_schema(conn, "read"):
                await self._lease.renew(conn, epoch)
                at = await core.apply(conn, at, events, rendered)
        return at, at if len(events) < limit else (await self._store.head()).position
