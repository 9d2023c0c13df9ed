"""However the log is cut into batches, the read models are the same."""

from itertools import cycle

import asyncpg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from projections import rebuild
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, Action, World, play
from tests.projections.projecting import checkpoint, project, project_all
from tests.projections.tables import rendered, rows_of

NUMBER = st.integers(0, 30)
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), NUMBER, NUMBER, NUMBER), min_size=5, max_size=60)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=HISTORIES, sizes=st.lists(st.integers(1, 40), min_size=1, max_size=10))
async def test_batches_of_any_size_give_what_single_events_give(
    pool: asyncpg.Pool, store: PostgresStore, actions: list[Action], sizes: list[int]
) -> None:
    """The log goes on from one example to the next: histories start with tables that hold something."""
    if await pool.fetchval("SELECT to_regnamespace('read_next') IS NULL"):
        await rebuild.prepare(pool)
    await play(World(store), actions)

    await project_all(pool, store, limit=1)
    batches = cycle(sizes)
    while await project(pool, store, next(batches), "read_next"):
        pass

    assert await checkpoint(pool) == (await store.head()).position
    assert await rows_of(pool, "read_next") == await rows_of(pool)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=HISTORIES)
async def test_rebuilding_twice_gives_the_live_tables(
    pool: asyncpg.Pool, store: PostgresStore, actions: list[Action]
) -> None:
    await play(World(store), actions)
    await project_all(pool, store, limit=7)
    live, texts = await rows_of(pool), await rendered(pool)

    for _ in range(2):
        await pool.execute("DELETE FROM rendered")  # so that texts are rendered anew too
        assert await rebuild.rebuild(pool, store) == (await store.head()).position
        assert await rows_of(pool) == live
        assert await rendered(pool) == texts


async def test_a_history_with_everything_in_it(pool: asyncpg.Pool, store: PostgresStore) -> None:
    """So that the comparisons above are known to compare something."""
    world = World(store)
    await play(world, [(name, i, i * 3, i * 7) for i in range(9) for name in ACTIONS])
    paper = await world.register("key", venue_key="conf/z", year=2016)
    await world.erase((await world.publish(paper, world.users[0], anonymous=True)).id)
    await project_all(pool, store)

    tables = await rows_of(pool)
    assert all(tables.values())
    for table, column, values in (
        ("summary", "visibility", {"PUBLIC", "UNLISTED", "PRIVATE"}),
        ("summary", "anonymous", {True, False}),
        ("summary", "anonymous AND author_id IS NULL", {True, False}),
        ("comment", "removed", {True, False}),
        ("paper", "summary_count > 0", {True, False}),
        ("edition", "summary_count > 0", {True, False}),
    ):
        found = await pool.fetch(f"SELECT DISTINCT {column} AS value FROM read.{table}")  # noqa: S608 (ours)
        assert {record["value"] for record in found} == values
    kinds = await pool.fetch("SELECT DISTINCT type FROM events")
    assert len(kinds) == 12
    texts = await pool.fetchval("SELECT count(*) FROM rendered")
    kept = await pool.fetchval(
        """
        SELECT count(*) FROM payloads p WHERE content IS NOT NULL AND payload_id IN (
          SELECT body_payload FROM read.revision UNION SELECT body_payload FROM read.comment)
        """
    )
    assert 0 < kept <= texts
    assert not await pool.fetchval(
        "SELECT count(*) FROM rendered JOIN payloads p USING (payload_id) WHERE p.content IS NULL"
    )
