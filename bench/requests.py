"""Requests over HTTP: a paper page, the latest feed and one small summary, from the service as it is run.

The service is a process of its own, `shortscience serve` with one worker; the client keeps its connections
open and sends the next request when an answer is in. CPU is that of the service and of PostgreSQL per
request: the client's is left out.
"""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench.history import COMMENT_CHARACTERS, SUMMARY_CHARACTERS, texts
from bench.measure import TICKS, Measured, Run, in_turns
from bench.server import Server, new_log
from service.commands.comment import PostComment, post_comment
from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.commands.summary import PublishSummary, publish_summary
from service.commands.user import SignUp, sign_up

CONNECTIONS = (1, 8, 32)
PAPER_PAGE = """{ paper(by: {bibtexKey: "bench"}) {
  id bibtexKey arxivId title abstract year authors { name } keywords createdAt
  summaries(first: 20) { nodes {
    id body score { net } createdAt author { ... on User { displayName } }
    comments(first: 5) { totalCount nodes { body createdAt author { ... on User { displayName } } } }
  } }
} }"""
FEED = """{ feed(first: 20) { nodes {
  id excerpt score { net } createdAt author { ... on User { displayName } } paper { title year bibtexKey }
} } }"""
SMALL = """query ($id: ID!) { summary(id: $id) {
  id score { net } createdAt author { ... on User { displayName } } paper { title }
} }"""


async def measure(server: Server, times: int, seconds: float) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    async with new_log(server, "requests") as log:
        secret = await log.pool.fetchval("SELECT secret FROM installation")
        await _write(Context(log.store, secret, lambda: datetime.now(UTC), os.urandom, actor=None))
        with service(log.dsn) as (process, port):
            await ready(port)
            summary = (await _ask(port, PAPER_PAGE))["paper"]["summaries"]["nodes"][0]["id"]
            questions = {
                "paper page, 20 summaries of 4 KB, 5 comments each": request(PAPER_PAGE),
                "latest feed, 20": request(FEED),
                "one small summary": request(SMALL, id=summary),
            }
            for connections in CONNECTIONS:
                asked = [
                    partial(_run, server, process.pid, port, request, connections, seconds)
                    for request in questions.values()
                ]
                for what, runs in zip(questions, await in_turns(times, *asked), strict=True):
                    yield Measured("request", f"{what}, {connections} connections", "requests/s", runs)


async def _write(ctx: Context) -> None:
    """One paper with twenty summaries of five comments."""
    people = [
        replace(ctx, actor=(await sign_up(ctx, SignUp(f"person-{n}", f"Person {n}"))).id) for n in range(20)
    ]
    fields = PaperFields("bench", "A paper with many summaries", ("Ada Lovelace",), year=2015)
    paper = (await register_paper(people[0], RegisterPaper(fields))).id
    bodies, remarks = texts(SUMMARY_CHARACTERS), texts(COMMENT_CHARACTERS)
    for number, person in enumerate(people):
        summary = (await publish_summary(person, PublishSummary(paper, bodies[number % len(bodies)]))).id
        for other in people[:5]:
            await post_comment(other, PostComment(summary, None, remarks[number % len(remarks)]))


@contextmanager
def service(dsn: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    settings = {"DATABASE_URL": dsn, "PORT": str(port), "LOG_LEVEL": "WARNING"}
    environment = os.environ | {f"SHORTSCIENCE_{name}": value for name, value in settings.items()}
    program = [Path(sys.executable).with_name("shortscience"), "serve"]
    with subprocess.Popen(program, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            yield process, port
        finally:
            process.terminate()


async def ready(port: int) -> None:
    async with asyncio.timeout(60):
        while True:
            try:
                if "feed" in await _ask(port, FEED):
                    return
            except OSError:
                await asyncio.sleep(0.1)


def request(query: str, **variables: str) -> bytes:
    body = json.dumps({"query": query, "variables": variables}).encode()
    head = "POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
    return f"{head}{len(body)}\r\n\r\n".encode() + body


async def _ask(port: int, query: str) -> dict[str, dict[str, dict[str, list[dict[str, str]]]]]:
    async with _connected(port) as (reader, writer):
        answer = json.loads(await _answer(reader, writer, request(query)))
    return dict(answer["data"])


@asynccontextmanager
async def _connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
    try:
        yield reader, writer
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The body of an answer with status 200."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"http/1.1 200") or b'"errors"' in body[:200]:
        raise RuntimeError(f"the service refused: {body[:500]!r}")
    return body


async def _run(server: Server, pid: int, port: int, request: bytes, connections: int, seconds: float) -> Run:
    with server.clock.running() as run:
        before, end = processor_seconds(pid), time.perf_counter() + seconds
        await asyncio.gather(*(_ask_until(end, port, request, run) for _ in range(connections)))
        run.count = len(run.latencies)
        ours = processor_seconds(pid) - before
    run.ours = ours
    return run


async def _ask_until(end: float, port: int, request: bytes, run: Run) -> None:
    async with _connected(port) as (reader, writer):
        while (start := time.perf_counter()) < end:
            await _answer(reader, writer, request)
            run.latencies.append(time.perf_counter() - start)


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return sum(map(int, fields[11:13])) / TICKS
