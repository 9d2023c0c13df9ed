"""Lost connections, at every moment of an append: one outcome for the caller, one copy in the log."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import chain, cycle, repeat
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.model import Append, Appended, Claim, CommandReused, LogUnavailable, StaleVersion
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from tests.eventstore.build import command, shown
from tests.eventstore.proxy import Moment, Proxy, proxied

CUT: list[Moment] = ["before", "during", "after"]
IMPATIENT = Limits(give_up_after=1.0)


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    with tempfile.TemporaryDirectory(prefix="proxy") as directory:  # short: a socket's path is bounded
        async with proxied(Path(directory), database_url) as running:
            yield running


@asynccontextmanager
async def store_through(proxy: Proxy, database_url: str, **limits: float) -> AsyncIterator[PostgresStore]:
    """Appends and wake-ups go through the proxy, reads do not."""
    async with (
        connection_pool(database_url, max_size=3) as pool,
        PostgresStore.open(pool, connector(proxy.dsn), limits=Limits(**limits)) as store,  # type: ignore[arg-type]
    ):
        yield store


def cutting(proxy: Proxy, moments: Iterator[Moment]) -> None:
    proxy.plan = lambda: next(moments)


async def commands_in_log(store: PostgresStore) -> Counter[UUID]:
    """How often each stream's event is there."""
    return Counter(recorded.event.originator_id for recorded in await store.read(0, 10_000))


@pytest.mark.parametrize("moment", CUT)
@pytest.mark.parametrize("times", [1, 3])
async def test_a_connection_cut_at_a_call(
    proxy: Proxy, database_url: str, moment: Moment, times: int
) -> None:
    async with store_through(proxy, database_url) as store:
        await store.append(command(shown(uuid4(), 1)))
        cutting(proxy, chain(repeat(moment, times), repeat("pass")))
        append = command(shown(uuid4(), 1), takes=(Claim("k", uuid4()),))
        outcome = await store.append(append)
        assert proxy.cuts == times
        assert (outcome.position, outcome.subject) == (2, append.subject)
        assert (await store.load(append.subject))[0].recorded_at == outcome.recorded_at
        assert sum((await commands_in_log(store)).values()) == 2
        again = await store.append(append)
        assert (again.position, again.recorded_at, again.replayed) == (2, outcome.recorded_at, True)


async def test_a_batch_cut_after_its_commit(proxy: Proxy, database_url: str) -> None:
    """Winners and losers of the batch get what the lost answer said."""
    async with store_through(proxy, database_url) as store:
        known, stream = command(shown(uuid4(), 1)), uuid4()
        await store.append(known)
        cutting(proxy, chain(["after"], repeat("pass")))
        appends = [
            command(shown(stream, 1)),
            command(shown(uuid4(), 2)),
            known,
            command(shown(uuid4(), 1), command_id=known.command_id, request=b"other"),
            command(shown(uuid4(), 1)),
        ]
        results = await asyncio.gather(*map(store.append, appends), return_exceptions=True)
        first, stale, again, reused, last = results
        assert proxy.cuts == 1
        assert isinstance(first, Appended)
        assert isinstance(last, Appended)
        assert isinstance(again, Appended)
        assert (first.position, last.position, again.position) == (2, 3, 1)
        assert (type(stale), type(reused)) == (StaleVersion, CommandReused)
        assert set((await commands_in_log(store)).values()) == {1}


@pytest.mark.parametrize("seed", [1, 2])
async def test_many_cuts_in_traffic(proxy: Proxy, database_url: str, seed: int) -> None:
    random = Random(seed)
    moments: Iterator[Moment] = (random.choice([*CUT, *["pass"] * 9]) for _ in cycle([0]))
    async with store_through(proxy, database_url, batch=5) as store:
        cutting(proxy, moments)
        appends = [command(shown(uuid4(), 1)) for _ in range(100)]
        outcomes = await asyncio.gather(*map(store.append, appends))
        assert proxy.cuts > 0
        assert sorted(outcome.position for outcome in outcomes) == list(range(1, 101))
        assert await commands_in_log(store) == {append.subject: 1 for append in appends}


async def test_killed_backends_in_traffic(database_url: str, owner: asyncpg.Connection) -> None:
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url), limits=Limits(batch=3)) as store,
    ):
        streams = [uuid4() for _ in range(10)]
        appends = [command(shown(stream, version)) for version in range(1, 31) for stream in streams]
        done = asyncio.gather(*map(store.append, appends))
        killed = 0
        while not done.done() or killed == 0:
            killed += await owner.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE '%append_batch%'"
                " AND pid <> pg_backend_pid()"
            )
            await asyncio.sleep(0.06)
        outcomes = await done
        assert killed > 0
        assert sorted(outcome.position for outcome in outcomes) == list(range(1, 301))
        for stream in streams:
            versions = [recorded.event.originator_version for recorded in await store.load(stream)]
            assert versions == list(range(1, 31))


@contextmanager
def impatient(store: PostgresStore) -> Iterator[None]:
    """Who appends in the body gives up soon."""
    patient, store._writer._limits = store._writer._limits, IMPATIENT
    try:
        yield
    finally:
        store._writer._limits = patient


