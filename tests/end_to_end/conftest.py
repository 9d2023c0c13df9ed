"""Data directories and servers for tests that run the whole service."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from service.embedded_cluster import Cluster
from tests.end_to_end.server import Server, end_postgres, run, serving


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data directory, to be copied: quicker than making one for each test."""
    data_dir = tmp_path_factory.mktemp("made")
    done = run("migrate", "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    return data_dir


def copied(made: Path, path: Path) -> Path:
    """A migrated, empty data directory, with PostgreSQL's own careful settings."""
    path.mkdir()
    subprocess.run(["cp", "-a", made / "postgres", path], check=True)
    (path / "postgres.log").touch()
    return path


@pytest.fixture
def data_dir(tmp_path: Path, made: Path) -> Iterator[Path]:
    """A data directory of the test's own."""
    yield copied(made, path := tmp_path / "data")
    end_postgres(path)


@pytest.fixture
def server(data_dir: Path, tmp_path: Path) -> Iterator[Server]:
    """A server without sample content on a data directory of its own."""
    with serving("--data-dir", data_dir, "--no-samples", output=tmp_path / "server.txt") as running:
        yield running


@pytest.fixture(scope="session")
def shared_data_dir(tmp_path_factory: pytest.TempPathFactory, made: Path) -> Iterator[Path]:
    """A data directory for tests that do not disturb one another."""
    yield copied(made, path := tmp_path_factory.mktemp("shared") / "data")
    end_postgres(path)


@pytest.fixture(scope="session")
def shared_server(shared_data_dir: Path) -> Iterator[Server]:
    output = shared_data_dir.parent / "server.txt"
    with serving("--data-dir", shared_data_dir, "--no-samples", output=output) as running:
        yield running


@pytest.fixture
async def http(shared_server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A way to the shared server."""
    async with httpx.AsyncClient(base_url=shared_server.url, timeout=60) as client:
        yield client


@pytest.fixture
def cluster(data_dir: Path) -> Iterator[Cluster]:
    """A PostgreSQL that belongs to none of the servers."""
    own = Cluster(data_dir, {})
    own.start()
    yield own
    own.stop()


@pytest.fixture
def pair(cluster: Cluster, tmp_path: Path) -> Iterator[list[Server]]:
    """Two servers that know nothing of each other but the database."""
    with (
        serving(output=tmp_path / "one.txt", database_url=cluster.dsn()) as one,
        serving(output=tmp_path / "two.txt", database_url=cluster.dsn()) as two,
    ):
        yield [one, two]
