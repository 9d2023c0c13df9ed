"""An export is of one moment, whole, and holds what the log holds."""

import json
from pathlib import Path

import asyncpg
import pytest

from projections.rebuild import prepare
from service.eventstore.entries import encode, read_entries
from service.eventstore.postgres import PostgresStore
from service.exports import snapshot
from service.exports.checking import Event, Signed
from service.exports.errors import ExportRefused
from service.exports.exporting import export_complete, export_public
from service.exports.files import new_file
from service.exports.lines import ClaimPart, CommandPart, Header
from service.exports.logcheck import Proved
from service.verification.checkpoints import Checkpoint
from tests.exports.exported import bytes_of, complete, key_of, lines, live, proved, public, read, write
from tests.projections.history import World
from tests.projections.projecting import project_all


async def test_a_complete_file_holds_everything_in_order(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection, tmp_path: Path
) -> None:
    await live(pool, store, world)
    path = await write(export_complete(conn), tmp_path / "log.gz")
    header, *items, held = read(path, await key_of(store))

    assert isinstance(header, Header)
    assert isinstance(held, Proved)
    head = await store.head()
    assert (header.kind, header.log, header.size) == ("complete", head.log_id, head.position)
    assert header.secret == (await conn.fetchval("SELECT secret FROM installation")).hex()
    events = [item for item in items if isinstance(item, Event)]
    assert [encode(one.entry) for one in events] == [
        encode(one) for one in await read_entries(conn, 0, 10_000)
    ]
    contents = {key: stored for one in events for key, stored in one.contents.items()}
    rows = await conn.fetch("SELECT payload_id, salt, content FROM payloads WHERE content IS NOT NULL")
    assert contents == {key: (salt, content) for key, salt, content in rows}
    assert held.opened == len(rows)
    assert held.absent == await conn.fetchval("SELECT count(*) FROM payloads WHERE content IS NULL") > 0
    for table, part in (("claims", ClaimPart), ("commands", CommandPart)):
        count = await conn.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 (ours)
        assert len([item for item in items if isinstance(item, part)]) == count
    signed = [item.checkpoint for item in items if isinstance(item, Signed)]
    rows = await conn.fetch("SELECT origin, size, root FROM log_checkpoints ORDER BY size")
    assert signed == [Checkpoint(*row) for row in rows]
    assert held.covered == signed[-1].size == held.events - 1


async def test_an_empty_log(conn: asyncpg.Connection) -> None:
    for data in (await complete(conn), await public(conn)):
        assert proved(data).events == 0


async def test_what_happens_meanwhile_is_not_in_it(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Events, claims and erasures that come between two pages."""
    await live(pool, store, world)
    before = await complete(conn)
    monkeypatch.setattr("service.exports.exporting.PAGE", 10)
    blocks = export_complete(conn)
    data = await anext(blocks) + await anext(blocks)
    for thing in world.summaries[-3:]:
        await world.erase(thing.id)
    await world.sign_up("late")
    data += await bytes_of(blocks)
    assert data == before
    assert proved(await complete(conn)).events == proved(data).events + 4


async def test_the_size_of_pages_does_not_show(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live(pool, store, world)
    whole, open_to_all = await complete(conn), await public(conn)
    for size in (1, 7):
        monkeypatch.setattr("service.exports.exporting.PAGE", size)
        assert await complete(conn) == whole
        assert await public(conn) == open_to_all


async def test_a_public_file_ends_where_the_read_models_are(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    await world.sign_up("ada")
    with pytest.raises(ExportRefused, match="read models are still empty"):
        await public(conn)
    await project_all(pool, store)
    await world.sign_up("bob")
    told: list[snapshot.Head] = []
    data = await bytes_of(export_public(conn, on_behind=told.append))
    assert proved(data).events == 1
    assert [(head.projected, head.position) for head in told] == [(1, 2)]
    assert json.loads(lines(data)[0])["size"] == 1


async def test_a_rebuild_switches_while_a_public_export_runs(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It need not wait for the export; which then ends clearly, and shows nothing that it should not."""

    await live(pool, store, world)
    monkeypatch.setattr("service.exports.exporting.PAGE", 10)
    blocks = export_public(conn)
    await anext(blocks)
    await anext(blocks)
    await prepare(pool)
    await pool.execute("ALTER SCHEMA read RENAME TO read_old; ALTER SCHEMA read_next RENAME TO read")
    with pytest.raises(ExportRefused, match="made anew meanwhile"):
        await bytes_of(blocks)


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    with pytest.raises(KeyError):
        _write(path, b"half", then=KeyError)
    assert list(tmp_path.iterdir()) == []
    with new_file(str(path), force=False, private=True) as put:
        put(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(b"old")
    with pytest.raises(ExportRefused, match="there already"), new_file(str(path), force=False, private=False):
        pass
    assert path.read_bytes() == b"old"
    with new_file(str(path), force=True, private=False) as put:
        put(b"new")
    assert path.read_bytes() == b"new"
    with (
        pytest.raises(ExportRefused, match="cannot be written"),
        new_file(str(tmp_path / "none" / "log.gz"), force=False, private=False),
    ):
        pass


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    with pytest.raises(ExportRefused, match="there already"):
        _write(path, b"new", theirs=b"theirs")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def _write(path: Path, data: bytes, theirs: bytes | None = None, then: type[Exception] | None = None) -> None:
    """What may happen between the first byte and the last."""
    with new_file(str(path), force=False, private=True) as put:
        put(data)
        if theirs is not None:
            path.write_bytes(theirs)
        if then is not None:
            raise then
