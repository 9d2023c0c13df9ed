"""`shortscience export`, `shortscience import events` and `shortscience verify`: the log as a file."""

import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Annotated
from uuid import UUID

import asyncpg
import typer

from service.cli_imports import imports
from service.console import Bar, DatabaseUrl, DataDir, complain, plural, progress_bar, run, say
from service.database import connector
from service.exports.checking import checked
from service.exports.database import check_database
from service.exports.errors import ExportRefused
from service.exports.exporting import export_complete, export_public
from service.exports.files import STDOUT, gzipped, lines_of, new_file
from service.exports.importing import import_events
from service.exports.lines import Header
from service.exports.logcheck import Proved
from service.exports.report import UNPROVED, report
from service.exports.snapshot import Head
from service.exports.summary import export_summary
from service.exports.trust import parse_key
from service.migrations import migrate
from service.serving import database
from service.settings import Settings
from service.verification.errors import NoteError
from service.verification.notes import Verifier

exports = typer.Typer(no_args_is_help=True, help="Take the log out.")


@exports.callback()
def _group() -> None:
    """A group, although it has one command so far."""


@exports.command("events")
def export_events(
    file: Annotated[
        str | None,
        typer.Argument(help="Where to; - is the standard output. Default: events.jsonl.gz, or by its kind."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="Only what everybody may see.")] = False,
    summary: Annotated[
        UUID | None, typer.Option(help="Only what is about this summary, with proofs.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write the log as JSON Lines with gzip; `docs/export-format.md` describes them.

    Without an option it is the operator's export: complete, with all that is private and the
    installation's secret, and as confidential as the database. `import events` makes a log of it. Accounts
    (passwords, sessions) are not in it: a backup is made with pg_dump. With `--public` or `--summary`
    it holds what everybody may see, and proves it.
    """
    if public and summary:
        raise ExportRefused("--public and --summary are two different exports: choose one")
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    default = "events-public.jsonl.gz" if public else f"summary-{summary}.jsonl.gz" if summary else None
    run(settings, _export(settings, file or default or "events.jsonl.gz", public, summary, force))


async def _export(settings: Settings, name: str, public: bool, summary: UUID | None, force: bool) -> None:
    private = not public and summary is None
    with new_file(name, force=force, private=private) as write, progress_bar("Exporting events") as bar:
        async with database(settings) as dsn:
            await migrate(dsn)
            conn = await connector(dsn)()
            try:
                async with aclosing(gzipped(_blocks(conn, public, summary, bar))) as packed:
                    async for block in packed:
                        write(block)
            finally:
                await conn.close()
    tell = complain if name == STDOUT else say
    if name != STDOUT:
        tell(f"Written: {name}")
    if private:
        tell("It holds everything, the installation's secret too: keep it as confidential as the database.")


def _blocks(
    conn: asyncpg.Connection, public: bool, summary: UUID | None, bar: Bar
) -> AsyncGenerator[bytes, None]:
    if summary is not None:
        return export_summary(conn, summary)
    return export_public(conn, bar.show, _behind) if public else export_complete(conn, bar.show)


def _behind(head: Head) -> None:
    complain(
        f"The read models are at position {head.projected:,} of {head.position:,}: the export ends there. "
        "While the service runs they catch up by themselves."
    )


@imports.command("events")
def import_log(
    file: Annotated[Path, typer.Argument(help="A complete export.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Make an empty database the log of a complete export, with its positions and times.

    Events and their contents are verified while they are read, and if anything is wrong nothing is
    imported. Claims, commands and the secret are taken as they are. The read models are made when the
    service starts. Accounts are not in the file, so nobody can sign in yet.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _import(settings, file))


async def _import(settings: Settings, file: Path) -> None:
    with progress_bar("Importing events") as bar:
        async with database(settings) as dsn:
            await migrate(dsn)
            proved = await import_events(dsn, file, bar.show)
    say(
        f"{plural(proved.events, 'event')} imported and verified; a new epoch of the log begins after them. "
        "To go on signing it, bring the signing key of the installation that it comes from."
    )
    say(f"Taken as they are in the file, not proved: {UNPROVED}.")


def verify(
    file: Annotated[Path | None, typer.Argument(help="An export of any kind. Default: the database.")] = None,
    checkpoint: Annotated[
        str | None, typer.Option(help="A file with a signed checkpoint of yours; - is the standard input.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A key (vkey) that you trust: the log's or a witness's.")
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Check that a log is what was signed: an exported file, offline, or the database's own.

    Says what is proved and what is not. If something does not hold, it names the first position where
    that shows, and ends with 1.
    """
    keys = [_key(one) for one in key or ()]
    note = None if checkpoint is None else _note(checkpoint)
    if file is not None:
        _verify_file(file, keys, note)
    else:
        settings = Settings.read(data_dir=data_dir, database_url=database_url)
        run(settings, _verify_database(settings, keys, note))


def _key(vkey: str) -> Verifier:
    try:
        return parse_key(vkey)
    except NoteError as error:
        raise ExportRefused(f"--key: {error}") from error


def _note(name: str) -> str:
    try:
        return (sys.stdin.buffer.read() if name == STDOUT else Path(name).read_bytes()).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ExportRefused(f"--checkpoint: {name} cannot be read: {error}") from error


def _verify_file(file: Path, keys: Sequence[Verifier], note: str | None) -> None:
    header, proved = None, Proved()
    with progress_bar("Verifying") as bar:
        for item in checked(lines_of(file), keys, note, bar.show):
            if isinstance(item, Header):
                header = item
            elif isinstance(item, Proved):
                proved = item
    if header is not None:
        for line in report(header.log, header, proved, header.size, keys):
            say(line)


async def _verify_database(settings: Settings, keys: Sequence[Verifier], note: str | None) -> None:
    with progress_bar("Verifying") as bar:
        async with database(settings) as dsn:
            await migrate(dsn)
            conn = await connector(dsn)()
            try:
                log, proved = await check_database(conn, keys, note, bar.show)
            finally:
                await conn.close()
    for line in report(log, None, proved, proved.events, keys):
        say(line)
