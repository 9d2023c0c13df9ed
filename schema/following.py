"""Following the log in this process: it is read once for all who follow."""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from typing import Generic, Protocol, TypeVar

import structlog

from projections import progress
from projections.follower import followed_to
from projections.reading import Reader
from schema.context import Tools
from schema.news import News
from schema.reading import ReadSession, is_away

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # how often the database is asked when no wake-up comes
BACK = 10_000  # positions before the head that are read when the first follower comes
KEPT = 10_000  # entries in memory; who is further behind reads the database
PAGE = 500
MOMENT = 0.1  # that another follower has for what is new
AHEAD = 100  # entries that one follower has read and not sent


class Placed(Protocol):
    """What happened at a position."""

    @property
    def position(self) -> int: ...


E = TypeVar("E", bound=Placed)
Read = Callable[[Reader, int, int], Awaitable[list[E]]]
"""(conn, after, limit): entries after a position, in order."""


class Stopping(Exception):
    """The service stops: go on at another process, or later."""


@dataclass(frozen=True, slots=True)
class Taken(Generic[E]):
    """Entries, and up to where there are no others."""

    entries: list[E]
    to: int


class Hub(Generic[E]):
    """Reads what is new, once for all followers, while there are any, and keeps the latest of it.

    It is woken by the log, and asks the database at least once in IDLE_SECONDS: nothing depends on wake-ups.
    """

    def __init__(self, tools: Tools, read: Read[E], turns: asyncio.Semaphore, *, kept: int = KEPT) -> None:
        self._tools = tools
        self._read = read
        self._turns = turns  # who may hold a connection of the pool
        self._most = kept
        self._followers = 0
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._forget()

    def _forget(self) -> None:
        self._kept: list[E] = []
        self._since: int | None = None  # everything after it, up to _position, is kept
        self._position = 0
        self._grown = News()

    @property
    def followers(self) -> int:
        return self._followers

    @property
    def position(self) -> int:
        """Up to where everything is read."""
        return self._position

    @contextmanager
    def followed(self) -> Iterator[None]:
        """While somebody follows."""
        self._followers += 1
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="following")
        try:
            yield
        finally:
            self._followers -= 1
            if not self._followers:
                self._task.cancel()
                self._task = None
                self._forget()

    def stop(self) -> None:
        """Every follower gets Stopping instead of what comes next."""
        self._stopped = True
        self._wake()

    def take(self, after: int, wanted: Callable[[E], bool]) -> Taken[E] | None:
        """What is in memory after a position, up to AHEAD entries. None: it has to be read.

        Errors: Stopping.
        """
        if self._stopped:
            raise Stopping
        if self._since is None:
            return Taken([], after)  # it has only just begun, and says when it has read
        if after < self._since:
            return None
        found: list[E] = []
        for at in range(bisect_right(self._kept, after, key=attrgetter("position")), len(self._kept)):
            if wanted(self._kept[at]):
                found.append(self._kept[at])
                if len(found) == AHEAD:
                    return Taken(found, found[-1].position)
        return Taken(found, max(after, self._position))

    @property
    def grown(self) -> News:
        """The next. Take it before looking, and wait for it when nothing was there."""
        return self._grown

    async def page(self, after: int, read: Read[E]) -> Taken[E]:
        """What the database has after a position, up to AHEAD entries, as soon as it can be reached.

        Errors: Stopping; those of asyncpg that waiting does not help.
        """
        while not self._stopped:
            try:
                async with self._turns:
                    return await self._taken(after, AHEAD, read)
            except Exception as error:
                if not is_away(error):
                    raise
            await asyncio.sleep(IDLE_SECONDS)
        raise Stopping

    async def _run(self) -> None:
        while True:
            try:
                await self._begin()
                while True:
                    await self._step()
                    await self._wait()
            except Exception as error:
                if not is_away(error):
                    log.error("following the log failed", exc_info=error)
                else:
                    log.warning("following the log was interrupted", error=str(error))
                await asyncio.sleep(IDLE_SECONDS)

    async def _begin(self) -> None:
        if self._since is None:
            self._position = max(0, await self._reached(self._tools.pool) - BACK)
            self._since = self._position
            self._wake()

    async def _step(self) -> None:
        """Read up to where the read models are."""
        while True:
            found = await self._taken(self._position, PAGE, self._read)
            self._position = max(self._position, found.to)
            if found.entries:
                self._keep(found.entries)
            if len(found.entries) < PAGE:
                return

    def _keep(self, entries: list[E]) -> None:
        self._kept += entries
        if len(self._kept) > 2 * self._most:
            gone = len(self._kept) - self._most
            self._since = self._kept[gone - 1].position
            del self._kept[:gone]
        self._wake()

    def _wake(self) -> None:
        self._grown.tell()
        self._grown = News()

    async def _wait(self) -> None:
        if await self._tools.store.wait(self._position, IDLE_SECONDS):
            await self._tools.progress.wait_for(self._position + 1, IDLE_SECONDS)

    async def _taken(self, after: int, limit: int, read: Read[E]) -> Taken[E]:
        session = ReadSession(self._tools.pool, self._tools.statement_seconds)
        try:
            found = await read(session, after, limit)
            to = found[-1].position if len(found) == limit else await self._reached(session)
        finally:
            await session.close()
        return Taken(found, max(after, to))

    async def _reached(self, conn: Reader) -> int:
        """Up to where there is nothing but what can be read now."""
        return conn.shown() if isinstance(conn, ReadSession) else await progress.position(conn)


class LaterHub(Hub[E]):
    """Follows what another follower of the log makes of it, a moment after the read models show it."""

    def __init__(self, tools: Tools, read: Read[E], turns: asyncio.Semaphore, *, of: str) -> None:
        super().__init__(tools, read, turns)
        self._of = of

    async def _reached(self, conn: Reader) -> int:
        return await followed_to(conn, self._of)

    async def _wait(self) -> None:
        await super()._wait()
        await asyncio.sleep(MOMENT)
