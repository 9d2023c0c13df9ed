"""How far the read models have come, and waiting until they have come far enough."""

import asyncio
import heapq
from itertools import count

import asyncpg

from projections.reading import Reader


async def position(conn: Reader) -> int:
    """The position up to which the core read models show the log. Source: read.checkpoint."""
    [record] = await conn.fetch("SELECT position FROM read.checkpoint WHERE name = 'core'")
    return int(record["position"])


class Progress:
    """Who waits for which position, in this process.

    The runner of this process tells when it leads. Otherwise one task asks the database, for all who
    wait and only while somebody does.
    """

    def __init__(self, pool: asyncpg.Pool, *, interval: float = 0.02) -> None:
        self._pool = pool
        self._interval = interval
        self._position = 0
        self._told = False
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._number = count()
        self._asking: asyncio.Task[None] | None = None

    async def wait_for(self, position: int, timeout: float) -> bool:
        """True as soon as the read models show this position; False when the time ran out.

        Units:  seconds.
        Errors: those of the database, when it has to be asked.
        """
        if position <= self._position:
            return True
        arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (position, next(self._number), arrived))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask(), name="projection progress")
        try:
            async with asyncio.timeout(timeout):
                await arrived
        except TimeoutError:
            return False
        finally:
            arrived.cancel()
        return True

    @property
    def known(self) -> int:
        """Where the read models are at least, as far as this process has heard."""
        return self._position

    def reached(self, position: int) -> None:
        """The read models show this position; only the runner that leads says so."""
        self._told = True
        self._arrive(position)

    def left(self) -> None:
        """The runner of this process leads no more: ask the database."""
        self._told = False

    def _arrive(self, position: int) -> None:
        self._position = position
        while self._waiting and (self._waiting[0][0] <= position or self._waiting[0][2].done()):
            arrived = heapq.heappop(self._waiting)[2]
            if not arrived.done():
                arrived.set_result(None)

    async def _ask(self) -> None:
        try:
            while any(not arrived.done() for _, _, arrived in self._waiting):
                if not self._told:
                    self._arrive(await position(self._pool))
                await asyncio.sleep(self._interval)
        except Exception as error:
            for _, _, arrived in self._waiting:
                if not arrived.done():
                    arrived.set_exception(error)
        finally:
            self._asking = None
            self._waiting.clear()
