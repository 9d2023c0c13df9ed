"""Projecting by hand, as the runner and the rebuild do."""

import asyncpg

from projections import core, text
from projections.writing import on_schema
from service.eventstore.model import EventStore


async def checkpoint(pool: asyncpg.Pool, schema: str = "read") -> int:
    sql = f"SELECT position FROM {schema}.checkpoint WHERE name = 'core'"  # noqa: S608 (ours)
    return int(await pool.fetchval(sql))


async def project(pool: asyncpg.Pool, store: EventStore, limit: int, schema: str = "read") -> bool:
    """One batch; False when there was nothing more."""
    at = await checkpoint(pool, schema)
    events = await store.read(at, limit, contents="none")
    if not events:
        return False
    async with pool.acquire() as conn:
        rendered = await text.prepare(conn, events)
        async with on_schema(conn, schema):
            await core.apply(conn, at, events, rendered)
    return True


async def project_all(pool: asyncpg.Pool, store: EventStore, limit: int = 500, schema: str = "read") -> None:
    while await project(pool, store, limit, schema):
        pass
