"""The log is taken out, checked and brought in again beside a server that goes on being written to."""

import asyncio
import gzip
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx

from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.exports.files import lines_of
from service.exports.lines import Header, read_header
from service.exports.trust import key_text, parse_key
from service.verification.keys import FILE as SIGNING_KEY
from tests.end_to_end.client import Person
from tests.end_to_end.evidence import compare_with_rebuild, projected
from tests.end_to_end.server import PATIENCE, Server, dsn_of, run, serving
from tests.end_to_end.traffic import Notes, traffic

HIDDEN = "xyzzy-nobody-may-read-it"
FEED = "{ feed(first: 20) { totalCount nodes { id body } } }"


async def command(*words: str | Path) -> str:
    """What it says, when all is well."""
    done = await asyncio.to_thread(run, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


@asynccontextmanager
async def visitor(server: Server) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        yield Person(http)


def header_of(file: Path) -> Header:
    return read_header(next(lines_of(file)))


async def test_beside_a_server_that_is_written_to(server: Server, data_dir: Path, tmp_path: Path) -> None:
    here, notes = ("--data-dir", data_dir), Notes()
    whole, public, later = (tmp_path / f"{name}.jsonl.gz" for name in ("whole", "public", "later"))
    async with visitor(server) as somebody, traffic(server.url, notes, people=3):
        ada = await somebody.sign_up("ada")
        await ada.summary(await ada.paper("hidden"), HIDDEN, visibility="PRIVATE")
        await notes.more(30)
        before = len(notes.accepted)
        await command("export", "events", whole, *here)
        await command("export", "events", public, "--public", *here)
        of_database = await command("verify", *here)
        await command("export", "events", later, *here)
        assert len(notes.accepted) > before  # nobody waited for the exports
        note = tmp_path / "note"
        note.write_text((await somebody.http.get("/log/checkpoint")).text)
        key = (await somebody.http.get("/log/keys")).text.strip()
    assert server.process.poll() is None

    assert "The database of the log" in of_database
    sizes = [header_of(file).size for file in (whole, later)]
    assert sizes[0] < sizes[1]
    for file in (whole, public, later):
        told = await command("verify", file, "--key", key)
        assert f" are as {key_text(parse_key(key))} signed: " in told
    assert HIDDEN in gzip.decompress(whole.read_bytes()).decode()
    assert HIDDEN not in gzip.decompress(public.read_bytes()).decode()

    last = tmp_path / "last.jsonl.gz"
    await _all_projected(data_dir)
    await command("export", "events", last, *here)
    assert "your own checkpoint is met" in await command("verify", last, "--key", key, "--checkpoint", note)
    await _import_and_serve(server, last, data_dir, tmp_path / "second")


async def _all_projected(data_dir: Path) -> None:
    async with connection_pool(dsn_of(data_dir)) as pool:
        await projected(pool)


async def _import_and_serve(first: Server, file: Path, data_dir: Path, second_dir: Path) -> None:
    """In another data directory, with the key of the first; it says the same, and goes on."""
    await command("import", "events", file, "--data-dir", second_dir)
    await asyncio.to_thread(shutil.copy, data_dir / SIGNING_KEY, second_dir)
    arguments = ("--data-dir", second_dir, "--no-samples")
    with serving(*arguments, output=second_dir / "server.txt") as second:
        dsn, size = dsn_of(second_dir), header_of(file).size
        async with visitor(first) as there, visitor(second) as here:
            await _all_projected(second_dir)
            assert await here.read(FEED) == await there.read(FEED)
            bob = await here.sign_up("bob")
            await bob.summary(await bob.paper("after"), "It goes on.")
            feed = await here.read(FEED)
            assert "It goes on." in [node["body"] for node in feed["feed"]["nodes"]]
        async with connection_pool(dsn) as pool, PostgresStore.open(pool, connector(dsn)) as store:
            await projected(pool)
            head = (await store.head()).position
            assert head > size
            await _sealed(pool, head)
            await compare_with_rebuild(pool, store)
        assert f"positions 1 to {head:,} are as " in await command("verify", "--data-dir", second_dir)


async def _sealed(pool: asyncpg.Pool, position: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while await pool.fetchval("SELECT max(size) FROM log_checkpoints") != position:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
