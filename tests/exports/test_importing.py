"""What is imported is the same log: same rows, same read models, same answers to retries; and it goes on."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.rebuild import rebuild
from service.commands.context import Context
from service.commands.paper import RegisterPaper, register_paper
from service.commands.summary import PublishSummary, publish_summary
from service.commands.user import SignUp, sign_up
from service.database import APPLICATION, connector
from service.domain.errors import ExistsAlready
from service.domain.paper import PaperFields
from service.eventstore.postgres import PostgresStore
from service.exports.database import check_database
from service.exports.errors import ExportError, ImportRefused, Tampered
from service.exports.exporting import export_complete, export_public
from service.exports.importing import import_events
from service.exports.summary import export_summary
from service.exports.trust import parse_key
from service.restores import ServersRunning
from service.verification.cosigning import Cosigner
from service.verification.notes import parse_note
from tests.conftest import GRANT_AGAIN
from tests.exports.exported import complete, key_of, live, opened, packed, proved, write
from tests.postgres import execute, fetchval, fresh_database
from tests.projections.history import ACTIONS, World, play
from tests.projections.projecting import project_all
from tests.projections.sealing import seal, sealed, sealing
from tests.projections.tables import rendered, rows_of

LOG = (
    "installation", "log_head", "streams", "events", "payloads", "claims", "commands", "log_keys",
    "log_checkpoints", "log_cosignatures",
)  # fmt: skip
PAPER = PaperFields(title="On x", authors=("Ada",), bibtex_key="x/y")
ACTION = st.tuples(st.sampled_from(ACTIONS), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))


async def log_of(pool: asyncpg.Pool | asyncpg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the log."""
    sql = 'SELECT * FROM public."{}" AS t ORDER BY t::text'
    return {table: [tuple(row.values()) for row in await pool.fetch(sql.format(table))] for table in LOG}


async def check_same(pool: asyncpg.Pool, store: PostgresStore, path: Path, dsn: str) -> None:
    """Import into this database, and compare."""
    proved = await import_events(dsn, path)
    assert proved.events == (await store.head()).position
    async with opened(dsn) as (other, other_store):
        assert await log_of(other) == await log_of(pool)
        await project_all(other, other_store, 37)
        assert await rows_of(other) == await rows_of(pool)
        assert await rendered(other) == await rendered(pool)
        sealed_nodes = "SELECT level, index, hash FROM tree_nodes ORDER BY level, index"
        kept = {tuple(row) for row in await pool.fetch(sealed_nodes)}
        assert kept <= {tuple(row) for row in await other.fetch(sealed_nodes)}
        async with other.acquire() as conn:
            await check_database(conn)


