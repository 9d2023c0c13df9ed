"""Making the read models anew beside the live ones, and switching in one transaction."""

from collections.abc import Callable

import asyncpg

from projections import core, text
from projections.writing import on_schema
from service.eventstore.model import EventStore

BATCH = 5_000
_LOCK = 0x53_53_72_65_62_64  # any number will do; all who rebuild take the same one

OnProgress = Callable[[int, int], None]

# Unique keys come first, other indexes after the bulk of the rows. All keep their names, so that a later
# migration finds them. The log's own tables, leases and rendered texts are not in this schema: they stay.
_COPY = """
WITH tables AS (SELECT oid, relname FROM pg_class WHERE relnamespace = 'read'::regnamespace AND relkind = 'r')
SELECT 1 AS step, format('CREATE TABLE read_next.%I (LIKE read.%I INCLUDING ALL EXCLUDING INDEXES)',
                         relname, relname) AS sql FROM tables
UNION ALL
SELECT 2, format('ALTER TABLE read_next.%I ADD CONSTRAINT %I %s', relname, conname,
                 pg_get_constraintdef(c.oid))
  FROM pg_constraint c JOIN tables t ON t.oid = c.conrelid WHERE c.contype IN ('p', 'u', 'x')
UNION ALL
SELECT 3, 'INSERT INTO read_next.checkpoint (name, position) VALUES (''core'', 0)'
UNION ALL
SELECT 3, 'INSERT INTO read_next.statistics VALUES (true, 0, 0, 0, 0)'
ORDER BY step
"""
_INDEXES = """
SELECT replace(pg_get_indexdef(i.indexrelid), ' ON read.', ' ON read_next.') AS sql
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
 WHERE t.relnamespace = 'read'::regnamespace
   AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
"""


class RebuildRunning(Exception):
    """Another rebuild is running: wait for its end."""


async def rebuild(pool: asyncpg.Pool, store: EventStore, on_progress: OnProgress | None = None) -> int:
    """Build every table of the schema `read` again from the log, while the old ones are read and written.

    Shape:  the position that the new tables show; on_progress is called with (position, head).
    Errors: RebuildRunning; those of the database. The old tables then stay as they are, and the next
            rebuild clears away what this one left.
    Source: the log and the payloads that survive.
    """
    report = on_progress or (lambda position, head: None)
    async with pool.acquire() as guard:
        async with guard.transaction():
            if not await guard.fetchval("SELECT pg_try_advisory_xact_lock($1)", _LOCK):
                raise RebuildRunning("another rebuild is running: wait for its end")
            await prepare(pool)
            at = await _catch_up(pool, store, report)
            await _run_all(pool, _INDEXES)
            at = await _catch_up(pool, store, report, at)
            at = await _switch(guard, store, at, report)
        await _clean(guard)
    return at


async def prepare(pool: asyncpg.Pool) -> None:
    """Empty tables in the schema `read_next`, like those of `read`."""
    await pool.execute("DROP SCHEMA IF EXISTS read_next, read_old CASCADE")
    await pool.execute("CREATE SCHEMA read_next")
    await _run_all(pool, _COPY)


async def _run_all(pool: asyncpg.Pool, makes_statements: str) -> None:
    async with pool.acquire() as conn, conn.transaction():
        for record in await conn.fetch(makes_statements):
            await conn.execute(record["sql"])


async def _catch_up(pool: asyncpg.Pool, store: EventStore, report: OnProgress, at: int = 0) -> int:
    """Batch after batch, until one is not full: the rest is small enough to hold up the live runner for."""
    while True:
        async with pool.acquire() as conn:
            reached = await _step(conn, store, at)
        report(reached, max(reached, (await store.head()).position))
        if reached < at + BATCH:
            return reached
        at = reached


async def _switch(conn: asyncpg.Connection, store: EventStore, at: int, report: OnProgress) -> int:
    """Nobody writes the live tables while the rest is done, and nobody reads them while they are switched.

    A reader's snapshot begins by locking the checkpoint's table, so it never sees the tables of two
    builds. The end of the old checkpoint's row sends the runner here.
    """
    await conn.execute("SET LOCAL lock_timeout = '30s'")
    await conn.execute("LOCK TABLE read.checkpoint IN SHARE ROW EXCLUSIVE MODE")
    head = (await store.head()).position
    while at < head:
        at = await _step(conn, store, at)
        report(at, max(at, head))
    await conn.execute("LOCK TABLE read.checkpoint IN ACCESS EXCLUSIVE MODE")
    await conn.execute("DELETE FROM read.checkpoint")
    await conn.execute("ALTER SCHEMA read RENAME TO read_old")
    await conn.execute("ALTER SCHEMA read_next RENAME TO read")
    await conn.execute("SET LOCAL synchronous_commit = on")  # batches turn it off; the switch must last
    return at


async def _step(conn: asyncpg.Connection, store: EventStore, at: int) -> int:
    events = await store.read(at, BATCH, contents="none")
    if not events:
        return at
    rendered = await text.prepare(conn, events)
    async with on_schema(conn, "read_next"):
        return await core.apply(conn, at, events, rendered)


async def _clean(conn: asyncpg.Connection) -> None:
    """What nobody reads any more: the old tables, and texts as an older renderer showed them."""
    await conn.execute("DROP SCHEMA read_old CASCADE")
    await conn.execute(
        """
        DELETE FROM rendered o USING rendered n
         WHERE n.payload_id = o.payload_id AND n.renderer_version > o.renderer_version
        """
    )
