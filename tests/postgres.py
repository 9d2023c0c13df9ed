"""Real PostgreSQL for tests: one cluster for a session, one database for a test, owners to kill."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from service.embedded import embedded_postgres

# Tests do not outlive a power cut. What survives a killed process is the same: with fsync off a commit
# still reaches the operating system first (with synchronous_commit off it would not).
FAST = {"fsync": "off", "full_page_writes": "off"}

OWNER = """
import asyncio, concurrent.futures.thread, os, sys
from pathlib import Path
from service.embedded import embedded_postgres

if len(sys.argv) > 2:  # become a plain user only now: it may not reach this interpreter's files
    os.setgroups([])
    os.setgid(int(sys.argv[2]))
    os.setuid(int(sys.argv[2]))

async def main():
    async with embedded_postgres(Path(sys.argv[1]), {'fsync': 'off'}) as postgres:
        print(postgres.dsn, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@contextmanager
def running_cluster(data_dir: Path, settings: Mapping[str, str] = FAST) -> Iterator[str]:
    """A cluster for code without a loop: yields the DSN of its database `shortscience`."""
    context = embedded_postgres(data_dir, settings)
    with ThreadPoolExecutor(1) as thread:  # the context needs one loop from its start to its end
        runner = thread.submit(asyncio.Runner).result()
        try:
            yield thread.submit(runner.run, context.__aenter__()).result().dsn
        finally:
            thread.submit(runner.run, context.__aexit__(None, None, None)).result()
            thread.submit(runner.close).result()


def database(dsn: str, name: str) -> str:
    """The same server and user, another database."""
    return dsn.replace("@/shortscience?", f"@/{name}?")


@asynccontextmanager
async def fresh_database(dsn: str, template: str) -> AsyncIterator[str]:
    """A database of its own, copied from `template` and dropped in the end, whoever is connected."""
    name = f"t_{uuid4().hex}"
    await execute(dsn, f"CREATE DATABASE {name} TEMPLATE {template}")
    try:
        yield database(dsn, name)
    finally:
        await execute(dsn, f"DROP DATABASE {name} WITH (FORCE)")


async def execute(dsn: str, sql: str, *args: object) -> None:
    """One statement on a connection of its own."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(sql, *args)
    finally:
        await conn.close()


async def fetchval(dsn: str, sql: str) -> object:
    """One value on a connection of its own."""
    conn = await asyncpg.connect(dsn)
    try:
        return await conn.fetchval(sql)
    finally:
        await conn.close()


def postmaster(data_dir: Path) -> int:
    """The process id of the running server."""
    return int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])


@contextmanager
def owner(data_dir: Path, user: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns a share of the server; it leaves when its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(data_dir), *([] if user is None else [str(user)])],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.communicate(timeout=60)


def dsn_of(process: subprocess.Popen[str]) -> str:
    """Wait for an owner to have the server running."""
    assert process.stdout
    line = process.stdout.readline().strip()
    assert line, f"the owner ended with {process.wait()}"
    return line


def is_root() -> bool:
    """Whether PostgreSQL must run as someone else here."""
    return os.geteuid() == 0
