"""Connections that stay: how many there may be, how long they may take, whose tokens are still good."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from schema.context import Tools
from schema.live import Live
from schema.reading import is_away
from service.web.refusals import Refused

log = structlog.get_logger()

MOST_CONNECTIONS = 10_000  # of one process
SEND_SECONDS = 30.0  # that a client has to take a message
CHECK_SECONDS = 30.0  # how often it is asked whether tokens are still good


class Connections:
    """All connections of this process that stay. Shape: live runs their operations."""

    def __init__(self, live: Live, tools: Tools, *, most: int = MOST_CONNECTIONS) -> None:
        self.live = live
        self.tools = tools
        self._most = most
        self._open = 0
        self._known: dict[Callable[[], None], str] = {}
        self._checking: asyncio.Task[None] | None = None

    @property
    def open(self) -> int:
        return self._open

    @contextmanager
    def counted(self) -> Iterator[None]:
        """One more, while the body runs. Errors: Refused (503) when there are too many."""
        if self._open >= self._most:
            message = f"There are {self._most:,} connections to this process already: try again later."
            raise Refused(503, "BUSY", message, {"Retry-After": "10"}, limit=self._most)
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    @contextmanager
    def watched(self, token: str | None, end: Callable[[], None]) -> Iterator[None]:
        """While the body runs, `end` is called at most CHECK_SECONDS after the token is good no more."""
        if token is None:
            yield
            return
        self._known[end] = token
        if self._checking is None:
            self._checking = asyncio.create_task(self._check(), name="tokens of connections")
        try:
            yield
        finally:
            del self._known[end]
            if not self._known:
                self._checking.cancel()
                self._checking = None

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            asked = set(self._known.values())
            try:
                bad = asked - await self.tools.accounts.good_tokens(asked)
            except Exception as error:  # whatever it is, the next check is to come
                tell = log.warning if is_away(error) else log.exception
                tell("tokens of connections cannot be checked just now", error=str(error))
                continue
            for end in [end for end, token in self._known.items() if token in bad]:
                end()
