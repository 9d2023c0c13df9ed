"""New tables are made beside the live ones, and nobody notices the switch."""

import asyncio
from itertools import count
from uuid import uuid4

import asyncpg
import pytest

from projections import core, rebuild, text
from projections.progress import Progress
from projections.runner import Runner
from projections.writing import on_schema
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, World, play
from tests.projections.projecting import checkpoint, project_all
from tests.projections.tables import rows_of

EVERYTHING = [(name, i, i * 3, i * 7) for i in range(9) for name in ACTIONS]
SHAPE = """
SELECT 'index', tablename, indexdef FROM pg_indexes WHERE schemaname = 'read'
UNION ALL
SELECT 'constraint', conrelid::regclass::text, conname || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'read'::regnamespace
UNION ALL
SELECT 'column', table_name, concat_ws(' ', column_name, ordinal_position, data_type, is_nullable,
                                       column_default, generation_expression)
  FROM information_schema.columns WHERE table_schema = 'read'
UNION ALL
SELECT 'owner', tablename, tableowner FROM pg_tables WHERE schemaname = 'read'
ORDER BY 1, 2, 3
"""


async def test_an_empty_log(pool: asyncpg.Pool, store: PostgresStore) -> None:
    assert await rebuild.rebuild(pool, store) == 0
    assert await checkpoint(pool) == 0


async def test_tables_keep_their_columns_indexes_names_and_owner(
    pool: asyncpg.Pool, store: PostgresStore
) -> None:
    before = await pool.fetch(SHAPE)
    await rebuild.rebuild(pool, store)
    assert await pool.fetch(SHAPE) == before
    schemas = await pool.fetch("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read%'")
    assert [record["nspname"] for record in schemas] == ["read"]


async def test_progress_is_told(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuild, "BATCH", 10)
    await play(world, EVERYTHING)
    told: list[tuple[int, int]] = []
    assert await rebuild.rebuild(pool, store, lambda at, head: told.append((at, head))) == world.position
    assert told[0] == (10, world.position)
    assert told[-1] == (world.position, world.position)
    assert told == sorted(told)


async def test_damaged_tables_are_made_right(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    await play(world, EVERYTHING)
    await project_all(pool, store)
    right = await rows_of(pool)
    await pool.execute("DELETE FROM read.comment")
    await pool.execute("UPDATE read.summary SET up = up + 1")
    await rebuild.rebuild(pool, store)
    assert await rows_of(pool) == right


async def test_events_keep_coming_and_readers_keep_reading(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three rebuilds while a runner leads: no reader sees the tables missing or going back."""
    monkeypatch.setattr(rebuild, "BATCH", 50)
    progress = Progress(pool)
    running = asyncio.create_task(Runner(pool, store, progress, holder="one").run())
    seen: list[int] = []

    async def write() -> None:
        for number in count():
            await play(world, [(ACTIONS[number % len(ACTIONS)], number, number * 3, number * 7)])

    async def read() -> None:
        while True:
            seen.append(await checkpoint(pool))

    await play(world, EVERYTHING)
    others = [asyncio.create_task(write()), asyncio.create_task(read())]
    reached = [await rebuild.rebuild(pool, store) for _ in range(3)]
    for task in others:
        task.cancel()
    ends = await asyncio.gather(*others, return_exceptions=True)
    assert [type(end) for end in ends] == [asyncio.CancelledError] * 2
    assert seen == sorted(seen)
    assert reached == sorted(set(reached))

    head = (await store.head()).position
    assert await progress.wait_for(head, 20)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    live = await rows_of(pool)
    await rebuild.rebuild(pool, store)
    assert await rows_of(pool) == live


async def test_a_second_rebuild_at_once_is_refused(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """The first one waits for the live checkpoint, which a batch holds just now."""
    await play(world, EVERYTHING)
    caught_up = asyncio.Event()
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM read.checkpoint FOR UPDATE")
        first = asyncio.create_task(rebuild.rebuild(pool, store, lambda at, head: caught_up.set()))
        await caught_up.wait()
        with pytest.raises(rebuild.RebuildRunning):
            await rebuild.rebuild(pool, store)
        assert not first.done()
    assert await first == world.position


async def test_what_a_dead_rebuild_left_is_cleared_away(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await play(world, EVERYTHING)
    await project_all(pool, store)
    live = await rows_of(pool)

    def die(at: int, head: int) -> None:
        raise KeyError("killed")

    with pytest.raises(KeyError):
        await rebuild.rebuild(pool, store, die)
    assert await rows_of(pool) == live
    assert await checkpoint(pool, "read_next") == world.position

    await rebuild.rebuild(pool, store)
    assert await rows_of(pool) == live


async def test_an_erasure_during_a_slow_rebuild_leaves_no_rendered_copy(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """The rebuild has rendered the text; then it is erased, and the live side has dropped it already."""

    summary = await world.publish(uuid4(), uuid4(), "a secret")
    await rebuild.prepare(pool)
    events = await store.read(0, 10)
    async with pool.acquire() as conn:
        rendered = await text.prepare(conn, events)
    assert len(rendered) == 1

    await world.erase(summary.id)
    await project_all(pool, store)
    async with pool.acquire() as conn, on_schema(conn, "read_next"):
        await core.apply(conn, 0, events, rendered)
    assert await pool.fetchval("SELECT count(*) FROM rendered") == 0


async def test_an_erasure_waits_for_who_is_storing_the_text(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """The other has looked whether the text is still there, and has not committed yet."""

    summary = await world.publish(uuid4(), uuid4(), "a secret")
    await rebuild.prepare(pool)
    events = await store.read(0, 10)
    async with pool.acquire() as conn:
        rendered = await text.prepare(conn, events)
    async with pool.acquire() as conn, on_schema(conn, "read_next"):
        await core.apply(conn, 0, events, rendered)
        await world.erase(summary.id)
        live = asyncio.create_task(project_all(pool, store, 1))
        assert not (await asyncio.wait([live], timeout=0.3))[0]
    await live
    assert await pool.fetchval("SELECT count(*) FROM rendered") == 0


async def test_texts_of_an_older_renderer_are_replaced(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await world.publish(uuid4(), uuid4(), "now")
    await project_all(pool, store)
    await pool.execute("UPDATE rendered SET renderer_version = 0, html = 'then'")
    await rebuild.rebuild(pool, store)
    assert [tuple(one) for one in await pool.fetch("SELECT html, plain FROM rendered")] == [
        ("<p>now</p>\n", "now")
    ]
