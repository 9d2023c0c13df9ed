"""However the log is cut into batches, the read models are the same."""

from itertools import cycle

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import rebuild
from service.domain.events import EVENTS
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, Action, World, play
from tests.projections.projecting import checkpoint, project, project_all
from tests.projections.tables import rendered, rows_of

NUMBER = st.integers(0, 30)
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), NUMBER, NUMBER, NUMBER), min_size=5, max_size=60)

# What is counted as the log goes on, where it differs from what there is.
WRONG_COUNTS = """
SELECT 'paper', p.bibtex_key, p.summary_count::text, p.latest_summary_at::text
  FROM read.paper p LEFT JOIN read.summary s ON s.paper_id = p.paper_id AND s.listed
 GROUP BY p.paper_id
HAVING (p.summary_count, p.latest_summary_at) IS DISTINCT FROM (count(s), max(s.updated_at))
UNION ALL
SELECT 'venue', venue_key, v.paper_count::text, p.count::text
  FROM read.venue v
  FULL JOIN (SELECT venue_key, count(*) FROM read.paper WHERE venue_key IS NOT NULL GROUP BY venue_key) p
 USING (venue_key)
 WHERE v.paper_count IS DISTINCT FROM p.count
UNION ALL
SELECT 'edition', venue_key, year::text, e::text || p::text
  FROM read.edition e
  FULL JOIN (SELECT venue_key, year, count(*), sum(summary_count) FROM read.paper
              WHERE venue_key IS NOT NULL AND year IS NOT NULL GROUP BY venue_key, year) p
 USING (venue_key, year)
 WHERE (e.paper_count, e.summary_count) IS DISTINCT FROM (p.count, p.sum)
UNION ALL
SELECT 'comments', s.summary_id::text, s.comment_count::text, count(c)::text
  FROM read.summary s LEFT JOIN read.comment c ON c.summary_id = s.summary_id
 GROUP BY s.summary_id HAVING s.comment_count <> count(c)
UNION ALL
SELECT 'statistics', public_summary_count::text, comment_count::text, user_count::text
  FROM read.statistics
 WHERE (public_summary_count, comment_count, paper_count, user_count) IS DISTINCT FROM (
       (SELECT count(*) FROM read.summary WHERE listed),
       (SELECT coalesce(sum(comment_count), 0) FROM read.summary WHERE listed),
       (SELECT count(*) FROM read.paper), (SELECT count(*) FROM read."user"))
"""


@settings(max_examples=25)
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
    assert [tuple(wrong) for wrong in await pool.fetch(WRONG_COUNTS)] == []


@settings(max_examples=10)
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
    assert len(kinds) == len(EVENTS)
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
