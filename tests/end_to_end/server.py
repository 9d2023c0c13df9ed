"""The service as people run it: a process with arguments, an environment, an end."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.embedded_cluster import Cluster

PROGRAM = Path(sys.executable).with_name("shortscience")
PATIENCE = 60.0  # seconds until we give up on something that is to happen


def environment(**settings: str) -> dict[str, str]:
    """Ours, without the settings of whoever runs the tests."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SHORTSCIENCE_")}
    return ours | {f"SHORTSCIENCE_{name.upper()}": value for name, value in settings.items()}


def run(
    *arguments: str | Path, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """A command to its end. Shape: given is its standard input."""
    return subprocess.run(
        [PROGRAM, *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        input=given,
        timeout=PATIENCE,
        check=False,
    )


HELD: list[socket.socket] = []


def free_port() -> int:
    """A port for a server of ours, also when it starts again: nobody else is given it while we run.

    It stays bound, and nobody listens: the system lets only those have it too who name it and say
    SO_REUSEADDR, as servers do.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    HELD.append(held)
    return int(held.getsockname()[1])


def eventually(what: str, happened: Callable[[], object]) -> None:
    """Wait for something that is to happen; in a test with a loop, `await asyncio.to_thread` it."""
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, f"this did not happen: {what}"
        time.sleep(0.02)


@dataclass
class Server:
    """One that runs, or ran. Its output goes to a file."""

    arguments: Sequence[str | Path]
    output: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] = field(init=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def said(self) -> str:
        return self.output.read_text()

    def start(self, **settings: str) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--port", str(self.port), *self.arguments],
                env=environment(**settings),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def ready(self) -> None:
        """Wait until it says that it can serve."""
        with httpx.Client(base_url=self.url) as client:
            eventually(f"{self.output} becomes ready", lambda: self._is_ready(client))

    def _is_ready(self, client: httpx.Client) -> bool:
        assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.said()}"
        try:
            return client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()

    def stop(self, with_signal: int = signal.SIGTERM) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(with_signal)
        return self.ended()

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        return self.process.wait(PATIENCE)


@contextmanager
def serving(*arguments: str | Path, output: Path, **settings: str) -> Iterator[Server]:
    """A server that is ready; stopped in the end, if it still runs."""
    server = Server(arguments, output)
    server.start(**settings)
    try:
        server.ready()
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def dsn_of(data_dir: Path) -> str:
    """How to reach the embedded PostgreSQL as its superuser."""
    return Cluster(data_dir, {}).dsn()


def postgres_processes(data_dir: Path) -> list[int]:
    """Everything that works in the cluster: PostgreSQL's own processes, none of ours."""
    cluster, found = data_dir / "postgres", []
    for process in Path("/proc").iterdir():
        with suppress(OSError):
            if process.name.isdecimal() and (process / "cwd").readlink() == cluster:
                found.append(int(process.name))
    return sorted(found)


def end_postgres(data_dir: Path) -> None:
    """After a server that was killed, nobody else will."""
    cluster = Cluster(data_dir, {})
    if cluster.path.exists():
        cluster.stop()