async def test_a_whole_life(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    await live(pool, store, world)
    await rebuild(pool, store)
    path = await write(export_complete(conn), tmp_path / "log.gz")
    await check_same(pool, store, path, other_url)


@settings(max_examples=6)
@given(actions=st.lists(ACTION, min_size=5, max_size=60), seals=st.booleans())
async def test_any_history(
    cluster_dsn: str,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    actions: list[tuple[str, int, int, int]],
    seals: bool,
) -> None:
    async with (
        fresh_database(cluster_dsn, migrated_template) as one,
        fresh_database(cluster_dsn, migrated_template) as two,
    ):
        await execute(one, GRANT_AGAIN)
        await execute(two, GRANT_AGAIN)
        async with opened(one) as (pool, store):
            world = World(store)
            await play(world, actions[: len(actions) // 2])
            if seals:
                await seal(pool, store)
            await play(world, actions)
            await project_all(pool, store)
            async with pool.acquire() as conn:
                path = await write(export_complete(conn), tmp_path_factory.mktemp("any") / "log.gz")
            await check_same(pool, store, path, two)


async def test_an_export_of_the_import_is_the_same_file(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    """But for the epochs, in the first line, and the checksum, in the last."""
    await live(pool, store, world)
    first = await complete(conn)
    path = await write(export_complete(conn), tmp_path / "log.gz")
    await import_events(other_url, path)
    other = await connector(other_url)()
    second = await complete(other)
    await other.close()
    assert second.split(b"\n")[1:-2] == first.split(b"\n")[1:-2]


async def test_what_witnesses_signed_comes_along(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    await live(pool, store, world)
    witnesses = [Cosigner.from_private(f"witness{n}.example", bytes([n]) * 32) for n in (1, 2, 3)]
    for size, note in await pool.fetch("SELECT size, note FROM log_checkpoints ORDER BY size OFFSET 1"):
        for n, one in enumerate(witnesses[:2]):
            line = one.cosign(parse_note(note)[0], 1_700_000_000 + n)
            at = datetime.fromtimestamp(1_700_000_000 + n, UTC)
            sql = "INSERT INTO log_cosignatures (size, witness, line, cosigned_at) VALUES ($1, $2, $3, $4)"
            await pool.execute(sql, size, one.vkey, line, at)
    path = await write(export_complete(conn), tmp_path / "log.gz")
    await check_same(pool, store, path, other_url)
    keys = [parse_key(one.vkey) for one in witnesses]
    held = proved(await complete(conn), *keys)
    count, last = await pool.fetchrow("SELECT count(*), max(size) FROM log_checkpoints")
    assert list(held.signed.values()) == [(count - 1, last)] * 2 + [(0, 0)]
    wrong = (await complete(conn)).replace(witnesses[0].name.encode(), witnesses[1].name.encode())
    with pytest.raises(Tampered):
        proved(wrong, *keys)


def context(store: PostgresStore, secret: bytes, actor: UUID | None = None) -> Context:
    return Context(store, secret, lambda: datetime.now(UTC), os.urandom, actor)


async def test_retries_get_their_first_outcome_and_it_goes_on(
    pool: asyncpg.Pool,
    store: PostgresStore,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    secret = await pool.fetchval("SELECT secret FROM installation")
    ctx = context(store, secret)
    ada = (await sign_up(ctx, SignUp("ada", "Ada", "key-1"))).id
    paper = (await register_paper(context(store, secret, ada), RegisterPaper(PAPER))).id
    publish = PublishSummary(paper, "A text", idempotency_key="key-2")
    first = await publish_summary(context(store, secret, ada), publish)
    await seal(pool, store)
    epochs = await pool.fetch("SELECT epoch, base FROM log_epochs")
    path = await write(export_complete(conn), tmp_path / "log.gz")
    head = await store.head()

    await import_events(other_url, path)
    async with opened(other_url) as (other, other_store):
        kept = await other.fetchval("SELECT secret FROM installation")
        again = await publish_summary(context(other_store, kept, ada), publish)
        assert (again.id, again.position, again.replayed) == (first.id, first.position, True)
        with pytest.raises(ExistsAlready):
            await sign_up(context(other_store, kept), SignUp("Ada"))
        with pytest.raises(ExistsAlready):
            await publish_summary(context(other_store, kept, ada), PublishSummary(paper, "Another text"))
        assert await other_store.head() == head

        async with sealing(other, other_store):
            await sign_up(context(other_store, kept), SignUp("bob"))
            await sealed(other, head.position + 1)
        assert await other_store.head() == (type(head)(head.log_id, head.position + 1))
        *before, (epoch, base) = await other.fetch("SELECT epoch, base FROM log_epochs ORDER BY epoch")
        assert before == epochs
        assert base == head.position
        last = await other.fetchval("SELECT origin FROM log_checkpoints ORDER BY size DESC LIMIT 1")
        assert last == f"shortscience/{head.log_id}/{epoch}"
        async with other.acquire() as service:
            _, proved = await check_database(service, [await key_of(store)])
        assert proved.covered == head.position + 1


async def refused(dsn: str, path: Path, reason: str, error: type[Exception] = ImportRefused) -> None:
    """And nothing was changed."""
    looking = await asyncpg.connect(dsn)  # of nobody who would have to be waited for
    before = await log_of(looking)
    with pytest.raises(error, match=reason):
        await import_events(dsn, path)
    assert await log_of(looking) == before
    await looking.close()


async def test_what_is_not_complete_is_refused(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    await live(pool, store, world)
    listed = await pool.fetchval("SELECT summary_id FROM read.summary WHERE listed LIMIT 1")
    await refused(other_url, await write(export_public(conn), tmp_path / "1"), "the file is a public one")
    about = await write(export_summary(conn, listed), tmp_path / "2")
    await refused(other_url, about, "the file is about one summary")


async def test_a_database_in_use_is_refused(
    database_url: str,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    await world.sign_up("ada")
    path = await write(export_complete(conn), tmp_path / "log.gz")
    await refused(database_url, path, "not empty")
    server = await asyncpg.connect(other_url, server_settings={"application_name": APPLICATION})
    with pytest.raises(ServersRunning):
        await import_events(other_url, path)
    here = f"SELECT count(*) FROM pg_stat_activity WHERE pid = {server.get_server_pid()}"  # noqa: S608 (ours)
    await server.close()
    while await fetchval(other_url, here):  # noqa: ASYNC110 (it leaves in its own time)
        await asyncio.sleep(0.01)
    await import_events(other_url, path)
    await refused(other_url, path, "not empty")


@pytest.mark.parametrize(
    ("was", "now", "reason"),
    [
        ("PaperRegistered", "PaperForeseen", "position 2 is a PaperForeseen of version 1.*update it"),
        (
            "schema_version = 1",
            "schema_version = 9",
            "position 2 is a PaperRegistered of version 9.*update it",
        ),
        ("'title')", "'titel')", "position 2 cannot be read: PaperRegistered version 1"),
    ],
)
async def test_events_of_the_future_and_broken_ones_are_refused(
    owner: asyncpg.Connection,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
    was: str,
    now: str,
    reason: str,
) -> None:
    await world.sign_up("ada")
    await world.register("x/y")
    await owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
    sql = """
        UPDATE events SET type = 'PaperRegistered', schema_version = 1,
               data = convert_to(replace(convert_from(data, 'UTF8'), 'title', 'title'), 'UTF8')
         WHERE position = 2
    """
    assert was in sql
    await owner.execute(sql.replace(was, now))
    await refused(other_url, await write(export_complete(conn), tmp_path / "log.gz"), reason)


async def test_a_file_that_fails_at_its_end_leaves_nothing(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await live(pool, store, world)
    monkeypatch.setattr("service.exports.importing.BATCH", 5)
    data = await complete(conn)
    path = tmp_path / "log.gz"
    path.write_bytes(packed(data[: data.rindex(b'{"end"')]))
    await refused(other_url, path, "the end line is missing", ExportError)
    path.write_bytes(packed(data)[:-9])
    await refused(other_url, path, "cut off", ExportError)
    path.write_bytes(packed(data))
    await import_events(other_url, path)


async def test_a_file_that_contradicts_itself_is_refused(
    owner: asyncpg.Connection, world: World, conn: asyncpg.Connection, other_url: str, tmp_path: Path
) -> None:
    """As its operator could have made it, with all hashes right."""
    await world.sign_up("ada")
    await owner.execute("ALTER TABLE events DISABLE TRIGGER USER")
    await owner.execute("UPDATE events SET version = 3")
    await refused(
        other_url, await write(export_complete(conn), tmp_path / "log.gz"), "versions of the stream"
    )
