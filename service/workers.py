"""Several processes behind one address: a supervisor that owns the database, and workers that answer.

The supervisor takes the address, brings the database up to date and starts the workers, which share the
listening socket: connections that wait while one dies are taken by another. A worker that ends is
replaced. A worker whose supervisor is gone stops by itself.
"""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from pydantic import SecretStr

from service.importers.samples import Progress as Heard
from service.serving import database, fill, open_log
from service.settings import PREFIX, Settings
from service.signals import Signals

log = structlog.get_logger()

FIRST_PAUSE = 0.1  # seconds before a worker is replaced; doubled while they keep dying
LONGEST_PAUSE = 10.0
STOPPING = 45.0  # seconds that a worker has to stop in order
SETTLED = 30.0  # seconds after which a worker's end is no longer its predecessor's


class WorkerFailed(Exception):
    """A worker ended before it could serve; the log says why."""


async def supervise(
    settings: Settings,
    listener: socket.socket,
    *,
    on_sample: Heard | None,
    on_ready: Callable[[], None],
) -> None:
    """Serve with `settings.workers` processes until SIGINT or SIGTERM.

    Shape:  as `service.serving.serve`; on_ready is called when all workers take requests.
    Errors: as there, and WorkerFailed.
    """
    with Signals() as signals, _meeting_place() as folder:
        async with database(settings) as dsn:
            theirs = _of_a_worker(settings, dsn)
            async with open_log(theirs) as opened:
                await fill(opened, on_sample)
            team = _Team(theirs, listener, folder)
            signals.stop = team.stop
            await team.run(on_ready)


def _of_a_worker(settings: Settings, dsn: str) -> Settings:
    """The pool is shared out: all workers together have `pool_size` connections in theirs."""
    share = max(2, -(-settings.pool_size // settings.workers))
    return settings.model_copy(update={"database_url": dsn, "pool_size": share})


@contextmanager
def _meeting_place() -> Iterator[Path]:
    """A private folder for the sockets on which workers ask each other for their metrics."""
    with TemporaryDirectory(prefix="shortscience-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


class _Team:
    """All workers, each place always taken."""

    def __init__(self, settings: Settings, listener: socket.socket, folder: Path) -> None:
        self._places = [_Place(number, settings, listener, folder) for number in range(settings.workers)]
        self._task: asyncio.Task[None] | None = None

    async def run(self, on_ready: Callable[[], None]) -> None:
        self._task = asyncio.create_task(self._keep(on_ready))
        with suppress(asyncio.CancelledError):
            await self._task

    def stop(self) -> None:
        """The first time in order; a further time without waiting for requests under way."""
        if self._task is not None and not self._task.cancelling():
            self._task.cancel()
        else:
            for place in self._places:
                place.terminate()

    async def _keep(self, on_ready: Callable[[], None]) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                for place in self._places:
                    group.create_task(place.keep())
                for place in self._places:
                    await place.ready.wait()
                on_ready()
        except* WorkerFailed as failed:
            raise failed.exceptions[0] from None


class _Place:
    """One worker, and after its end the next."""

    def __init__(self, number: int, settings: Settings, listener: socket.socket, folder: Path) -> None:
        self.ready = asyncio.Event()
        self._number = number
        self._settings = settings
        self._listener = listener
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Until cancelled; then the worker stops in order. Errors: WorkerFailed for the first one."""
        loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
        while True:
            began = loop.time()
            code = await self._one()
            if not self.ready.is_set():
                raise WorkerFailed(f"worker {self._number} ended with code {code} while it started")
            pause = FIRST_PAUSE if loop.time() - began > SETTLED else pause
            log.warning("worker ended, replacing it", worker=self._number, code=code, pause=pause)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def terminate(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def _one(self) -> int:
        """One worker from its start to its end: its exit code."""
        ours, its = socket.socketpair()
        with ours:
            with its:
                self._process = await self._start(its)
            try:
                await self._hear(ours)
                return await self._process.wait()
            finally:
                self.terminate()
                await self._ended(self._process)

    async def _ended(self, process: asyncio.subprocess.Process) -> None:
        """One that does not stop, as its database is away, is killed: nothing acknowledged is lost."""
        try:
            await asyncio.wait_for(process.wait(), STOPPING)
        except TimeoutError:
            log.warning("a worker did not stop, killing it", worker=self._number)
            process.kill()
            await process.wait()

    async def _start(self, its: socket.socket) -> asyncio.subprocess.Process:
        handed = (self._listener.fileno(), its.fileno())
        return await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-m",
                "service.worker",
                *map(str, handed),
                str(self._number),
                str(self._folder),
            ),
            env={**os.environ, **_environment(self._settings)},
            pass_fds=handed,
            start_new_session=True,  # Ctrl-C is for the supervisor, which passes it on
        )

    async def _hear(self, ours: socket.socket) -> None:
        """It says one byte when it can serve, and nothing if it ends before."""
        ours.setblocking(False)
        if await asyncio.get_running_loop().sock_recv(ours, 1):
            self.ready.set()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        f"{PREFIX}{name.upper()}": value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, value in settings.model_dump().items()
        if value is not None
    }
