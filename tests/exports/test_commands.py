"""The commands, as they are typed."""

import asyncio
import gzip
import subprocess
import sys
from pathlib import Path

import asyncpg
from typer.testing import CliRunner

from service.cli import EXPECTED, app
from service.eventstore.postgres import PostgresStore
from tests.exports.exported import complete, key_of, live, packed
from tests.projections.history import World
from tests.projections.sealing import OTHER_KEY, vkey

PROGRAM = [sys.executable, "-c", "from service.cli import main; main()"]


async def shortscience(*words: str, given: bytes | None = None) -> tuple[int, str, bytes]:
    """Run it to its end: the code, what it says on standard error, and its output."""
    done = await asyncio.to_thread(subprocess.run, [*PROGRAM, *words], capture_output=True, input=given)
    return done.returncode, done.stderr.decode(), done.stdout


def verified(*words: str) -> str:
    """What `verify FILE` says; it needs neither a database nor a loop."""
    result = CliRunner().invoke(app, ["verify", *words])
    assert result.exception is None
    return result.stdout


def refused(*words: str) -> str:
    result = CliRunner().invoke(app, ["verify", *words])
    assert isinstance(result.exception, EXPECTED)
    assert result.stdout == ""
    return str(result.exception)


async def test_from_one_database_to_another(
    database_url: str,
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    conn: asyncpg.Connection,
    other_url: str,
    tmp_path: Path,
) -> None:
    await live(pool, store, world)
    key = vkey((await store.head()).log_id)
    note = tmp_path / "note"
    note.write_text(await pool.fetchval("SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1"))
    file = tmp_path / "log.gz"
    here = ("--database-url", database_url)

    code, _, out = await shortscience("export", "events", str(file), *here)
    assert code == 0
    assert b"keep it as confidential as the database" in out
    assert file.stat().st_mode & 0o777 == 0o600
    assert gzip.decompress(file.read_bytes()) == await complete(conn)
    code, err, out = await shortscience("export", "events", "-", "--public", *here)
    assert (code, err) == (0, "")
    (tmp_path / "public.gz").write_bytes(out)

    for name in (file, tmp_path / "public.gz"):
        told = verified(str(name), "--key", key, "--checkpoint", str(note))
        assert f"{world.position:,} events" in told
        assert "your own checkpoint is met" in told
        assert f"positions 1 to {world.position - 1:,} are as {key.rpartition('+')[0]} signed: " in told
        assert f"  position {world.position:,}: no checkpoint covers that yet" in told
    other = vkey((await store.head()).log_id, OTHER_KEY)
    assert "signed with the key that you gave" in refused(str(file), "--key", other)

    code, _, out = await shortscience("import", "events", str(file), "--database-url", other_url)
    assert (code, f"{world.position:,} events imported" in out.decode()) == (0, True)
    assert "not proved: claims, commands and the secret" in out.decode()
    code, _, out = await shortscience(
        "verify", "--database-url", other_url, "--checkpoint", "-", given=note.read_bytes()
    )
    assert (code, "The database of the log" in out.decode(), "whose the keys are" in out.decode()) == (
        0,
        True,
        True,
    )


async def test_about_one_summary(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World, tmp_path: Path
) -> None:
    await live(pool, store, world)
    listed, hidden = [
        str(await pool.fetchval("SELECT summary_id FROM read.summary WHERE listed = $1 LIMIT 1", shown))
        for shown in (True, False)
    ]
    file = tmp_path / "one.gz"
    words = ("export", "events", str(file), "--database-url", database_url, "--summary")
    code, err, _ = await shortscience(*words, hidden)
    assert (code, "no public summary" in err, file.exists()) == (1, True, False)
    code, _, _ = await shortscience(*words, listed)
    assert code == 0
    told = verified(str(file))
    assert "that these are all events" in told
    assert (await key_of(store)).name in told


async def test_a_file_that_does_not_hold(world: World, conn: asyncpg.Connection, tmp_path: Path) -> None:
    await world.sign_up("ada", "Ada")
    await world.sign_up("bob", "Bob")
    file = tmp_path / "log.gz"
    file.write_bytes(packed((await complete(conn)).replace(b'"Bob"', b'"Bab"')))
    assert refused(str(file)) == "position 2: its display_name is not what it committed to"
    assert "cannot be read" in refused(str(tmp_path / "none"))
    assert "not that of an export" in refused(__file__)
    assert "--key: a key is written as" in refused(str(file), "--key", "nonsense")
    assert "--checkpoint: " in refused(str(file), "--checkpoint", str(tmp_path / "none"))
