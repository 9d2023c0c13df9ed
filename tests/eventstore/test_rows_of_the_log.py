"""What the log keeps in PostgreSQL, and what PostgreSQL itself refuses, whoever asks."""

import asyncio
import hashlib
import json
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.model import Claim, LogBusy
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from tests.eventstore.build import command, erased, published, shown, voted
from tests.eventstore.raw import append_raw

TABLES = ("events", "streams", "payloads", "commands", "claims", "log_head", "installation")
REFUSED = asyncpg.InsufficientPrivilegeError


async def commitments(owner: asyncpg.Connection) -> dict[UUID, str]:
    """Payload → commitment, over all raw events."""
    states = [json.loads(row["data"]) for row in await owner.fetch("SELECT data FROM events")]
    pairs = [pair for state in states for pair in state.get("forgettable", {}).values()]
    return {UUID(payload_id): commitment for payload_id, commitment in pairs}


# --------------------------------------------------------------- contents and commitments


async def test_contents_are_beside_the_events_which_commit_to_them(
    postgres: PostgresStore, owner: asyncpg.Connection
) -> None:
    voter = uuid4()
    await postgres.append(command(published(uuid4(), "a secret", "a note"), voted(uuid4(), voter)))
    rows = await owner.fetch("SELECT * FROM payloads")
    assert {row["content"] for row in rows} == {b"a secret", b"a note", voter.bytes}
    assert sorted(row["position"] for row in rows) == [1, 1, 2]
    for data in await owner.fetch("SELECT data FROM events"):
        assert b"secret" not in data["data"]
        assert str(voter).encode() not in data["data"]
    said = await commitments(owner)
    assert {row["payload_id"] for row in rows} == set(said)
    for row in rows:
        assert len(row["salt"]) == 16
        assert hashlib.sha256(row["salt"] + row["content"]).hexdigest() == said[row["payload_id"]]


async def test_equal_contents_have_different_commitments(
    postgres: PostgresStore, owner: asyncpg.Connection
) -> None:
    """Else a guess could be tried on all, and an erased text recognised in another."""
    await postgres.append(command(published(uuid4(), "same", "same")))
    await postgres.append(command(published(uuid4(), "same")))
    assert len(set((await commitments(owner)).values())) == 3


async def test_erasing_destroys_salt_and_bytes_and_leaves_the_log_alone(
    postgres: PostgresStore, owner: asyncpg.Connection
) -> None:
    await postgres.append(command(published(uuid4(), "gone", "kept")))
    before = await owner.fetch("SELECT * FROM events")
    said = await commitments(owner)
    doomed = (await postgres.read(0, 1))[0].payloads["body"]
    await postgres.append(command(erased(doomed), erases=(doomed,)))
    assert await owner.fetch("SELECT * FROM events WHERE position = 1") == before
    assert await owner.fetchrow("SELECT salt, content FROM payloads WHERE payload_id = $1", doomed) == (
        None,
        None,
    )
    kept = await owner.fetchrow("SELECT * FROM payloads WHERE content IS NOT NULL")
    assert hashlib.sha256(kept["salt"] + kept["content"]).hexdigest() == said[kept["payload_id"]]


async def test_a_silent_erasure_is_refused_below_the_code_too(
    postgres: PostgresStore, service: asyncpg.Connection
) -> None:
    stream = uuid4()
    await postgres.append(command(published(stream, "kept")))
    payload = (await postgres.load(stream))[0].payloads["body"]
    for events in ([], [(uuid4(), 1, "Other", b"{}")]):
        with pytest.raises(asyncpg.RaiseError, match="PayloadsErased"):
            await append_raw(service, events, erases=([1], [payload]))
    assert [r.event for r in await postgres.read(0, 10)] == [published(stream, "kept")]


