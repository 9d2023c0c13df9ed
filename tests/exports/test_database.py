"""What somebody with all rights changes in the database is found, and where."""

from typing import Any

import asyncpg
import pytest

from service.eventstore.postgres import PostgresStore
from service.exports.database import check_database
from service.exports.errors import ExportRefused, Tampered
from tests.exports.exported import complete, key_of, live
from tests.projections.history import World
from tests.projections.sealing import KEY, OTHER_KEY, seal, vkey

UNLOCK = """
ALTER TABLE events DISABLE TRIGGER USER; ALTER TABLE tree_nodes DISABLE TRIGGER USER;
ALTER TABLE log_checkpoints DISABLE TRIGGER USER; ALTER TABLE log_keys DISABLE TRIGGER USER;
ALTER TABLE log_cosignatures DISABLE TRIGGER USER;
"""
LAST = "WHERE position = (SELECT max(position) FROM events)"  # which has a content
EXCHANGE = """
UPDATE events SET position = -1 WHERE position = 8;
UPDATE events SET position = 8 WHERE position = 9;
UPDATE events SET position = 9 WHERE position = -1
"""


@pytest.fixture
async def size(pool: asyncpg.Pool, store: PostgresStore, world: World, owner: asyncpg.Connection) -> int:
    """Of a log that is sealed but for its last event, and that nothing protects any more."""
    await live(pool, store, world)
    await owner.execute(UNLOCK)
    return world.position


async def found(conn: asyncpg.Connection, **options: Any) -> Tampered:
    with pytest.raises(Tampered) as caught:
        await check_database(conn, **options)
    return caught.value


async def test_as_it_is_it_holds(
    conn: asyncpg.Connection, store: PostgresStore, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    log, proved = await check_database(conn, [await key_of(store)], on_progress=lambda *at: told.append(at))
    assert log == (await store.head()).log_id
    assert (proved.events, proved.covered) == (size, size - 1)
    assert list(proved.signed.values()) == [(proved.checkpoints, size - 1)]
    assert told[-1] == (size, size)
    monkeypatch.setattr("service.exports.database.PAGE", 7)
    assert (await check_database(conn, [await key_of(store)]))[1] == proved


async def test_an_empty_log(conn: asyncpg.Connection) -> None:
    assert (await check_database(conn))[1].events == 0


@pytest.mark.parametrize(
    ("sql", "position", "reason"),
    [
        ("UPDATE events SET actor = gen_random_uuid() WHERE position = 17", 17, "not the one that"),
        (
            "UPDATE events SET recorded_at = recorded_at + interval '1 us' WHERE position = 1",
            1,
            "not the one",
        ),
        ("UPDATE events SET occurred_at = recorded_at WHERE position = 5", 5, "not the one"),
        ("UPDATE events SET data = convert_to('{}', 'UTF8') WHERE position = 30", 30, "not the one"),
        ("DELETE FROM events WHERE position = 40", 40, "it is missing, position 41 stands in its place"),
        ("DELETE FROM events WHERE position > 60", 61, "it is missing: the log was sealed up to"),
        ("DELETE FROM events WHERE position > 60; UPDATE log_head SET position = 60", 61, "it is missing"),
        (
            "UPDATE tree_nodes SET hash = sha256(hash) WHERE level = 3 AND index = 2",
            17,
            "the tree that is kept",
        ),
        ("UPDATE tree_nodes SET hash = sha256(hash) WHERE level = 0 AND index = 2", 3, "not the one"),
        ("DELETE FROM tree_nodes WHERE level = 1 AND index = 4", 9, "the tree that is kept is wrong"),
        ("UPDATE payloads SET salt = salt || 'x' THE LAST", 0, "is not what it committed to"),
        ("UPDATE payloads SET content = 'x' THE LAST", 0, "is not what it committed to"),
        ("UPDATE payloads SET content = NULL, salt = NULL THE LAST", 0, "although nothing erased it"),
        ("DELETE FROM payloads THE LAST", 0, "although nothing erased it"),
        (EXCHANGE, 8, "not the one"),
        ("INSERT INTO payloads VALUES (gen_random_uuid(), 17, 'salt', 'More')", 17, "is kept with it"),
        ("INSERT INTO payloads VALUES (gen_random_uuid(), 17, NULL, NULL)", 17, "is kept with it"),
        ("UPDATE payloads SET position = position - 1 THE LAST", -1, "is kept with it"),
    ],
)
async def test_a_change(
    conn: asyncpg.Connection, owner: asyncpg.Connection, size: int, sql: str, position: int, reason: str
) -> None:
    await owner.execute(sql.replace("THE LAST", LAST))
    error = await found(conn)
    assert error.position == (position if position > 0 else size + position)
    assert reason in error.reason


@pytest.mark.parametrize("position", [-5, 0, 1_000_000])
async def test_a_content_of_no_event(
    conn: asyncpg.Connection, owner: asyncpg.Connection, size: int, position: int
) -> None:
    await owner.execute("INSERT INTO payloads VALUES (gen_random_uuid(), $1, 'salt', 'More')", position)
    error = await found(conn)
    assert error.position is None
    assert "is kept, and no event names it" in error.reason


async def test_a_history_sealed_anew_is_told_by_what_was_signed(
    pool: asyncpg.Pool,
    store: PostgresStore,
    conn: asyncpg.Connection,
    owner: asyncpg.Connection,
    size: int,
) -> None:
    """Also when the whole tree was made again; and when it was signed again, by the key."""
    note = await pool.fetchval("SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1")
    first = await pool.fetchval("SELECT min(size) FROM log_checkpoints")
    await owner.execute("UPDATE events SET actor = gen_random_uuid() WHERE position = 3")
    kept = await owner.fetch("SELECT * FROM log_checkpoints")
    await owner.execute("TRUNCATE tree_nodes, log_checkpoints, log_cosignatures, log_keys")
    await owner.execute("DELETE FROM follower_checkpoints")
    await seal(pool, store, key=OTHER_KEY)
    head = (await store.head()).log_id
    assert (await check_database(conn))[1].covered == size
    error = await found(conn, keys=[await key_of(store)], outside=note)
    assert (error.position, "something was changed" in error.reason) == (1, True)
    assert "no checkpoint in it is signed" in (await found(conn, keys=[await key_of(store)])).reason
    await owner.execute("INSERT INTO log_keys (vkey) VALUES ($1)", vkey(head, KEY))
    error = await found(conn, outside=note)
    assert (error.position, "something was changed" in error.reason) == (1, True)

    await owner.execute("DELETE FROM log_checkpoints")
    await owner.executemany(
        "INSERT INTO log_checkpoints VALUES ($1, $2, $3, $4, $5)", [tuple(r) for r in kept]
    )
    error = await found(conn)
    assert error.position == 1
    assert f"between it and position {first:,}" in error.reason


async def test_an_export_of_a_log_with_a_hole_is_refused(
    conn: asyncpg.Connection, owner: asyncpg.Connection, size: int
) -> None:
    await owner.execute("DELETE FROM events WHERE position = 4")
    with pytest.raises(ExportRefused, match="events are missing"):
        await complete(conn)
