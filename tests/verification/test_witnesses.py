"""A log and its witnesses over real HTTP: cosigned, refused, and never held up."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from structlog.testing import capture_logs

from projections.tree import Tree
from projections.tree_reader import latest_checkpoint
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.verification.addresses import WitnessAddress, parse_witnesses
from service.verification.checkpoints import opened
from service.verification.cosigning import Cosigner, WitnessKey
from service.verification.notes import parse_note
from service.witnesses import LONGEST_ANSWER, Witnesses
from tests.postgres import execute, fresh_database
from tests.projections.history import World
from tests.projections.sealing import KEY as KEY_OF_LOG
from tests.projections.sealing import PATIENCE, seal, sealed, sealing, verifiers, vkey
from tests.projections.test_tree import sign_up
from tests.verification.watching import COSIGNER, serving, watching

SECOND = Cosigner.from_private("witness.example/w2", b"\x08" * 32)
ANOTHER = "another\n"
KEY = WitnessKey.from_vkey(COSIGNER.vkey)


@asynccontextmanager
async def asking(pool: asyncpg.Pool, tree: Tree, *addresses: WitnessAddress) -> AsyncIterator[None]:
    """Asks these witnesses, often, until the end of the body."""
    task = asyncio.create_task(Witnesses(pool, tree, addresses, seconds=0.05).run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def cosigned(pool: asyncpg.Pool, size: int, witness: Cosigner = COSIGNER) -> None:
    """Wait for the cosignature on the checkpoint of this size."""
    sql = "SELECT count(*) FROM log_cosignatures WHERE witness = $1 AND size = $2"
    async with asyncio.timeout(PATIENCE):
        while not await pool.fetchval(sql, witness.vkey, size):  # noqa: ASYNC110 (of another process)
            await asyncio.sleep(0.02)


async def key_of(store: PostgresStore) -> str:
    return vkey((await store.head()).log_id)


async def refusal(pool: asyncpg.Pool, store: PostgresStore, address: WitnessAddress) -> str:
    """Why the witness does not cosign what is sealed at the head, as it is logged."""
    await seal(pool, store)
    with capture_logs() as logs:
        async with sealing(pool, store) as tree, asking(pool, tree, address), asyncio.timeout(PATIENCE):
            while not (told := [line for line in logs if "does not cosign" in line["event"]]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.3)
    assert [line for line in logs if "does not cosign" in line["event"]] == told  # once, however often asked
    [line] = told
    assert line["witness"] == address.url
    return str(line["error"])


async def test_checkpoints_are_cosigned(
    tmp_path: Path, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 3)
    async with (
        watching(tmp_path / "one", [await key_of(store)]) as one,
        watching(tmp_path / "two", [await key_of(store)], SECOND) as two,
        sealing(pool, store) as tree,
        asking(pool, tree, one, two),
    ):
        for size in (3, 8, 9):
            await sign_up(world, size - world.position)
            await cosigned(pool, size)
            await cosigned(pool, size, SECOND)
    latest = await latest_checkpoint(pool, [COSIGNER.vkey])
    assert latest
    assert (latest.size, latest.cosignatures) == (9, 2)
    assert opened(latest.note, *await verifiers(pool)).size == 9
    text, lines = parse_note(latest.note)
    assert KEY.cosigned_at(text, lines) > 1_700_000_000
    assert WitnessKey.from_vkey(SECOND.vkey).cosigned_at(text, lines) > 1_700_000_000


async def test_a_witness_goes_on_after_a_restart_and_after_we_forgot(
    tmp_path: Path, database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """It tells what it knows, and the proof begins there."""
    await sign_up(world, 5)
    key = await key_of(store)
    async with (
        sealing(pool, store) as tree,
        watching(tmp_path / "state", [key]) as witness,
        asking(pool, tree, witness),
    ):
        await cosigned(pool, 5)
    await execute(database_url, "ALTER TABLE log_cosignatures DISABLE TRIGGER USER")
    await execute(database_url, "DELETE FROM log_cosignatures")
    await sign_up(world, 2)
    async with (
        sealing(pool, store) as tree,
        watching(tmp_path / "state", [key]) as witness,
        asking(pool, tree, witness),
    ):
        await cosigned(pool, 7)
    await execute(database_url, "DELETE FROM log_cosignatures")
    async with (
        sealing(pool, store) as tree,
        watching(tmp_path / "state", [key]) as witness,
        asking(pool, tree, witness),
    ):
        await cosigned(pool, 7)  # again, of the size that it knows


@asynccontextmanager
async def forked(cluster_dsn: str, database_url: str) -> AsyncIterator[tuple[asyncpg.Pool, PostgresStore]]:
    """A copy of the log. Nobody may be connected to it just now."""
    name = database_url.partition("@/")[2].partition("?")[0]
    async with (
        fresh_database(cluster_dsn, name) as dsn,
        connection_pool(dsn) as pool,
        PostgresStore.open(pool, connector(dsn)) as store,
    ):
        yield pool, store


@pytest.mark.parametrize(("others", "told"), [(3, "two histories"), (5, "answers 422"), (1, "was set back")])
async def test_a_forked_log_is_refused(
    tmp_path: Path, cluster_dsn: str, database_url: str, others: int, told: str
) -> None:
    """A copy goes on with as many other events, with more, with fewer."""
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        world = World(store)
        await sign_up(world, 4)
        await seal(pool, store)
        key = await key_of(store)
    async with watching(tmp_path / "state", [key]) as witness:
        async with forked(cluster_dsn, database_url) as (pool, store):
            other = World(store, position=4)
            await sign_up(other, 3)
            async with sealing(pool, store) as tree, asking(pool, tree, witness):
                await cosigned(pool, 7)
        async with forked(cluster_dsn, database_url) as (pool, store):
            await sign_up(World(store, position=4), others)
            assert told in await refusal(pool, store, witness)
            assert not await pool.fetchval("SELECT count(*) FROM log_cosignatures")


async def test_after_a_restore_the_new_epoch_is_cosigned(
    tmp_path: Path, database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 4)
    async with (
        sealing(pool, store) as tree,
        watching(tmp_path / "state", [await key_of(store)]) as witness,
        asking(pool, tree, witness),
    ):
        await cosigned(pool, 4)
        begin = "INSERT INTO log_epochs (epoch, base, place) VALUES (1785000000, 4, 'elsewhere')"
        await execute(database_url, begin)
        await sign_up(world, 1)
        await cosigned(pool, 5)
    latest = await latest_checkpoint(pool)
    assert latest
    assert latest.origin.endswith("/1785000000")


def answering(response: Response) -> Starlette:
    async def answer(_request: Request) -> Response:
        return response

    return Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])


@pytest.mark.parametrize(
    ("response", "told"),
    [
        (PlainTextResponse("no", 403), "it answers 403: no"),
        (PlainTextResponse("", 500), "it answers 500"),
        (RedirectResponse("/elsewhere"), "it answers 307"),
        (PlainTextResponse("<html>\n"), "signature line"),
        (PlainTextResponse("x" * (LONGEST_ANSWER + 1)), "longer than 65,536 bytes"),
        (PlainTextResponse("3\n", 409), "it answers 409"),
        (PlainTextResponse("1\n", 409, {"Content-Type": "text/x.tlog.size"}), "it answers 409: 1"),
        (PlainTextResponse("x\n", 409, {"Content-Type": "text/x.tlog.size"}), "is not a number"),
        (PlainTextResponse(f"{COSIGNER.cosign(ANOTHER, 1_790_000_000)}\n"), "does not fit the text"),
        (
            PlainTextResponse(f"{SECOND.cosign(ANOTHER, 1_790_000_000)}\n"),
            "no signature of witness.example/w1",
        ),
    ],
)
async def test_only_a_cosignature_is_kept(
    pool: asyncpg.Pool, store: PostgresStore, world: World, response: Response, told: str
) -> None:
    await sign_up(world, 2)
    async with serving(answering(response)) as url:
        assert told in await refusal(pool, store, WitnessAddress(COSIGNER.vkey, url))
    assert not await pool.fetchval("SELECT count(*) FROM log_cosignatures")


async def test_a_wrong_clock_is_not_believed(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    async def answer(request: Request) -> Response:
        text, _ = parse_note((await request.body()).decode().partition("\n\n")[2])
        return PlainTextResponse(f"{COSIGNER.cosign(text, 2**62)}\n")

    await sign_up(world, 2)
    async with serving(Starlette(routes=[Route("/add-checkpoint", answer, methods=["POST"])])) as url:
        assert "clock is wrong" in await refusal(pool, store, WitnessAddress(COSIGNER.vkey, url))


async def test_a_dead_witness_holds_up_nobody(
    tmp_path: Path, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """Nobody listens at one address, somebody who never answers at another."""
    silent = socket.create_server(("127.0.0.1", 0))  # connections wait for ever to be taken
    port = silent.getsockname()[1]
    dead = [WitnessAddress(SECOND.vkey, f"http://127.0.0.1:{number}") for number in (9, port)]
    await sign_up(world, 1)
    async with (
        watching(tmp_path / "state", [await key_of(store)]) as living,
        sealing(pool, store) as tree,
        asking(pool, tree, *dead, living),
    ):
        for size in (1, 2, 3):
            await sealed(pool, size)
            await cosigned(pool, size)
            await sign_up(world, 1)
    silent.close()


async def test_only_the_leader_asks(
    tmp_path: Path, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 1)
    await seal(pool, store)
    standing_by = Tree(pool, store, KEY_OF_LOG, holder="never")
    async with (
        watching(tmp_path / "state", [await key_of(store)]) as witness,
        asking(pool, standing_by, witness),
    ):
        await asyncio.sleep(0.3)
    assert not await pool.fetchval("SELECT count(*) FROM log_cosignatures")


def test_the_setting() -> None:
    both = f"{COSIGNER.vkey} https://one.example/w/, {SECOND.vkey}\nhttp://two.example"
    assert parse_witnesses(both) == [
        (COSIGNER.vkey, "https://one.example/w"),
        (SECOND.vkey, "http://two.example"),
    ]
    assert parse_witnesses(" ") == []


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (COSIGNER.vkey, "separated by a space"),
        (f"{COSIGNER.vkey[:-4]} https://one.example", "not of kind 4"),
        (f"https://one.example {COSIGNER.vkey}", "written as name"),
        (f"{COSIGNER.vkey} one.example", "no address of a witness"),
        (f"{COSIGNER.vkey} file:///etc", "no address of a witness"),
    ],
)
def test_a_setting_that_is_wrong(setting: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        parse_witnesses(setting)
