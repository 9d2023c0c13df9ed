"""Wake-ups: they make a follower of the log quicker, and nothing depends on them.

After a commit the writer announces its position: at once in this process, and with NOTIFY to others,
outside the append (it takes a lock that all commits share) and not more often than `throttle` seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import structlog

log = structlog.get_logger()

CHANNEL = "shortscience_log"


class Wakeups:
    """The highest position that this process has heard of, and who waits for more."""

    def __init__(
        self, connect: Callable[[], Awaitable[asyncpg.Connection]], *, throttle: float = 0.01
    ) -> None:
        self._connect = connect
        self._throttle = throttle
        self._heard = 0
        self._committed = 0
        self._announced = 0
        self._rumoured = 0
        self._grown = asyncio.Event()
        self._stirred = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="log wake-ups")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def committed(self, position: int) -> None:
        """This process appended up to here."""
        self._hear(position)
        self._committed = max(self._committed, position)
        self._stirred.set()

    async def wait(self, after: int, timeout: float) -> bool:
        """True as soon as a position after this one was heard of; False when the time ran out."""
        try:
            async with asyncio.timeout(timeout):
                while self._heard <= after:
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    def _hear(self, position: int) -> None:
        if position > self._heard:
            self._heard = position
            self._grown.set()
            self._grown = asyncio.Event()

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        """Anyone may NOTIFY: it is a rumour, and the log itself is asked."""
        text = str(payload)
        if text.isdecimal() and len(text) < 19:
            self._suspect(int(text))

    def _suspect(self, position: int) -> None:
        self._rumoured = max(self._rumoured, position)
        self._stirred.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen_and_announce()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("wake-up connection lost, polling meanwhile", error=str(error))
                self._announced = 0  # the last announcement may have been lost with it
                await asyncio.sleep(0.5)

    async def _listen_and_announce(self) -> None:
        connection = await self._connect()
        try:
            connection.add_termination_listener(lambda _: self._suspect(self._heard + 1))  # see it at once
            await connection.add_listener(CHANNEL, self._on_notify)
            self._suspect(self._heard + 1)  # something may have come before we listened
            while True:
                if self._rumoured > self._heard:
                    self._rumoured = 0
                    self._hear(await connection.fetchval("SELECT position FROM log_head"))
                if self._committed > self._announced:
                    self._announced = self._committed
                    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(self._announced))
                    await asyncio.sleep(self._throttle)
                await self._stirred.wait()
                self._stirred.clear()
        finally:
            connection.terminate()
