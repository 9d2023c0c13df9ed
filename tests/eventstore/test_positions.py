"""Positions are dense and in commit order: a reader at P has seen 1..P, whatever the interleaving."""

import asyncio
import sys
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.model import Claim, ClaimTaken, CommandReused, StaleVersion
from service.eventstore.postgres import PostgresStore
from tests.eventstore.build import command, shown
from tests.eventstore.raw import append_raw

APPENDS = 150  # of each writing process, two events each
RETRACTED = b'{"originator_id":"00000000-0000-4000-8000-000000000000","originator_version":1}'

WRITER = """
import asyncio, sys
from uuid import UUID
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from tests.eventstore.build import command, shown

async def main(dsn, process, appends):
    async with connection_pool(dsn) as pool, PostgresStore.open(pool, connector(dsn)) as store:
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        own = [UUID(int=process * 1_000_000 + n) for n in range(appends)]
        for start in range(0, appends, 10):
            await asyncio.gather(
                *(store.append(command(shown(s, 1), shown(s, 2))) for s in own[start : start + 10]),
                *(store.append(command(shown(UUID(int=start), 1))) for _ in range(2)),
                return_exceptions=True,
            )

asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


async def writer(dsn: str, number: int) -> asyncio.subprocess.Process:
    """A process with a store of its own, ready to write."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", WRITER, dsn, str(number), str(APPENDS)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert await process.stdout.readline() == b"ready\n"
    return process


async def follow(store: PostgresStore, limit: int, patience: float, until: asyncio.Event) -> list[int]:
    """Poll by position until the writers have ended and nothing is left."""
    seen: list[int] = []
    while True:
        ended = until.is_set()
        page = await store.read(seen[-1] if seen else 0, limit)
        seen += [recorded.position for recorded in page]
        if not page and ended:
            return seen
        if not page:
            await store.wait(seen[-1] if seen else 0, patience)


async def test_readers_neither_skip_nor_double(database_url: str) -> None:
    """Two writing processes, which also race for streams, and readers with all kinds of pages."""
    processes = [await writer(database_url, number) for number in (1, 2)]
    ended = asyncio.Event()
    async with (
        connection_pool(database_url, max_size=8) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        readers = [
            asyncio.create_task(follow(store, limit, patience, ended))
            for limit in (1, 2, 7, 100)
            for patience in (0.001, 0.02)
        ]
        for process in processes:
            assert process.stdin
            process.stdin.write(b"go\n")
        assert [await process.wait() for process in processes] == [0, 0]
        ended.set()
        head = (await store.head()).position
        assert head == 2 * 2 * APPENDS + APPENDS // 10
        for reader in readers:
            assert await reader == list(range(1, head + 1))


async def test_a_reader_sees_nothing_beyond_an_open_append(
    postgres: PostgresStore, service: asyncpg.Connection
) -> None:
    held = service.transaction()
    await held.start()
    first = await append_raw(service, [(uuid4(), 1, "SummaryRetracted", RETRACTED)])
    assert first["at_position"] == 1
    second = asyncio.create_task(postgres.append(command(shown(uuid4(), 1))))
    await blocked(service)
    assert not second.done()
    assert await postgres.read(0, 10) == []
    assert (await postgres.head()).position == 0
    await held.commit()
    outcome = await second
    assert outcome.position == 2
    first_read, second_read = await postgres.read(0, 10)
    assert (first_read.position, second_read.position) == (1, 2)
    assert first_read.recorded_at == first["at_time"] <= second_read.recorded_at


async def test_an_append_that_is_rolled_back_leaves_no_gap(
    postgres: PostgresStore, service: asyncpg.Connection
) -> None:
    stream = uuid4()
    held = service.transaction()
    await held.start()
    claims = ([1], ["k"], [stream], [True])
    await append_raw(service, [(stream, 1, "SummaryRetracted", RETRACTED)], claims=claims)
    second = asyncio.create_task(postgres.append(command(shown(stream, 1))))
    await blocked(service)
    await held.rollback()
    assert (await second).position == 1  # neither stale nor after a gap
    assert await postgres.owners(["k"]) == {}
    assert [recorded.position for recorded in await postgres.read(0, 10)] == [1]


@pytest.mark.parametrize("what", ["stream", "claim", "command"])
async def test_the_second_decides_on_what_the_first_committed(
    postgres: PostgresStore, service: asyncpg.Connection, what: str
) -> None:
    """The lock is taken before anything is looked up, so the one who waited sees the other's rows."""
    stream, command_id = uuid4(), uuid4()
    held = service.transaction()
    await held.start()
    await append_raw(
        service,
        [(stream, 1, "SummaryRetracted", RETRACTED)],
        command_id=command_id,
        claims=([1], ["k"], [stream], [True]),
    )
    append = {
        "stream": command(shown(stream, 1)),
        "claim": command(shown(uuid4(), 1), takes=(Claim("k", uuid4()),)),
        "command": command(shown(uuid4(), 1), command_id=command_id),
    }[what]
    second = asyncio.create_task(postgres.append(append))
    await blocked(service)
    await held.commit()
    (error,) = await asyncio.gather(second, return_exceptions=True)
    expected = {"stream": StaleVersion, "claim": ClaimTaken, "command": CommandReused}
    assert type(error) is expected[what]
    assert (await postgres.head()).position == 1


async def blocked(connection: asyncpg.Connection) -> None:
    """Return once somebody waits for a lock that this connection holds."""
    sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND $1 = ANY(pg_blocking_pids(pid))"
    async with asyncio.timeout(20):
        while True:
            if await connection.fetchval(sql, connection.get_server_pid()):
                return
            await asyncio.sleep(0.01)


async def nowhere() -> asyncpg.Connection:
    raise ConnectionRefusedError("this process has no wake-ups")


async def test_a_reader_without_wake_ups_sees_everything(
    database_url: str, owner: asyncpg.Connection
) -> None:
    """Two followers: one whose LISTEN connection is killed again and again, one that never has any."""
    ended = asyncio.Event()
    connect = connector(database_url)
    async with (
        connection_pool(database_url, max_size=6) as pool,
        PostgresStore.open(pool, connect) as source,
        PostgresStore.open(pool, connect) as woken,
        PostgresStore.open(pool, nowhere) as deaf,
    ):
        readers = [asyncio.create_task(follow(store, 5, 0.05, ended)) for store in (woken, deaf)]
        for _ in range(20):
            await source.append(command(*(shown(stream, 1) for stream in ids(3))))
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE '%log_head'"
            )
        ended.set()
        assert [await reader for reader in readers] == [list(range(1, 61))] * 2


def ids(count: int) -> list[UUID]:
    return [uuid4() for _ in range(count)]
