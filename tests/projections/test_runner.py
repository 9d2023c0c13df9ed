"""One runner leads and projects each event once, whatever dies when."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import core, rebuild
from projections.lease import LeaseLost
from projections.progress import Progress, position
from projections.runner import Runner
from projections.text import render_text
from projections.writing import on_schema
from service.domain.events import SubjectKind, VoteCast, VoteValue
from service.eventstore.postgres import PostgresStore
from service.text import Rendered
from tests.projections.history import ACTIONS, World, play
from tests.projections.projecting import checkpoint, project_all
from tests.projections.tables import rows_of

PATIENCE = 60.0
EVERYTHING = [(name, i, i * 3, i * 7) for i in range(6) for name in ACTIONS]
Start = Callable[..., AbstractAsyncContextManager[Runner]]


@pytest.fixture
def progress(pool: asyncpg.Pool) -> Progress:
    return Progress(pool)


@pytest.fixture
def running(pool: asyncpg.Pool, store: PostgresStore, progress: Progress) -> Start:
    """Starts runners that stop with the block."""

    @asynccontextmanager
    async def start(holder: str = "one", **options: object) -> AsyncIterator[Runner]:
        runner = Runner(pool, store, progress, holder=holder, **{"lease_seconds": 1.0, **options})  # type: ignore[arg-type]
        task = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return start


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (state of another task, without an event)
            await asyncio.sleep(0.01)


async def same_as_by_hand(pool: asyncpg.Pool, store: PostgresStore) -> bool:
    """Whether the live tables are those of projecting from the beginning."""

    await rebuild.prepare(pool)
    await project_all(pool, store, schema="read_next")
    return await rows_of(pool) == await rows_of(pool, "read_next")


async def test_it_projects_what_is_there_and_what_comes(
    pool: asyncpg.Pool, store: PostgresStore, world: World, progress: Progress, running: Start
) -> None:
    await play(world, EVERYTHING)
    async with running(batch=7) as runner:
        assert await progress.wait_for(world.position, PATIENCE)
        await play(world, EVERYTHING)
        assert await progress.wait_for(world.position, PATIENCE)
        assert (runner.state.leading, runner.state.position) == (True, world.position)
        assert (runner.state.head, runner.state.failure) == (world.position, None)
    assert not runner.state.leading
    assert await same_as_by_hand(pool, store)


async def test_waiting_ends_when_the_time_runs_out(
    world: World, pool: asyncpg.Pool, store: PostgresStore, progress: Progress
) -> None:
    await world.sign_up("ada")
    assert not await progress.wait_for(world.position, 0.05)
    assert await progress.wait_for(0, 0)
    await project_all(pool, store)
    assert await progress.wait_for(world.position, PATIENCE)
    assert await position(pool) == world.position


async def test_many_wait_in_another_process(
    world: World, pool: asyncpg.Pool, progress: Progress, running: Start
) -> None:
    """Its progress is told by nobody, and asks the database."""
    elsewhere = Progress(pool)
    for number in range(5):
        await world.sign_up(f"u{number}")
    waiting = [asyncio.create_task(elsewhere.wait_for(at % 6, PATIENCE)) for at in range(50)]
    never = asyncio.create_task(elsewhere.wait_for(6, 0.2))
    async with running():
        assert all(await asyncio.gather(*waiting))
    assert not await never


async def test_who_waits_hears_of_a_database_that_does_not_answer(pool: asyncpg.Pool) -> None:
    await pool.execute("ALTER TABLE read.checkpoint RENAME TO hidden")
    with pytest.raises(asyncpg.UndefinedTableError):
        await Progress(pool).wait_for(1, PATIENCE)


async def test_a_standby_takes_over_at_once_when_the_leader_stops(
    world: World, progress: Progress, running: Start
) -> None:
    async with running("two", lease_seconds=60.0) as standby:
        await until(lambda: standby.state.leading)
        async with running("one", lease_seconds=3.0) as other:
            await world.sign_up("ada")
            assert await progress.wait_for(world.position, PATIENCE)
            await until(lambda: other.state.position == world.position)
            assert not other.state.leading
    async with running("one", lease_seconds=3.0):  # the lease of a minute was given back
        await world.sign_up("bob")
        assert await progress.wait_for(world.position, PATIENCE)


async def test_a_standby_takes_over_when_the_leader_dies(
    pool: asyncpg.Pool, store: PostgresStore, world: World, running: Start
) -> None:
    """A dead leader neither renews nor releases."""
    dead = Runner(pool, store, Progress(pool), holder="dead", lease_seconds=1.0)
    assert await dead._lease.take() == 1
    await world.sign_up("ada")
    async with running("next") as runner:
        await until(lambda: runner.state.leading and runner.state.position == world.position)
    assert await pool.fetchval("SELECT epoch FROM projection_leases WHERE name = 'core'") == 2


async def test_a_fenced_leader_cannot_write(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    old = Runner(pool, store, Progress(pool), holder="old", lease_seconds=0.01)
    new = Runner(pool, store, Progress(pool), holder="new", lease_seconds=60.0)
    epoch = await old._lease.take()
    assert epoch == 1
    await asyncio.sleep(0.05)
    assert await new._lease.take() == 2
    await world.sign_up("ada")

    with pytest.raises(LeaseLost):
        await old._step(epoch, 0, 10)
    assert await checkpoint(pool) == 0
    assert not (await rows_of(pool))["user"]

    await old._lease.release(epoch)  # and its late release changes nothing
    assert await old._lease.take() is None
    assert await new._step(2, 0, 10) == (1, 1)


async def test_nobody_takes_over_inside_a_leaders_transaction(
    pool: asyncpg.Pool, store: PostgresStore
) -> None:
    old = Runner(pool, store, Progress(pool), holder="old", lease_seconds=0.01)
    new = Runner(pool, store, Progress(pool), holder="new", lease_seconds=60.0)
    epoch = await old._lease.take()
    assert epoch
    async with pool.acquire() as conn, conn.transaction():
        await old._lease.renew(conn, epoch)
        taking = asyncio.create_task(new._lease.take())
        assert not (await asyncio.wait([taking], timeout=0.3))[0]
    await taking


async def test_two_runners_share_the_work_and_each_event_is_projected_once(
    pool: asyncpg.Pool, store: PostgresStore, world: World, running: Start
) -> None:
    """Leaders lose their lease again and again while the log grows."""

    async def steal() -> None:
        while True:
            await pool.execute("UPDATE projection_leases SET epoch = epoch + 1, expires_at = '-infinity'")
            await asyncio.sleep(0.1)

    thief = asyncio.create_task(steal())
    async with running("one", batch=5, lease_seconds=0.3), running("two", batch=5, lease_seconds=0.3):
        await play(world, EVERYTHING)
        thief.cancel()
        elsewhere = Progress(pool)
        assert await elsewhere.wait_for(world.position, PATIENCE)
    assert await same_as_by_hand(pool, store)


async def test_lost_connections_lose_and_repeat_nothing(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World, running: Start
) -> None:
    """Connections are cut many times: before, in and after the transactions of batches."""
    admin = await asyncpg.connect(database_url)
    await play(world, EVERYTHING * 3)

    async def cut() -> None:
        while True:
            await admin.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%unnest%'
                """
            )
            await asyncio.sleep(0.02)

    cutting = asyncio.create_task(cut())
    async with running(batch=3) as runner:
        await until(lambda: runner.state.position > world.position // 3)
        cutting.cancel()
        await until(lambda: runner.state.position == world.position)
    await asyncio.gather(cutting, return_exceptions=True)
    await admin.close()
    assert await same_as_by_hand(pool, store)


async def test_a_connection_that_dies_before_the_commit_leaves_nothing(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:

    nothing = await rows_of(pool)
    await play(world, EVERYTHING)
    events = await store.read(0, 1000)
    admin = await asyncpg.connect(database_url)

    async def die_before_commit() -> None:
        async with pool.acquire() as conn, on_schema(conn, "read"):
            await core.apply(conn, 0, events, {})
            await admin.execute("SELECT pg_terminate_backend($1)", conn.get_server_pid())

    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)):
        await die_before_commit()
    await admin.close()
    assert await rows_of(pool) == nothing

    await project_all(pool, store)
    assert await same_as_by_hand(pool, store)


