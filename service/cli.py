"""The command line: `shortscience --help`."""

import asyncio
from typing import Annotated

import typer

from projections import blame
from projections.rebuild import rebuild as rebuild_read_models
from service.cli_announcing import announcing
from service.cli_exports import exports, verify
from service.cli_imports import UnreadableFile, imports
from service.cli_keys import keys
from service.cli_witness import witness
from service.console import DatabaseUrl, DataDir, console, errors, place, progress_bar, run
from service.database import WrongRole
from service.embedded import EmbeddedPostgresError
from service.exports.errors import ExportError
from service.importers.git_history import GitError
from service.listening import listening_socket
from service.migrations import MigrationError
from service.migrations import migrate as apply_migrations
from service.restores import ServersRunning
from service.restores import begin as begin_epoch
from service.serving import database, open_log
from service.serving import serve as run_server
from service.settings import OPTIONS, Settings, SettingsError
from service.verification.errors import VerificationError
from service.verification.keys import KeyFileError
from service.witness import StateFileError
from service.workers import WorkerFailed, supervise

EXPECTED = (
    SettingsError,
    EmbeddedPostgresError,
    MigrationError,
    GitError,
    WorkerFailed,
    ServersRunning,
    WrongRole,
    UnreadableFile,
    ExportError,
    VerificationError,
    KeyFileError,
    StateFileError,
)

TOLD = OPTIONS | {"base_url", "bouncer_url", "pool_size", "cors_origins", "metrics", "log_level"}  # below

app = typer.Typer(
    name="shortscience",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # it shows local variables, and those hold passwords
    rich_markup_mode="markdown",
    help="People explain papers to each other. This is the service behind it.",
    epilog="Settings can also be given as SHORTSCIENCE_DATABASE_URL, SHORTSCIENCE_DATA_DIR and so on: "
    "`shortscience serve --help` and docs/operating.md.",
)
app.add_typer(imports, name="import")
app.add_typer(exports, name="export")
app.add_typer(keys, name="keys")
app.add_typer(announcing, name="announcing")


@app.command(
    epilog="By environment variables only: SHORTSCIENCE_BASE_URL (what readers type; default: from host and "
    "port), SHORTSCIENCE_BOUNCER_URL (pgbouncer), SHORTSCIENCE_POOL_SIZE (connections for reading; default: "
    "20), SHORTSCIENCE_CORS_ORIGINS (sites that may use the API, separated by commas), SHORTSCIENCE_METRICS "
    "(local, on or off; default: local), SHORTSCIENCE_LOG_LEVEL (DEBUG, INFO, WARNING or ERROR; default: "
    "INFO). docs/operating.md says more, and about these, too: "
    + ", ".join(f"SHORTSCIENCE_{name.upper()}" for name in Settings.model_fields if name not in TOLD)
    + "."
)
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
    run(settings, _serve(settings, wanted))


async def _serve(settings: Settings, samples: bool) -> None:
    with listening_socket(settings) as listener, progress_bar("Loading sample content") as bar:
        console.print(f"Starting. Data: {place(settings)}", markup=False, highlight=False, soft_wrap=True)

        def on_ready() -> None:
            bar.stop()
            console.print(f"Listening on {settings.own_url}")
            console.print(f"  Pages     {settings.public_url}/")
            console.print(f"  GraphiQL  {settings.public_url}/graphql")
            console.print("Stop with Ctrl-C.")

        start = supervise if settings.workers > 1 else run_server
        await start(settings, listener, on_sample=bar.show if samples else None, on_ready=on_ready)
    console.print("Stopped.")


@app.command()
def migrate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Bring the database up to date. `serve` does it by itself; this is for an upgrade step by step."""
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _migrate(settings))


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
    run(settings, _rebuild(settings))


async def _rebuild(settings: Settings) -> None:
    direct = settings.model_copy(update={"bouncer_url": None})  # it holds a lock over transactions
    with progress_bar("Rebuilding read models") as bar:
        async with open_log(direct) as opened:
            position = await rebuild_read_models(opened.pool, opened.store, bar.show)
            await blame.recompute(opened.pool)
    console.print(f"The read models are those of position {position}. Blame follows while the service runs.")


@app.command()
def restored(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Say that the database was restored from a backup, while no server runs.

    What clients know of the part that was lost is refused from now on, instead of being taken for what is
    written next. `serve` sees by itself that it is on another cluster or timeline, as after pg_restore or
    recovery; this is for copies of files, such as snapshots of a disk.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _restored(settings))


async def _restored(settings: Settings) -> None:
    async with database(settings) as dsn:
        await apply_migrations(dsn)
        begun = await begin_epoch(dsn)
    console.print(f"A new epoch of the log begins after position {begun.base}.")


app.command()(verify)
app.command()(witness)


def main() -> None:
    """The entry point: an expected error is one line, and the exit code 1."""
    try:
        app()
    except EXPECTED as error:
        errors.print(f"Error: {error}", style="bold red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(130) from None
