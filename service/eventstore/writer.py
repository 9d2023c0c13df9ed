"""Group commit: one task sends everything that waits to the database in one call."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg
import structlog

from service.eventstore.batch import Waiting, call, settle
from service.eventstore.model import LogBusy, LogUnavailable
from service.eventstore.tally import Tally

log = structlog.get_logger()

Connect = Callable[[], Awaitable[asyncpg.Connection]]

LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.exceptions.OperatorInterventionError,  # shutdown, crash, not yet accepting connections
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # a connection that dies just as it is to be used
    asyncpg.DiskFullError,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """Units: appends waiting; appends and payload bytes in one call; seconds of retrying."""

    queue: int = 4096
    batch: int = 512
    batch_bytes: int = 8_000_000
    give_up_after: float = 15.0


class Writer:
    """The one task of this process that appends.

    Errors: LogBusy when `queue` appends wait already; LogUnavailable when the database stayed away
            for `give_up_after` seconds: whether the append was recorded is then unknown, and the same
            command id will tell.
    """

    def __init__(self, connect: Connect, on_commit: Callable[[int], None], limits: Limits) -> None:
        self._connect = connect
        self._on_commit = on_commit
        self._limits = limits
        self._queue: deque[Waiting] = deque()
        self._alone = 0  # so many at the head of the queue are sent one by one
        self._some = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.tally = Tally()

    @property
    def waiting(self) -> int:
        """How many appends wait in the queue."""
        return len(self._queue)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="log writer")

    async def stop(self) -> None:
        """Send what waits, then end. New appends are refused as busy."""
        self._stopping = True
        self._some.set()
        if self._task is not None:
            await self._task
        await self._drop_connection()

    def submit(self, waiting: Waiting) -> None:
        """Queue an append; its future gets the outcome, even when the caller has gone."""
        if self._stopping or len(self._queue) >= self._limits.queue:
            self.tally.refused["busy"] += 1
            raise LogBusy("too many appends are waiting: try again in a moment")
        self._queue.append(waiting)
        self._some.set()

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._stopping:
                    return
                self._some.clear()
                await self._some.wait()
                continue
            await self._send(self._take())

    def _take(self) -> list[Waiting]:
        """The next batch: no two of its appends share a command, a stream or a claim."""
        if self._alone:
            self._alone -= 1
            return [self._queue.popleft()]
        batch: list[Waiting] = []
        later: deque[Waiting] = deque()
        used: set[int | str] = set()
        size = 0
        while self._queue and len(batch) < self._limits.batch and size < self._limits.batch_bytes:
            waiting = self._queue.popleft()
            # What an earlier append waits for, a later one waits for too: order per stream is kept.
            (batch if used.isdisjoint(waiting.keys) else later).append(waiting)
            used |= waiting.keys
            size += waiting.size
        self._queue.extendleft(reversed(later))
        return batch

    async def _send(self, batch: Sequence[Waiting]) -> None:
        began = time.perf_counter()
        try:
            rows = await self._call_until_answered(batch)
            position = settle(batch, rows)
        except LOST as error:
            self._give_up(batch, error)
        except Exception as error:
            self._send_alone(batch, error)
        else:
            self.tally.batch([row["verdict"] for row in rows], time.perf_counter() - began)
            self._on_commit(position)

    def _give_up(self, batch: Sequence[Waiting], error: Exception) -> None:
        """The whole queue with it: else each batch in turn would wait `give_up_after` for nothing."""
        self.tally.refused["unavailable"] += len(batch) + len(self._queue)
        for waiting in [*batch, *self._queue]:
            unavailable = LogUnavailable("the database cannot be reached: retry with the same idempotencyKey")
            unavailable.__cause__ = error
            _fail(waiting, unavailable)
        self._queue.clear()
        self._alone = 0

    def _send_alone(self, batch: Sequence[Waiting], error: Exception) -> None:
        """One append spoils a batch for all: find out which by sending each alone, before all others."""
        if len(batch) == 1:
            self.tally.refused["error"] += 1
            _fail(batch[0], error)
            return
        log.warning("batch refused, sending its appends alone", appends=len(batch), error=str(error))
        self._queue.extendleft(reversed(batch))
        self._alone = len(batch)

    async def _call_until_answered(self, batch: Sequence[Waiting]) -> list[asyncpg.Record]:
        """Known command ids make the retry after a lost answer safe."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.give_up_after
        pause = 0.05
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    if self._connection is None:
                        self._connection = await self._connect()
                    return await call(self._connection, batch)
            except LOST as error:  # TimeoutError is an OSError
                await self._drop_connection()
                if loop.time() + pause >= deadline:
                    raise
                log.warning("log connection lost, trying again", error=str(error) or type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 1.0)

    async def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*LOST):
                connection.terminate()


def _fail(waiting: Waiting, error: Exception) -> None:
    if not waiting.future.done():
        waiting.future.set_exception(error)
