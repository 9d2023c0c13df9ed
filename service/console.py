"""What commands share: where they write, how they show progress, and how they end."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import asyncpg
import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from service.logs import configure
from service.settings import Settings, SettingsError, database_place

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


class Bar:
    """A progress bar on standard error, in a terminal only; not drawn before there is progress."""

    def __init__(self, name: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=errors,
            disable=not errors.is_terminal,
        )
        self._task = self._progress.add_task(name, total=None)

    def show(self, done: int, total: int) -> None:
        """So much of it is done."""
        self._progress.start()
        self._progress.update(self._task, completed=done, total=total)

    def stop(self) -> None:
        """It stays as it is."""
        if self._progress.live.is_started:
            self._progress.stop()


@contextmanager
def progress_bar(name: str) -> Iterator[Bar]:
    """A bar, stopped at the end of the body."""
    bar = Bar(name)
    try:
        yield bar
    finally:
        bar.stop()


def say(line: str) -> None:
    """A line of a report, as it is: neither wrapped nor coloured."""
    console.print(line, markup=False, highlight=False, soft_wrap=True)


def complain(line: str) -> None:
    """The same on standard error, above a progress bar."""
    errors.print(line, markup=False, highlight=False, soft_wrap=True)


def plural(count: int, noun: str) -> str:
    """A number with its noun, such as 2 files."""
    return f"{count:,} {noun if count == 1 else noun + 's'}"


def place(settings: Settings) -> str:
    """The data directory, or the database without its password."""
    if settings.database_url is None:
        return str(settings.data_dir.absolute())
    return database_place(settings.database_url)


def run(settings: Settings, work: Coroutine[Any, Any, None]) -> None:
    """Run a command to its end. Errors: SettingsError when the database does not answer."""
    configure(settings.log_level)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise SettingsError(f"the database at {place(settings)} does not answer: {reason}") from error
