"""How the service starts, stops, is interrupted, and shares its data directory."""

import asyncio
import signal
import socket
from contextlib import suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from service import samples
from service.embedded_cluster import Cluster
from service.migrations import LOCK
from tests.end_to_end.client import Person, paper_fields
from tests.end_to_end.server import (
    PATIENCE,
    Server,
    dsn_of,
    end_postgres,
    eventually,
    postgres_processes,
    serving,
)

LOCKED = "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


async def someone_waits(conn: asyncpg.Connection) -> None:
    """Until somebody waits for a lock that this connection holds."""
    async with asyncio.timeout(PATIENCE):
        while not await conn.fetchval(LOCKED):  # noqa: ASYNC110 (another process waits)
            await asyncio.sleep(0.02)


def listens(server: Server) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", server.port)) == 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_what_is_under_way_is_answered_before_the_end(
    server: Server, data_dir: Path, how: signal.Signals
) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        ada = await Person(http).sign_up("ada")
        holder = await asyncpg.connect(dsn_of(data_dir))
        held = holder.transaction()
        await held.start()
        await holder.execute("SELECT FROM log_head FOR UPDATE")
        under_way = asyncio.create_task(ada.do("registerPaper", fields=paper_fields("a")))
        await someone_waits(holder)

        server.process.send_signal(how)
        await asyncio.to_thread(eventually, "it takes no new requests", lambda: not listens(server))
        assert server.process.poll() is None
        await held.rollback()
        await holder.close()

        assert (await under_way)["__typename"] == "PaperPayload"
    assert await asyncio.to_thread(server.ended) == 0
    assert server.said().endswith("Stopped.\n")
    assert postgres_processes(data_dir) == []
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


SLOW = b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize("signals", [1, 2])
def test_a_slow_client_does_not_keep_the_service_up(server: Server, data_dir: Path, signals: int) -> None:
    """With one signal it has some seconds, and is told; a second signal ends it at once."""
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as client:
        client.sendall(SLOW)
        with httpx.Client(base_url=server.url) as other:  # by its answer the first one is under way
            assert other.get("/healthz").status_code == 200
        for _ in range(signals):
            server.process.send_signal(signal.SIGINT)
            eventually("it takes no new requests", lambda: not listens(server))
        answer = client.makefile("rb").read()
    assert server.ended() == 0
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"The service is stopping" in answer
    assert "Traceback" not in server.said()
    assert server.said().endswith("Stopped.\n")
    assert postgres_processes(data_dir) == []


async def test_a_second_start_finds_the_data(server: Server) -> None:
    query = "query($id: ID!) { summary(id: $id) { body score { net } author { ... on User { username } } } }"
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        ada = await Person(http).sign_up("ada")
        summary = await ada.summary(await ada.paper("a"), "Here to stay.")
        first = await ada.read(query, id=summary)
    assert await asyncio.to_thread(server.stop) == 0
    server.start()
    await asyncio.to_thread(server.ready)
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        assert await ada.at(http).read(query, id=summary) == first
        assert first["summary"]["body"] == "Here to stay."


async def test_two_servers_share_a_data_directory(server: Server, data_dir: Path, tmp_path: Path) -> None:
    with serving("--data-dir", data_dir, "--no-samples", output=tmp_path / "second.txt") as second:
        async with httpx.AsyncClient(base_url=second.url, timeout=PATIENCE) as http:
            assert await asyncio.to_thread(server.stop) == 0
            assert (await Person(http).sign_up("ada")).id
        assert postgres_processes(data_dir)
    assert postgres_processes(data_dir) == []


@pytest.fixture
def new(tmp_path: Path) -> Server:
    """A server on a data directory that is not there yet; not started."""
    return Server(("--data-dir", tmp_path / "new"), tmp_path / "server.txt")


@pytest.mark.parametrize("gently", [True, False])
async def test_a_start_that_is_interrupted_is_made_good_by_the_next(
    new: Server, tmp_path: Path, gently: bool
) -> None:
    data_dir = tmp_path / "new"
    try:
        await interrupted_while_making_the_cluster(new, data_dir, gently)
        await interrupted_while_migrating(new, data_dir, gently)
        await interrupted_while_loading_samples(new, data_dir, gently)
        new.start()
        await asyncio.to_thread(new.ready)
        await whole_front_page(new)
        assert await asyncio.to_thread(new.stop) == 0
    finally:
        new.kill()
        await asyncio.to_thread(end_postgres, data_dir)


async def interrupted_while_making_the_cluster(new: Server, data_dir: Path, gently: bool) -> None:
    new.start()
    await asyncio.to_thread(
        eventually, "initdb is at work", lambda: list(data_dir.glob("postgres.new*/base"))
    )
    await interrupt(new, data_dir, signal.SIGINT, gently)


async def interrupted_while_migrating(new: Server, data_dir: Path, gently: bool) -> None:
    """It waits for somebody else's migration, until it is interrupted."""
    if not (data_dir / "postgres").exists():
        await asyncio.to_thread(Cluster(data_dir, {}).make)
    await asyncio.to_thread(Cluster(data_dir, {}).start)
    holder = await asyncpg.connect(dsn_of(data_dir))
    await holder.execute("SELECT pg_advisory_lock($1)", LOCK)
    new.start()
    await someone_waits(holder)
    await interrupt(new, data_dir, signal.SIGTERM, gently)
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):  # it may be stopped by now
        await holder.close(timeout=1)


async def interrupted_while_loading_samples(new: Server, data_dir: Path, gently: bool) -> None:
    new.start()
    await asyncio.to_thread(eventually, "PostgreSQL runs", (data_dir / "postgres" / "postmaster.pid").exists)
    async with asyncio.timeout(PATIENCE):
        while not await position(data_dir) > 5:  # noqa: ASYNC110 (another process writes)
            await asyncio.sleep(0.02)
    await interrupt(new, data_dir, signal.SIGINT, gently)


async def position(data_dir: Path) -> int:
    """Where the log ends; 0 as long as there is none."""
    try:
        conn = await asyncpg.connect(dsn_of(data_dir))
    except (OSError, asyncpg.PostgresError):
        return 0
    try:
        return int(await conn.fetchval("SELECT position FROM log_head"))
    except asyncpg.UndefinedTableError:
        return 0
    finally:
        await conn.close()


async def interrupt(new: Server, data_dir: Path, how: signal.Signals, gently: bool) -> None:
    """Asked to, it leaves nothing running and says so by its exit code."""
    assert "Listening" not in new.said()
    if not gently:
        new.kill()
        return
    assert await asyncio.to_thread(new.stop, how) == 130
    assert postgres_processes(data_dir) == []
    assert "Traceback" not in new.said()


async def whole_front_page(new: Server) -> object:
    """All public summaries of the sample content, which is complete."""
    async with httpx.AsyncClient(base_url=new.url, timeout=PATIENCE) as http:
        page = await Person(http).read(
            "{ feed(first: 100) { totalCount nodes { id body revisionNumber commentCount score { up down } "
            "paper { bibtexKey } author { ... on User { username } } } } }"
        )
    papers = [action for action in samples.load() if isinstance(action, samples.RegisterPaper)]
    shown = {node["paper"]["bibtexKey"] for node in page["feed"]["nodes"]}
    assert shown == {action.fields.bibtex_key for action in papers}
    return page
