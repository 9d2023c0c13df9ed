"""What a kill of the leader's process, or of PostgreSQL, does to the read models: nothing."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
from structlog.testing import capture_logs

from projections import rebuild
from projections.progress import Progress
from projections.runner import Runner
from service.database import connection_pool, connector
from service.embedded import embedded_postgres
from service.eventstore.postgres import PostgresStore
from service.migrations import migrate
from tests.postgres import FAST, postmaster
from tests.projections.history import ACTIONS, World, play
from tests.projections.tables import rows_of

EVERYTHING = [(name, i, i * 3, i * 7) for i in range(6) for name in ACTIONS]
PATIENCE = 60.0

LEADER = """
import asyncio, sys
from projections.progress import Progress
from projections.runner import Runner
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore

async def main(dsn):
    async with connection_pool(dsn) as pool, PostgresStore.open(pool, connector(dsn)) as store:
        await Runner(pool, store, Progress(pool), holder=sys.argv[2], batch=3, lease_seconds=1.0).run()

asyncio.run(main(sys.argv[1]))
"""


async def rebuilt_is_the_same(pool: asyncpg.Pool, store: PostgresStore) -> bool:
    live = await rows_of(pool)
    await rebuild.rebuild(pool, store)
    return await rows_of(pool) == live


async def test_leaders_killed_in_the_middle(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """Each process is killed while it projects; the next one goes on where it stopped."""
    await play(world, EVERYTHING * 2)
    progress = Progress(pool)
    for number, part in enumerate((4, 2)):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", LEADER, database_url, f"leader {number}"
        )
        assert await progress.wait_for(world.position // part, PATIENCE)
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
    last = asyncio.create_task(Runner(pool, store, progress, holder="last").run())
    assert await progress.wait_for(world.position, PATIENCE)
    last.cancel()
    await asyncio.gather(last, return_exceptions=True)
    assert await pool.fetchval("SELECT epoch FROM projection_leases") == 3
    assert await rebuilt_is_the_same(pool, store)


async def test_postgresql_killed_and_started_again(tmp_path: Path) -> None:
    """The same runner goes on: it finds its checkpoint where the last durable commit left it."""
    with capture_logs():
        async with embedded_postgres(tmp_path / "data", FAST) as server:
            dsn = server.dsn
            await migrate(dsn)
            async with (
                connection_pool(dsn) as pool,
                PostgresStore.open(pool, connector(dsn)) as store,
            ):
                world, progress = World(store), Progress(pool)
                runner = Runner(pool, store, progress, holder="one", batch=3, lease_seconds=1.0)
                running = asyncio.create_task(runner.run())
                await play(world, EVERYTHING)
                assert await progress.wait_for(world.position // 2, PATIENCE)
                os.kill(postmaster(tmp_path / "data"), signal.SIGKILL)
                async with asyncio.timeout(PATIENCE):
                    while runner.state.failure is None:  # noqa: ASYNC110 (state of another task)
                        await asyncio.sleep(0.01)
                async with embedded_postgres(tmp_path / "data", FAST) as again:
                    assert again.dsn == dsn
                    head = (await store.head()).position
                    async with asyncio.timeout(PATIENCE):
                        while runner.state.position < head:  # noqa: ASYNC110
                            await asyncio.sleep(0.05)
                    assert runner.state.failure is None
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
                    assert await rebuilt_is_the_same(pool, store)
