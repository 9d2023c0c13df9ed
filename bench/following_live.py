"""Programs that follow over WebSockets: how soon they hear of a commit, what waiting costs, and replay.

The service is a process of its own; writer and subscribers are in this one, so that with many subscribers it
is measured too. All have the same document, so each message is made once.
"""

import asyncio
import json
import os
import struct
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

from bench.history import SUMMARY_CHARACTERS, texts
from bench.measure import Measured, Run
from bench.requests import processor_seconds, ready, request, service
from bench.server import Server, new_log
from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.commands.summary import PublishSummary, publish_summary
from service.commands.user import SignUp, sign_up

AFTER = "subscription($after: Position)"
SUMMARIES = f"{AFTER} {{ summaryPublished(after: $after) {{ position summary {{ id excerpt }} }} }}"
EVENTS = f"{AFTER} {{ eventRecorded(after: $after) {{ position type subject data }} }}"
HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
TOGETHER = 50  # that connect at once
IDLE = 5.0  # seconds
PATIENCE = 120.0


async def measure(
    server: Server, subscribers: Sequence[int], publications: int, replayed: int
) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    async with new_log(server, "following_live") as log:
        secret = await log.pool.fetchval("SELECT secret FROM installation")
        ctx = Context(log.store, secret, lambda: datetime.now(UTC), os.urandom, actor=None)
        writer = replace(ctx, actor=(await sign_up(ctx, SignUp("writer", None))).id)
        with service(log.dsn) as (process, port):
            await ready(port)
            for count in subscribers:
                async for measured in _waiting_and_hearing(
                    server, process.pid, port, writer, count, publications
                ):
                    yield measured
            await _publish(writer, replayed // 3)  # a paper, a summary and a vote each
            head = (await log.store.head()).position
            while not (await _position(port)).endswith(f"{head:016d}"):  # noqa: ASYNC110 (it tells no other way)
                await asyncio.sleep(1.0)  # until it is projected, and what follows it has rested
            for what, query, last in (("events", EVENTS, head), ("summaries", SUMMARIES, head - 1)):
                run = await _replay(server, process.pid, port, query, last)
                yield Measured("replay", f"{what} to one subscriber", "messages/s", [run])


async def _waiting_and_hearing(
    server: Server, pid: int, port: int, writer: Context, count: int, publications: int
) -> AsyncIterator[Measured]:
    before = _memory(pid)
    async with _listening(port, count) as listeners:
        await asyncio.sleep(1.0)
        grown, cpu = (_memory(pid) - before) / count, processor_seconds(pid)
        await asyncio.sleep(IDLE)
        busy = (processor_seconds(pid) - cpu) / IDLE
        waiting = Run(count=round(grown / 1024), seconds=1.0)
        yield Measured("waiting", f"{count:,} subscribers, {busy:.1%} of a core", "KiB each", [waiting])
        with server.clock.running() as run:
            cpu = processor_seconds(pid)
            for number in range(publications):
                begun = await _publish_one(writer, f"{count}-{number}")
                async with asyncio.timeout(PATIENCE):
                    run.latencies += [await one.next() - begun for one in listeners]
            cpu = processor_seconds(pid) - cpu
        run.count, run.ours = len(run.latencies), cpu
        yield Measured("commit to subscriber", f"{count:,} subscribers", "messages/s", [run])


async def _replay(server: Server, pid: int, port: int, query: str, last: int) -> Run:
    """From the beginning of the log to this position."""
    beginning = (await _position(port))[:-16] + "0" * 16
    with server.clock.running() as run:
        cpu = processor_seconds(pid)
        async with _listening(port, 1, query, beginning) as [listener], asyncio.timeout(PATIENCE):
            while f"{last:016d}".encode() not in listener.text:
                await listener.next()
                run.count += 1
        cpu = processor_seconds(pid) - cpu
    run.ours = cpu
    return run


async def _position(port: int) -> str:
    """Where the read models are."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("{ __typename }"))
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    [position] = [line for line in head.splitlines() if line.lower().startswith("position: ")]
    return position.partition(" ")[2]


async def _publish(writer: Context, count: int) -> None:
    for first in range(0, count, 100):
        names = [f"replay-{n}" for n in range(first, min(first + 100, count))]
        await asyncio.gather(*(_publish_one(writer, name) for name in names))


async def _publish_one(writer: Context, name: str) -> float:
    """When it was committed."""
    paper = await register_paper(writer, RegisterPaper(PaperFields(name, "A paper", ("Ada Lovelace",))))
    await publish_summary(writer, PublishSummary(paper.id, texts(SUMMARY_CHARACTERS)[0]))
    return time.perf_counter()


class Listener(asyncio.Protocol):
    """A subscriber that costs little: it notes when each message came."""

    def __init__(self, query: str, after: str | None) -> None:
        self.text = b""
        self._asked = json.dumps({"query": query, "variables": {"after": after}})
        self._buffer = b""
        self._shaken = False
        self._arrived: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(HANDSHAKE.encode())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._buffer += data
        if not self._shaken:
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._shaken, self._buffer = True, rest
            self._send('{"type":"connection_init"}')
        while frame := _frame(self._buffer):
            opcode, payload, self._buffer = frame
            if opcode == 9:
                self._send(payload.decode("latin-1"), 0x8A)
            elif payload == b'{"type":"connection_ack"}':
                self._send(f'{{"type":"subscribe","id":"1","payload":{self._asked}}}')
                self._send('{"type":"ping"}')
            else:
                self._arrived.put_nowait((now, payload))

    def _send(self, text: str, opening: int = 0x81) -> None:
        """Masked with zeros."""
        payload = text.encode("latin-1")
        size = (
            bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
        )
        self.transport.write(bytes([opening]) + size + bytes(4) + payload)

    async def next(self) -> float:
        """When the next message came."""
        at, self.text = await self._arrived.get()
        return at


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """The first frame, as opcode and payload, and what is after it."""
    if len(data) < 2:
        return None
    size, begin = data[1], 2
    if size > 125:
        begin = 4 if size == 126 else 10
        if len(data) < begin:
            return None
        size = int.from_bytes(data[2:begin], "big")
    end = begin + size
    return (data[0] & 15, data[begin:end], data[end:]) if len(data) >= end else None


@asynccontextmanager
async def _listening(
    port: int, count: int, query: str = SUMMARIES, after: str | None = None
) -> AsyncIterator[list[Listener]]:
    """So many that have begun to follow."""
    loop, listeners = asyncio.get_running_loop(), list[Listener]()
    try:
        for first in range(0, count, TOGETHER):
            together = [Listener(query, after) for _ in range(first, min(first + TOGETHER, count))]
            listeners += together
            await asyncio.gather(
                *(loop.create_connection(partial(_same, one), "127.0.0.1", port) for one in together)
            )
            async with asyncio.timeout(PATIENCE):
                for one in together:
                    await one.next()  # the pong: what was asked before it has begun
        yield listeners
    finally:
        for one in listeners:
            one.transport.abort()


def _same(listener: Listener) -> Listener:
    return listener


def _memory(pid: int) -> int:
    """What the process holds of its own, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) * 1024
