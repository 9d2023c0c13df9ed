"""Bring a database to this code's schema: `migrations/NNNN_name.sql`, in order, each once.

Applied files are frozen. `public.schema_migrations` keeps what was applied, with its SHA-256.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

import asyncpg

LOCK = 0x53_68_6F_72_74_53_63  # any number will do; everyone who migrates takes the same one

TABLE = """
CREATE TABLE IF NOT EXISTS public.schema_migrations (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class MigrationError(Exception):
    """The database cannot be brought to this version; the message says which file and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its name without `.sql`, its text, and the text's SHA-256."""

    name: str
    sql: str
    sha256: str


async def migrate(dsn: str, directory: Traversable | None = None) -> list[str]:
    """Apply what is missing.

    Shape:  the names applied now, in order; each file in a transaction of its own.
    Errors: MigrationError for an edited, failing or unknown file; what came before it stays applied.
    Source: `directory`, by default the package `migrations`; one process at a time, others wait.
    """
    files = _read(directory)
    conn = await asyncpg.connect(dsn)
    try:
        await conn.execute("SELECT pg_advisory_lock($1)", LOCK)
        await conn.execute(TABLE)
        missing = _missing(files, await _applied(conn))
        for migration in missing:
            await _apply(conn, migration)
        return [migration.name for migration in missing]
    finally:
        await conn.close()  # and with it the lock


async def pending(dsn: str, directory: Traversable | None = None) -> list[str]:
    """The names that `migrate` would apply; changes nothing. Errors: as `migrate`."""
    files = _read(directory)
    conn = await asyncpg.connect(dsn)
    try:
        known = await conn.fetchval("SELECT to_regclass('public.schema_migrations') IS NOT NULL")
        return [migration.name for migration in _missing(files, await _applied(conn) if known else {})]
    finally:
        await conn.close()


def _read(directory: Traversable | None) -> list[Migration]:
    folder = resources.files("migrations") if directory is None else directory
    paths = sorted(
        (path for path in folder.iterdir() if path.name.endswith(".sql")), key=lambda path: path.name
    )
    return [_migration(path.name.removesuffix(".sql"), path.read_bytes()) for path in paths]


def _migration(name: str, content: bytes) -> Migration:
    number, _, title = name.partition("_")
    if not (len(number) == 4 and number.isdecimal() and title):
        raise MigrationError(f"{name}.sql: a migration is called NNNN_name.sql.")
    return Migration(name, content.decode(), hashlib.sha256(content).hexdigest())


async def _applied(conn: asyncpg.Connection) -> dict[str, str]:
    rows = await conn.fetch("SELECT name, sha256 FROM public.schema_migrations")
    return {row["name"]: row["sha256"] for row in rows}


def _missing(files: Sequence[Migration], applied: dict[str, str]) -> list[Migration]:
    known = {migration.name for migration in files}
    if unknown := sorted(applied.keys() - known):
        raise MigrationError(
            f"The database is newer than this version: it has {', '.join(unknown)}. Use the newer version."
        )
    for migration in files:
        if applied.get(migration.name, migration.sha256) != migration.sha256:
            raise MigrationError(
                f"{migration.name}.sql was edited after it was applied. Applied files are frozen: "
                "restore it and write a new one."
            )
    missing = [migration for migration in files if migration.name not in applied]
    if missing and applied and missing[0].name < max(applied):
        raise MigrationError(
            f"{missing[0].name}.sql comes before {max(applied)}, which is applied: give it a later number."
        )
    return missing


async def _apply(conn: asyncpg.Connection, migration: Migration) -> None:
    try:
        async with conn.transaction():
            await conn.execute(migration.sql)
            await conn.execute("RESET ROLE")  # a file may have made its tables as another role
            await conn.execute(
                "INSERT INTO public.schema_migrations (name, sha256) VALUES ($1, $2)",
                migration.name,
                migration.sha256,
            )
    except asyncpg.PostgresError as error:
        raise MigrationError(
            f"{migration.name}.sql{_line(migration.sql, error)} failed and left nothing behind: {error}"
        ) from error


def _line(sql: str, error: asyncpg.PostgresError) -> str:
    """`, line N` where the server says where; it counts characters from 1."""
    return f", line {sql.count(chr(10), 0, int(error.position) - 1) + 1}," if error.position else ""
