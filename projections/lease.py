"""Who leads: one process at a time, for as long as it renews; the database's clock judges."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from projections.writing import Writer

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another process leads now."""


class Lease:
    """The right to do something alone. Its epoch grows with every change of leader and fences the old one.

    Units:  seconds is how long it lasts without being renewed, so how long after a crash another waits.
    Source: projection_leases.
    """

    def __init__(self, pool: asyncpg.Pool, name: str, holder: str, seconds: float) -> None:
        self._pool = pool
        self._name = name
        self._holder = holder
        self._seconds = seconds

    async def take(self) -> int | None:
        """The new epoch; None while another leads."""
        epoch: int | None = await self._pool.fetchval(
            """
            INSERT INTO projection_leases AS l (name, epoch, holder, expires_at)
            VALUES ($1, 1, $2, clock_timestamp() + make_interval(secs => $3))
            ON CONFLICT (name) DO UPDATE
               SET epoch = l.epoch + 1, holder = excluded.holder, expires_at = excluded.expires_at
             WHERE l.expires_at <= clock_timestamp() OR l.holder = excluded.holder
            RETURNING epoch
            """,
            self._name,
            self._holder,
            self._seconds,
        )
        return epoch

    async def renew(self, conn: Writer, epoch: int) -> None:
        """In the transaction that writes: nobody takes over before it ends. Errors: LeaseLost."""
        done = await conn.execute(
            """
            UPDATE projection_leases SET expires_at = clock_timestamp() + make_interval(secs => $3)
             WHERE name = $1 AND epoch = $2
            """,
            self._name,
            epoch,
            self._seconds,
        )
        if done != "UPDATE 1":
            raise LeaseLost(f"epoch {epoch} of {self._name} is over")

    async def release(self, epoch: int) -> None:
        """Let another lead at once."""
        await self._pool.execute(
            "UPDATE projection_leases SET expires_at = '-infinity' WHERE name = $1 AND epoch = $2",
            self._name,
            epoch,
            timeout=self._seconds,
        )

    @asynccontextmanager
    async def held(self, epoch: int) -> AsyncIterator[None]:
        """Renew beside the body, which is cancelled when that fails; release at the end.

        Errors: LeaseLost, or what the database says, in a group with what the body raised.
        """
        try:
            async with asyncio.TaskGroup() as group:
                keeper = group.create_task(self._keep(epoch), name=f"lease {self._name}")
                try:
                    yield
                finally:
                    keeper.cancel()
        finally:
            await self._try_release(epoch)

    async def _keep(self, epoch: int) -> None:
        while True:
            await asyncio.sleep(self._seconds / 3)
            await self.renew(self._pool, epoch)

    async def _try_release(self, epoch: int) -> None:
        try:
            await self.release(epoch)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("lease not released: it runs out by itself", lease=self._name, error=str(error))
