"""A proxy before PostgreSQL's socket, which cuts connections at chosen moments of a call."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, quote, urlsplit

SOCKET = ".s.PGSQL.5432"
READY = b"Z\x00\x00\x00\x05I"  # ReadyForQuery, outside a transaction: what was called is committed

Moment = Literal["pass", "before", "during", "after"]


class Proxy:
    """Between a store and PostgreSQL. `plan` is asked once for each call of append_batch.

    Shape:  "before" cuts when the call would be sent on, "during" when it was sent on, "after" when
            its answer is complete, which is after the commit; "pass" lets it through.
    """

    def __init__(self, directory: Path, dsn: str) -> None:
        self.directory = directory
        self.upstream = parse_qs(urlsplit(dsn).query)["host"][0]
        self.dsn = dsn.replace(quote(self.upstream), quote(str(directory)))
        self.plan: Callable[[], Moment] = lambda: "pass"
        self.deaf = False  # True: connections are taken, and nothing is ever answered
        self.cuts = 0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._accept, self.directory / SOCKET)

    async def close(self) -> None:
        """The database is gone: nobody listens and every connection is cut."""
        if self._server is not None:
            self._server.close()
            (self.directory / SOCKET).unlink(missing_ok=True)
            self._server = None
        for task in list(self._lines):
            task.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._lines.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._carry(reader, writer)
        writer.transport.abort()
        self._lines.discard(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_unix_connection(f"{self.upstream}/{SOCKET}")
        line = _Line(self, up_writer, writer)
        ways = [
            asyncio.ensure_future(line.pump(reader, line.to_server)),
            asyncio.ensure_future(line.pump(up_reader, line.to_client)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            up_writer.transport.abort()


class _Line:
    """One connection through the proxy."""

    def __init__(self, proxy: Proxy, up: asyncio.StreamWriter, down: asyncio.StreamWriter) -> None:
        self.proxy = proxy
        self.up = up
        self.down = down
        self.appends = False  # this connection has prepared append_batch
        self.moment: Moment = "pass"
        self.answer = b""

    async def pump(self, reader: asyncio.StreamReader, forward: Callable[[bytes], bool]) -> None:
        while data := await reader.read(1 << 20):
            if not forward(data):
                self.proxy.cuts += 1
                return

    def to_server(self, data: bytes) -> bool:
        if self.proxy.deaf:
            return True
        if self.appends and data[:1] == b"B":  # Bind: a call
            self.moment = self.proxy.plan()
        self.appends = self.appends or b"append_batch(" in data
        if self.moment == "before":
            return False
        self.up.write(data)
        return self.moment != "during"

    def to_client(self, data: bytes) -> bool:
        if self.proxy.deaf:
            return True
        if self.moment == "after":
            self.answer += data
            return not self.answer.endswith(READY)
        self.down.write(data)
        return True


@asynccontextmanager
async def proxied(directory: Path, dsn: str) -> AsyncIterator[Proxy]:
    """A running proxy to the server of this DSN."""
    proxy = Proxy(directory, dsn)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