async def unavailable(store: PostgresStore, appends: list[Append]) -> None:
    """All are given up, though many wait for one another: well before each would take its own time."""
    async with asyncio.timeout(60):
        outcomes = await asyncio.gather(*map(store.append, appends), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {LogUnavailable}
    assert len({id(outcome) for outcome in outcomes}) == len(outcomes)


@pytest.mark.parametrize("how", ["closed", "deaf"])
async def test_a_database_that_stays_away(proxy: Proxy, database_url: str, how: str) -> None:
    async with store_through(proxy, database_url) as store:
        stream = uuid4()
        await store.append(command(shown(stream, 1)))
        appends = [command(shown(stream, version)) for version in range(2, 102)]
        if how == "closed":
            await proxy.close()
        proxy.deaf = how == "deaf"
        with impatient(store):
            await unavailable(store, appends)
        assert store.waiting == 0
        proxy.deaf = False
        if how == "closed":
            await proxy.open()
        outcomes = await asyncio.gather(*map(store.append, appends))
        assert [outcome.position for outcome in outcomes] == list(range(2, 102))


async def test_given_up_though_recorded(proxy: Proxy, database_url: str) -> None:
    """The worst case: committed, never answered. The retry of the caller gets the first outcome."""
    async with store_through(proxy, database_url) as store:
        await store.append(command(shown(uuid4(), 1)))
        append = command(shown(uuid4(), 1))
        cutting(proxy, repeat("after"))
        with impatient(store):
            await unavailable(store, [append])
        assert len(await store.load(append.subject)) == 1
        cutting(proxy, repeat("pass"))
        outcome = await store.append(append)
        assert (outcome.position, outcome.replayed) == (2, True)
        assert len(await store.load(append.subject)) == 1


async def test_closing_without_a_database_ends(proxy: Proxy, database_url: str) -> None:
    async with asyncio.timeout(60), store_through(proxy, database_url) as store:
        stream = uuid4()
        await store.append(command(shown(stream, 1)))
        await proxy.close()
        store._writer._limits = IMPATIENT
        tasks = [asyncio.create_task(store.append(command(shown(stream, v)))) for v in range(2, 102)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {LogUnavailable}


async def test_a_full_server_is_waited_for(database_url: str, owner: asyncpg.Connection) -> None:
    """No connection is free: what waits is neither lost nor failed by an error of the database's."""
    name = await owner.fetchval("SELECT quote_ident(current_database())")
    await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
    user = f"plain_{uuid4().hex}"  # limits do not hold for superusers
    await owner.execute(f"CREATE ROLE {user} LOGIN; GRANT shortscience_service TO {user}")
    plain = database_url.replace("postgres@", f"{user}@")
    try:
        async with (
            connection_pool(database_url) as pool,
            PostgresStore.open(pool, connector(plain)) as store,
        ):
            waiting = asyncio.create_task(store.append(command(shown(uuid4(), 1))))
            await asyncio.sleep(0.2)
            assert not waiting.done()
            await owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
            assert (await waiting).position == 1
    finally:
        await owner.execute(f"DROP ROLE {user}")


# --------------------------------------------------------------- wake-ups


async def listeners(owner: asyncpg.Connection, count: int) -> list[int]:
    """The backends that listen to the log, once there are so many."""
    async with asyncio.timeout(60):
        while True:
            rows = await owner.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid()"
                " AND (query = 'SELECT position FROM log_head' OR query LIKE 'SELECT pg_notify(%')"
            )
            if len(rows) == count:
                return [row["pid"] for row in rows]
            await asyncio.sleep(0.02)


@asynccontextmanager
async def two_stores(database_url: str) -> AsyncIterator[tuple[PostgresStore, PostgresStore]]:
    """As of two processes."""
    connect = connector(database_url)
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connect) as one,
        PostgresStore.open(pool, connect) as other,
    ):
        yield one, other


async def test_an_append_wakes_another_process(database_url: str, owner: asyncpg.Connection) -> None:
    async with two_stores(database_url) as (one, other):
        await listeners(owner, 2)
        waiting = asyncio.create_task(other.wait(0, 60))
        await one.append(command(shown(uuid4(), 1)))
        assert await waiting


async def test_a_killed_listener_listens_again(database_url: str, owner: asyncpg.Connection) -> None:
    """Also in a process that never appends."""
    async with two_stores(database_url) as (one, other):
        for pid in await listeners(owner, 2):
            assert await owner.fetchval("SELECT pg_terminate_backend($1, 60000)", pid)
        await listeners(owner, 2)
        await one.append(command(shown(uuid4(), 1)))
        assert await other.wait(0, 60)


async def test_what_came_while_nobody_listened_is_heard_of(
    database_url: str, owner: asyncpg.Connection
) -> None:
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url)) as one,
    ):
        await one.append(command(shown(uuid4(), 1)))
        async with PostgresStore.open(pool, connector(database_url)) as other:
            assert await other.wait(0, 60)
            assert not await other.wait(1, 0.01)


async def test_nonsense_on_the_channel_wakes_nobody(
    database_url: str, owner: asyncpg.Connection, postgres: PostgresStore
) -> None:
    await listeners(owner, 1)
    waiting = asyncio.create_task(postgres.wait(0, 60))
    for text in ("", "-1", "x", "²", "1e9", "7", "9" * 18, "9" * 5000):
        await owner.execute("SELECT pg_notify('shortscience_log', $1)", text)
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await postgres.append(command(shown(uuid4(), 1)))
    assert await waiting
    assert not await postgres.wait(1, 0.01)