async def test_the_row_of_an_event(postgres: PostgresStore, owner: asyncpg.Connection) -> None:
    actor, append = uuid4(), command(shown(uuid4(), 1), voted(uuid4(), uuid4()))
    append = command(*append.events, actor=actor, command_id=append.command_id)
    outcome = await postgres.append(append)
    first, second = await owner.fetch("SELECT * FROM events ORDER BY position")
    assert (first["type"], first["schema_version"], first["version"]) == ("SummaryVisibilitySet", 1, 1)
    assert (first["actor"], second["actor"]) == (actor, None)
    assert first["correlation_id"] == second["correlation_id"] == append.command_id
    assert first["event_id"] != second["event_id"]
    assert (first["recorded_at"], first["occurred_at"]) == (outcome.recorded_at, None)
    streams = await owner.fetch("SELECT category, version FROM streams ORDER BY category")
    assert streams == [("summary", 1), ("vote", 1)]


async def test_people_can_read_the_log_as_json(postgres: PostgresStore, owner: asyncpg.Connection) -> None:
    await postgres.append(command(shown(uuid4(), 1)))
    row = await owner.fetchrow(
        "SELECT data ->> 'visibility' AS seen, occurred_at = recorded_at AS same FROM log"
    )
    assert row == ("PUBLIC", True)


async def test_recorded_at_stays_when_the_clock_goes_back(
    postgres: PostgresStore, owner: asyncpg.Connection
) -> None:
    first = await postgres.append(command(shown(uuid4(), 1)))
    ahead = first.recorded_at + timedelta(hours=1)
    await owner.execute("UPDATE log_head SET recorded_at = $1", ahead)
    second = await postgres.append(command(shown(uuid4(), 1)))
    third = await postgres.append(command(shown(uuid4(), 1)))
    assert (second.recorded_at, third.recorded_at) == (ahead, ahead)


# --------------------------------------------------------------- batches


async def test_one_append_that_the_database_cannot_take_harms_no_other(postgres: PostgresStore) -> None:
    bad = command(shown(uuid4(), 1), takes=(Claim("no \x00 in a text", uuid4()),))
    appends = [command(shown(uuid4(), 1)) for _ in range(5)]
    outcomes = await asyncio.gather(
        *(postgres.append(append) for append in [*appends[:2], bad, *appends[2:]]), return_exceptions=True
    )
    assert isinstance(outcomes.pop(2), asyncpg.DataError)
    assert sorted(outcome.position for outcome in outcomes) == [1, 2, 3, 4, 5]  # type: ignore[union-attr]
    assert (await postgres.head()).position == 5


async def test_a_batch_that_meets_itself_is_refused_whole(service: asyncpg.Connection) -> None:
    """The writer never sends one; the unique keys see to it that another program cannot either."""
    stream = uuid4()
    with pytest.raises(asyncpg.UniqueViolationError):
        await append_raw(service, [(stream, 1, "A", b"{}"), (stream, 1, "B", b"{}"), (stream, 3, "C", b"{}")])
    assert await service.fetchval("SELECT position FROM log_head") == 0
    assert await service.fetchval("SELECT count(*) FROM streams") == 0


async def test_a_full_queue_is_busy_and_takes_nothing(database_url: str) -> None:
    limits = Limits(queue=3, batch=1)
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url), limits=limits) as store,
    ):
        appends = [command(shown(uuid4(), 1)) for _ in range(5)]
        outcomes = await asyncio.gather(*(store.append(a) for a in appends), return_exceptions=True)
        assert [isinstance(outcome, LogBusy) for outcome in outcomes] == [False, False, False, True, True]
        assert store.waiting == 0
        assert (await store.head()).position == 3
        again = await store.append(appends[4])
        assert (again.position, again.replayed) == (4, False)


@pytest.mark.parametrize("limits", [Limits(batch=3), Limits(batch_bytes=1)])
async def test_small_batches_keep_order_and_lose_nothing(database_url: str, limits: Limits) -> None:
    stream = uuid4()
    appends = [command(shown(stream, 1 + n // 3) if n % 3 == 0 else shown(uuid4(), 1)) for n in range(20)]
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url), limits=limits) as store,
    ):
        outcomes = await asyncio.gather(*(store.append(append) for append in appends))
        assert sorted(outcome.position for outcome in outcomes) == list(range(1, 21))


