"""The PostgreSQL to measure on: embedded, durable, our own, gone after the run."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.measure import Clock
from service.database import connection_pool, connector
from service.embedded import embedded_postgres
from service.eventstore.postgres import PostgresStore
from service.migrations import migrate


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, what it promises about commits, and the clock beside it."""

    dsn: str
    data_dir: Path
    clock: Clock
    durability: str


@dataclass(frozen=True, slots=True)
class Database:
    """A migrated database, the log on it, and its address for its superuser."""

    dsn: str
    pool: asyncpg.Pool
    store: PostgresStore


@asynccontextmanager
async def running_server(parent: Path) -> AsyncIterator[Server]:
    """Made with the product's own settings in a directory under `parent`, which is on a real disk."""
    with tempfile.TemporaryDirectory(prefix="bench-", dir=parent) as directory:
        async with embedded_postgres(Path(directory)) as postgres:
            pid = int((postgres.data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
            yield Server(postgres.dsn, postgres.data_dir, Clock(pid), await _durability(postgres.dsn))


@asynccontextmanager
async def new_log(server: Server, name: str) -> AsyncIterator[Database]:
    """An empty log in a database of its own, dropped in the end."""
    dsn = await create_database(server, name)
    try:
        await migrate(dsn)
        async with (
            connection_pool(dsn, max_size=8) as pool,
            PostgresStore.open(pool, connector(dsn)) as store,
        ):
            yield Database(dsn, pool, store)
    finally:
        await execute(server.dsn, f"DROP DATABASE {name} WITH (FORCE)")


async def create_database(server: Server, name: str) -> str:
    """Its address."""
    await execute(server.dsn, f"CREATE DATABASE {name}")
    return server.dsn.replace("@/shortscience?", f"@/{name}?")


async def execute(dsn: str, sql: str) -> None:
    """Statements on a connection of their own, as the superuser."""
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute(sql)
    finally:
        await conn.close()


async def _durability(dsn: str) -> str:
    names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
    conn = await asyncpg.connect(dsn)
    try:
        values = [await conn.fetchval("SELECT current_setting($1)", name) for name in names]
    finally:
        await conn.close()
    return ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