async def test_an_event_that_cannot_be_projected_is_named_and_never_skipped(
    pool: asyncpg.Pool, store: PostgresStore, world: World, running: Start
) -> None:
    await world.sign_up("ada")
    await world.append(
        VoteCast(
            originator_id=uuid4(),
            originator_version=1,
            subject_id=UUID(int=404),
            subject_kind=SubjectKind.SUMMARY,
            value=VoteValue.UP,
        )
    )
    poison = world.position
    await world.sign_up("bob")
    async with running() as runner:
        await until(lambda: runner.state.failure is not None)
        failure = runner.state.failure
        assert failure
        assert f"position {poison}" in failure
        assert str(UUID(int=404)) in failure
        assert (runner.state.position, runner.state.head) == (poison - 1, world.position)
        assert await checkpoint(pool) == poison - 1


async def test_a_text_that_cannot_be_rendered_once_is_rendered_later(
    pool: asyncpg.Pool, world: World, progress: Progress, running: Start
) -> None:
    await world.publish(uuid4(), uuid4(), "first")
    await world.publish(uuid4(), uuid4(), "second")
    broken = True

    def render(source: str, payload_id: UUID) -> Rendered:
        if broken and source == "second":
            raise ValueError("no ink")
        return render_text(source, payload_id)

    async with running(render=render) as runner:
        await until(lambda: runner.state.failure is not None)
        assert runner.state.failure == "position 3: ValueError: no ink"
        assert await pool.fetchval("SELECT count(*) FROM rendered") == 1
        broken = False
        assert await progress.wait_for(world.position, PATIENCE)
        assert runner.state.failure is None
    assert await pool.fetchval("SELECT count(*) FROM rendered") == 2


async def test_it_survives_while_the_tables_are_away(
    pool: asyncpg.Pool, world: World, progress: Progress, running: Start
) -> None:
    async with running() as runner:
        await until(lambda: runner.state.leading)
        await pool.execute("ALTER SCHEMA read RENAME TO away")
        await world.sign_up("ada")
        await until(lambda: runner.state.failure is not None)
        await pool.execute("ALTER SCHEMA away RENAME TO read")
        assert await progress.wait_for(world.position, PATIENCE)