async def test_closing_sends_what_waits_first(database_url: str) -> None:
    async with connection_pool(database_url) as pool:
        async with PostgresStore.open(pool, connector(database_url), limits=Limits(batch=2)) as store:
            tasks = [asyncio.create_task(store.append(command(shown(uuid4(), 1)))) for _ in range(9)]
            await asyncio.sleep(0)
        assert sorted(outcome.position for outcome in await asyncio.gather(*tasks)) == list(range(1, 10))
        with pytest.raises(LogBusy):
            await store.append(command(shown(uuid4(), 1)))


# --------------------------------------------------------------- rights


@pytest.mark.parametrize("table", TABLES)
async def test_the_service_cannot_write_but_by_the_function(service: asyncpg.Connection, table: str) -> None:
    assert await service.fetchval("SELECT current_user") == "shortscience_service"
    column = await service.fetchval(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum = 1", table
    )
    for sql in (
        f"INSERT INTO {table} SELECT * FROM {table}",  # noqa: S608 (constants)
        f"UPDATE {table} SET {column} = NULL",  # noqa: S608
        f"DELETE FROM {table}",  # noqa: S608
        f"TRUNCATE {table}",
        f"SELECT 1 FROM {table} FOR UPDATE",  # noqa: S608
    ):
        with pytest.raises(REFUSED, match="permission denied"):
            await service.execute(sql)
    await service.fetch(f"SELECT * FROM {table}")  # noqa: S608


async def test_the_service_cannot_change_the_rules(service: asyncpg.Connection) -> None:
    for sql in (
        "DROP TABLE events",
        "ALTER TABLE events DISABLE TRIGGER ALL",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
        "CREATE FUNCTION public.unnest(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
    ):
        with pytest.raises(REFUSED):
            await service.execute(sql)


async def test_the_function_does_not_look_into_the_caller_s_own_tables(
    postgres: PostgresStore, service: asyncpg.Connection
) -> None:
    await service.execute("CREATE TEMPORARY TABLE log_head (position bigint, recorded_at timestamptz)")
    await service.execute("INSERT INTO pg_temp.log_head VALUES (77, now())")
    row = await append_raw(service, [(uuid4(), 1, "Any", b"{}")])
    assert (row["verdict"], row["at_position"]) == ("recorded", 1)


async def test_nobody_else_may_append(owner: asyncpg.Connection) -> None:
    name = f"stranger_{uuid4().hex}"
    async with owner.transaction():
        await owner.execute(f"CREATE ROLE {name}")
        await owner.execute(f"SET LOCAL ROLE {name}")
        with pytest.raises(REFUSED, match="append_batch"):
            async with owner.transaction():
                await append_raw(owner, [])
        await owner.execute(f"RESET ROLE; DROP ROLE {name}")


@pytest.mark.parametrize("replication", ["origin", "replica"])
async def test_events_are_immutable_even_to_the_owner(
    postgres: PostgresStore, owner: asyncpg.Connection, replication: str
) -> None:
    await postgres.append(command(shown(uuid4(), 1)))
    before = await owner.fetch("SELECT * FROM events")
    await owner.execute(f"SET session_replication_role = {replication}")
    for sql in (
        "UPDATE events SET type = 'Other'",
        "UPDATE events SET type = 'Other' WHERE false",
        "DELETE FROM events",
        "TRUNCATE events",
        "INSERT INTO events SELECT * FROM events ON CONFLICT (position) DO UPDATE SET type = 'Other'",
        "MERGE INTO events e USING streams s ON e.stream_id = s.stream_id WHEN MATCHED THEN DELETE",
    ):
        with pytest.raises(REFUSED, match="events are immutable"):
            await owner.execute(sql)
    assert await owner.fetch("SELECT * FROM events") == before
