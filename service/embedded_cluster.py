"""One PostgreSQL cluster in a data directory: make it, start it, stop it, reach it.

It lives in `postgres/`, its log beside it. Nothing here is safe against a second process: the caller
holds the gate of `service.embedded`. As root, the cluster belongs to an unprivileged user: see
`service.embedded_programs`.
"""

import hashlib
import os
import pwd
import shutil
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from service.embedded_programs import EmbeddedPostgresError, run, unprivileged_user

DATABASE = "shortscience"
DRAFT = "postgres.new"
SUPERUSER = "postgres"
PATIENCE = 300.0  # seconds for a start, a stop, or another process's start; recovery may take long
PROC = Path("/proc")
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


class Cluster:
    """The cluster of one data directory; `settings` are read only when it is made."""

    def __init__(self, data_dir: Path, settings: Mapping[str, str]) -> None:
        self.data_dir = data_dir.absolute()
        self.path = self.data_dir / "postgres"
        self.log = self.data_dir / "postgres.log"
        self.settings = {**SETTINGS, **settings}

    def dsn(self) -> str:
        """For its superuser, over its socket."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self._socket_directory()))}&port=5432"

    def make(self) -> None:
        """Make the whole cluster under another name: it exists complete or not at all.

        The name is new each time: when a start was killed, its `initdb` may still be writing.
        """
        self._clear_drafts()
        draft = Path(tempfile.mkdtemp(prefix=DRAFT, dir=self.data_dir))
        if os.geteuid() == 0:
            os.chown(draft, *unprivileged_user())
        settings = [f"-c{name}={value}" for name, value in self.settings.items()]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        access = [f"--username={SUPERUSER}", "--auth-local=peer", "--auth-host=reject", "--no-instructions"]
        if self.settings.get("fsync") == "off":
            access.append("--no-sync")
        self._prepare(draft, ["initdb", *locale, *access, *settings])
        _admit_us(draft)
        single = ["postgres", "--single", "-cexit_on_error=on", "postgres"]
        self._prepare(draft, single, f"CREATE DATABASE {DATABASE}\n")
        draft.rename(self.path)
        self._clear_drafts()
        _sync(self.data_dir)

    def _clear_drafts(self) -> None:
        """What starts that were killed left behind."""
        for draft in self.data_dir.glob(f"{DRAFT}*"):
            shutil.rmtree(draft, ignore_errors=True)  # one still being written to goes the next time

    def _prepare(self, draft: Path, command: list[str], text: str = "") -> None:
        if run(draft, self.log, command, text):
            raise self.error("Cannot make the database")

    def start(self) -> None:
        """Have it running, whatever it was doing before."""
        deadline = time.monotonic() + PATIENCE
        while (state := self._state()) != "ready":
            if state == "absent":
                self._launch()
            else:
                self.wait(deadline, f"It has been {state} for too long")
        if self._socket_directory() != self.path:
            _link(self._socket_directory(), self.path)

    def _launch(self) -> None:
        """Start the server; what a dead one left behind goes, its last backends are waited for."""
        for name in ("postmaster.pid", f"{SOCKET}.lock"):
            (self.path / name).unlink(missing_ok=True)
        deadline = time.monotonic() + PATIENCE
        while self._refuses():
            self.wait(deadline, "Processes of an earlier server do not end")

    def _refuses(self) -> bool:
        """Start it; whether it waits for the last processes of an earlier server."""
        before = self.log.stat().st_size
        if self._pg_ctl("start") == 0:
            return False
        with self.log.open("rb") as log:
            log.seek(before)
            if b"is still in use" not in log.read():
                raise self.error("Cannot start it")
        return True

    def stop(self) -> None:
        """Have it stopped; clients are disconnected."""
        if self.is_running() and self._pg_ctl("stop", "--mode=fast"):
            raise self.error("Cannot stop it")  # after PATIENCE, or it is not ours to stop
        if _is_link(self._socket_directory(), self.path):
            self._socket_directory().unlink()

    def is_running(self) -> bool:
        """Whether there is a server, be it ready, starting or stopping."""
        return self._state() != "absent"

    def _state(self) -> str:
        """`ready`, `starting`, `stopping`, or `absent` when the process in postmaster.pid is not ours."""
        try:
            lines = (self.path / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return "absent"
        if not lines or not lines[0].isdecimal() or not _runs_in(lines[0], self.path):
            return "absent"
        return lines[7].strip() if len(lines) > 7 else "starting"

    def _pg_ctl(self, action: str, *options: str) -> int:
        command = ["pg_ctl", action, "--wait", f"--timeout={PATIENCE:.0f}", "--silent", *options]
        return run(self.path, self.log, command)

    def _socket_directory(self) -> Path:
        """Where clients find the socket: the cluster, or a short link to it if its path is too long."""
        path = os.fsencode(self.path)
        if len(path) + len("/" + SOCKET) <= LONGEST_SOCKET and b"," not in path:  # a comma parts hosts
            return self.path
        digest = hashlib.sha256(path).hexdigest()[:16]
        return Path(f"/tmp/shortscience-{os.geteuid()}-{digest}")  # noqa: S108 - _link checks whose it is

    def wait(self, deadline: float, complaint: str) -> None:
        """A moment, or EmbeddedPostgresError when it was the last."""
        if time.monotonic() > deadline:
            raise self.error(complaint)
        time.sleep(0.05)

    def error(self, complaint: str) -> EmbeddedPostgresError:
        """What went wrong, what to do, and the end of the log."""
        tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
        return EmbeddedPostgresError(
            f"{complaint}: PostgreSQL in {self.path}. Choose another data directory or mend this one; "
            f"the end of {self.log} says why:\n{tail}"
        )


def _admit_us(cluster: Path) -> None:
    """Let the operating system say who connects: we and root, as any role."""
    users = sorted({pwd.getpwuid(uid).pw_name for uid in (0, os.geteuid())})
    (cluster / "pg_ident.conf").write_text("".join(f'owner "{user}" all\n' for user in users))
    (cluster / "pg_hba.conf").write_text("local all,replication all peer map=owner\n")
    for name in ("pg_ident.conf", "pg_hba.conf"):
        _sync(cluster / name)


def _runs_in(pid: str, cluster: Path) -> bool:
    """Whether that process is a `postgres` at work in the cluster; a zombie works nowhere."""
    process = PROC / pid
    try:
        if not PROC.exists():  # macOS: a reused process id passes, and PostgreSQL says so in its log
            os.kill(int(pid), 0)
            return True
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


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
