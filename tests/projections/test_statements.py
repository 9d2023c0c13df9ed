"""A batch is a number of statements that does not depend on its size."""

import asyncpg

from projections import core, text
from projections.writing import on_schema
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, World, play
from tests.projections.projecting import checkpoint

MOST = 39


async def statements_of_one_batch(pool: asyncpg.Pool, store: PostgresStore) -> int:
    """How many statements one batch of everything there is takes."""
    at = await checkpoint(pool)
    events = await store.read(at, 10_000, contents="none")
    statements: list[str] = []
    async with pool.acquire() as conn:
        listen = lambda query: statements.append(query.query)  # noqa: E731 (the same object is removed below)
        conn.add_query_logger(listen)
        rendered = await text.prepare(conn, events)
        async with on_schema(conn, "read"):
            await core.apply(conn, at, events, rendered)
        conn.remove_query_logger(listen)
    return len(statements)


async def test_a_large_batch_takes_as_many_statements_as_a_small_one(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    counts = []
    for size in (4, 80, 40):  # in the first one asyncpg also asks for types
        await play(world, [(name, i, i * 3, i * 7) for i in range(size) for name in ACTIONS])
        counts.append(await statements_of_one_batch(pool, store))
    assert counts[1] <= MOST
    assert counts[1] == counts[2]
