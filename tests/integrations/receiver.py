"""A receiver of webhooks behind real HTTP, which can behave badly."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks.webhooks import Webhook

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(frozen=True)
class Message:
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Its JSON. Errors: WebhookVerificationError."""
        return Webhook(secret).verify(self.body, self.headers)


Behaviour = Callable[[Message, asyncio.StreamWriter], Awaitable[None]]


async def well(_message: Message, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


def answering(status: str, *headers: str, body: str = "") -> Behaviour:
    """With this status line, such as "410 Gone"."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers])

    async def behave(_message: Message, writer: asyncio.StreamWriter) -> None:
        writer.write(f"{head}\r\n\r\n{body}".encode())

    return behave


async def hangs(_message: Message, _writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(3_600)


async def closes(_message: Message, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


@dataclass
class Receiver:
    """What came, and how it answers: the first of `next`, while there are any, then `behave`."""

    port: int = 0
    received: list[Message] = field(default_factory=list)
    behave: Behaviour = well
    next: list[Behaviour] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)  # asked for in TLS
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def ids(self) -> list[str]:
        """Each once, in the order in which they first came."""
        return list(dict.fromkeys(one.id for one in self.received))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                message = await _read(reader)
                self.received.append(message)
                await (self.next.pop(0) if self.next else self.behave)(message, writer)
                await writer.drain()
        finally:
            self.tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Whatever it is answering."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Message:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    return Message(headers, await reader.readexactly(int(headers.get("content-length", 0))))


@asynccontextmanager
async def receiving(
    receiver: Receiver | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """One that answers until the end of the body; started again, at the same port."""
    receiver = receiver or Receiver()
    if tls is not None:
        tls.sni_callback = lambda _socket, name, _context: receiver.names.append(name)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", receiver.port, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        await receiver.stop()


def names(*addresses: Sequence[str]) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A resolver that answers with these in turn, and then with the last; and what it was asked."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return addresses[min(len(asked), len(addresses)) - 1]

    return resolve, asked
