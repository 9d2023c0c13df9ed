"""Data directories and servers for tests that run the whole service."""

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.server import Server, end_postgres, run, serving


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated data directory, to be copied: quicker than making one for each test."""
    data_dir = tmp_path_factory.mktemp("made")
    done = run("migrate", "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path, made: Path) -> Iterator[Path]:
    """A migrated, empty data directory of the test's own, with PostgreSQL's own careful settings."""
    path = tmp_path / "data"
    path.mkdir()
    subprocess.run(["cp", "-a", made / "postgres", path], check=True)
    (path / "postgres.log").touch()
    yield path
    end_postgres(path)


@pytest.fixture
async def server(data_dir: Path, tmp_path: Path) -> AsyncIterator[Server]:
    """A server without sample content on a data directory of its own."""
    async with serving(
        "--data-dir", str(data_dir), "--no-samples", output=tmp_path / "server.txt"
    ) as running:
        yield running


@pytest.fixture
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        yield client
