"""The command line: `shortscience --help`."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from projections.rebuild import rebuild as rebuild_read_models
from service.database import WrongRole
from service.embedded import EmbeddedPostgresError
from service.importers.git_history import GitError, RefusedFile, read_histories
from service.importers.notes import import_notes
from service.logs import configure
from service.migrations import MigrationError
from service.migrations import migrate as apply_migrations
from service.restores import ServersRunning
from service.restores import begin as begin_epoch
from service.serving import database, open_log
from service.serving import serve as run_server
from service.settings import Settings, SettingsError
from service.workers import WorkerFailed, supervise

EXPECTED = (
    SettingsError,
    EmbeddedPostgresError,
    MigrationError,
    GitError,
    WorkerFailed,
    ServersRunning,
    WrongRole,
)

app = typer.Typer(
    name="shortscience",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    help="People explain papers to each other. This is the service behind it.",
    epilog="Settings can also be given as SHORTSCIENCE_DATABASE_URL, SHORTSCIENCE_DATA_DIR and so on.",
)
imports = typer.Typer(no_args_is_help=True, help="Bring in what was written elsewhere.")
app.add_typer(imports, name="import")

console = Console()
errors = Console(stderr=True)

DataDir = Annotated[
    Path | None,
    typer.Option(
        help="Where the embedded PostgreSQL keeps its data. Made if absent. "
        "[env: SHORTSCIENCE_DATA_DIR; default: ~/.local/share/shortscience]"
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Your own PostgreSQL instead of the embedded one: postgresql://user:password@host/database. "
        "[env: SHORTSCIENCE_DATABASE_URL]"
    ),
]


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="[env: SHORTSCIENCE_HOST; default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="[env: SHORTSCIENCE_PORT; default: 8000]")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            help="Processes that answer, behind one address. [env: SHORTSCIENCE_WORKERS; default: 1]"
        ),
    ] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
    samples: Annotated[
        bool | None,
        typer.Option(help="Fill an empty log with sample content. By default only on the embedded database."),
    ] = None,
) -> None:
    """Serve the API. Starts the database, brings it up to date, and stops it in the end (Ctrl-C)."""
    settings = Settings.read(
        host=host, port=port, workers=workers, data_dir=data_dir, database_url=database_url
    )
    wanted = samples if samples is not None else settings.database_url is None
    _run(settings, _serve(settings, wanted))


async def _serve(settings: Settings, samples: bool) -> None:
    console.print(f"Starting. Data: {_where(settings)}")
    with _bar() as progress:
        task = progress.add_task("Loading sample content", total=None, visible=False)

        def on_sample(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=True)

        def on_ready() -> None:
            progress.stop()
            console.print(f"Listening on {settings.public_url}")
            console.print(f"  GraphiQL  {settings.public_url}/graphql")
            console.print("Stop with Ctrl-C.")

        run = supervise if settings.workers > 1 else run_server
        await run(settings, on_sample=on_sample if samples else None, on_ready=on_ready)
    console.print("Stopped.")


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database up to date. `serve` does it by itself; this is for an upgrade step by step."""
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    _run(settings, _migrate(settings))


async def _migrate(settings: Settings) -> None:
    async with database(settings) as dsn:
        applied = await apply_migrations(dsn)
    for name in applied:
        console.print(f"Applied {name}")
    console.print("The database is up to date." if applied else "The database was up to date already.")


@app.command()
def rebuild(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Make the read models anew from the log, beside the live ones, and switch at the end.

    The service may go on running: readers see the old ones until the switch.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    _run(settings, _rebuild(settings))


async def _rebuild(settings: Settings) -> None:
    with _bar() as progress:
        task = progress.add_task("Rebuilding read models", total=None)
        direct = settings.model_copy(update={"bouncer_url": None})  # it holds a lock over transactions
        async with open_log(direct) as opened:
            position = await rebuild_read_models(
                opened.pool,
                opened.store,
                lambda done, head: progress.update(task, completed=done, total=head),
            )
    console.print(f"The read models are those of position {position}.")


@app.command()
def restored(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Say that the database was restored from a backup, while no server runs.

    What clients know of the part that was lost is refused from now on, instead of being taken for what is
    written next. `serve` sees by itself that it is on another cluster or timeline, as after pg_restore or
    recovery; this is for copies of files, such as snapshots of a disk.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    _run(settings, _restored(settings))


async def _restored(settings: Settings) -> None:
    async with database(settings) as dsn:
        await apply_migrations(dsn)
        begun = await begin_epoch(dsn)
    console.print(f"A new epoch of the log begins after position {begun.base}.")


@imports.command("notes")
def notes(
    path: Annotated[Path, typer.Argument(help="A Git repository, bare or not.")],
    ref: Annotated[str | None, typer.Option(help="Branch, tag or commit. Default: HEAD.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import Markdown notes about papers from a Git repository, with their whole history.

    Each `*.md` file is a summary. Its head says of which paper: lines such as `Title: …`,
    `Authors: …`, `Link: https://arxiv.org/abs/…`, `Year: …`, `Tags: …`. Each commit that changed it is a
    revision, with its author, date and message. Run it again for what is new since.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    _run(settings, _import_notes(settings, path, ref))


async def _import_notes(settings: Settings, path: Path, ref: str | None) -> None:
    files = refused = revisions = new = 0
    with _bar() as progress:
        task = progress.add_task("Importing notes", total=sum(1 for _ in read_histories(path, ref)))
        async with open_log(settings) as opened:
            async for item in import_notes(opened.context(), path, ref):
                progress.advance(task)
                if isinstance(item, RefusedFile):
                    refused += 1
                    progress.console.print(f"Refused {item.path}: {item.reason}", markup=False)
                else:
                    files, revisions = files + 1, revisions + item.revisions
                    new += item.new_revisions
    console.print(f"{files} files with {revisions} revisions, {new} of them new; {refused} files refused.")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors,
    )


def _where(settings: Settings) -> str:
    """The data directory, or the database without its password."""
    if settings.database_url is None:
        return str(settings.data_dir.absolute())
    return settings.database_url.rsplit("@", 1)[-1]


def _run(settings: Settings, work: Coroutine[Any, Any, None]) -> None:
    configure(settings.log_level)
    try:
        asyncio.run(work)
    except (asyncpg.PostgresError, OSError) as error:
        raise SettingsError(f"the database at {_where(settings)} does not answer: {error}") from error


def main() -> None:
    """The entry point: an expected error is one line, and the exit code 1."""
    try:
        app()
    except EXPECTED as error:
        errors.print(f"Error: {error}", style="bold red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(130) from None
