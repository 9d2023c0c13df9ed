"""Behind pgbouncer in transaction mode."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from service.embedded_cluster import Cluster
from service.embedded_programs import unprivileged_user
from tests.end_to_end.conftest import copied
from tests.end_to_end.evidence import compare
from tests.end_to_end.server import Server, end_postgres, eventually, free_port, run, serving
from tests.end_to_end.traffic import Notes, traffic
from tests.postgres import execute, fetchval, is_root

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason="NOT TESTED: needs the program pgbouncer")

CONFIGURATION = """
[databases]
shortscience = host={cluster} port=5432 dbname=shortscience user=bouncer
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 200
"""


@pytest.fixture
def data_dir(made: Path) -> Iterator[Path]:
    """Where pgbouncer's user can reach it: each run of pytest closes what holds the directories of all."""
    with tempfile.TemporaryDirectory(prefix="bouncer") as folder:
        Path(folder).chmod(0o755)
        yield copied(made, path := Path(folder) / "data")
        end_postgres(path)


@pytest.fixture
def cluster(data_dir: Path) -> Iterator[Cluster]:
    """A PostgreSQL that admits pgbouncer's user."""
    own = Cluster(data_dir, {})
    with (own.path / "pg_hba.conf").open("a") as rules:
        rules.write("local all bouncer trust\n")
    lines = (own.path / "pg_hba.conf").read_text().splitlines()
    (own.path / "pg_hba.conf").write_text("\n".join(reversed(lines)) + "\n")
    own.start()
    yield own
    own.stop()


@pytest.fixture
def bouncer(cluster: Cluster, tmp_path: Path) -> Iterator[str]:
    """The address of a pgbouncer with three connections; it does not run as root."""
    asyncio.run(execute(cluster.dsn(), "CREATE ROLE bouncer LOGIN"))
    port, file = free_port(), tmp_path / "pgbouncer.ini"
    file.write_text(CONFIGURATION.format(cluster=cluster.path, port=port))
    command = [PGBOUNCER, str(file)]
    if is_root():
        command[1:1] = ["-u", pwd.getpwuid(unprivileged_user()[0]).pw_name]
    with (tmp_path / "pgbouncer.txt").open("wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdout=output, stderr=output)
        yield f"postgresql://anybody@127.0.0.1:{port}/shortscience"
        process.send_signal(signal.SIGINT)
        process.wait(30)


def listening(url: str, output: Path) -> None:
    async def answers() -> bool:
        try:
            conn = await asyncpg.connect(url, statement_cache_size=0)
            try:
                return await conn.fetchval("SELECT 1") == 1
            finally:
                await conn.close()
        except (OSError, asyncpg.PostgresError):
            return False

    eventually(f"pgbouncer answers: {output}", lambda: asyncio.run(answers()))


@needs_pgbouncer
def test_a_wrong_role_is_told_with_the_way_out(cluster: Cluster, bouncer: str, tmp_path: Path) -> None:
    listening(bouncer, tmp_path / "pgbouncer.txt")
    done = run("serve", database_url=cluster.dsn(), bouncer_url=bouncer, port=str(free_port()))
    assert done.returncode == 1
    assert 'ALTER ROLE "bouncer" SET role = shortscience_service' in done.stderr


@needs_pgbouncer
async def test_traffic_through_three_connections(cluster: Cluster, bouncer: str, tmp_path: Path) -> None:
    """Sixteen people, two workers with pools of ten, three connections: the rest is as without it."""
    await asyncio.to_thread(listening, bouncer, tmp_path / "pgbouncer.txt")
    await execute(cluster.dsn(), "GRANT shortscience_service TO bouncer")
    await execute(cluster.dsn(), "ALTER ROLE bouncer SET role = shortscience_service")
    await execute(
        cluster.dsn(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'bouncer'"
    )
    settings = {"database_url": cluster.dsn(), "bouncer_url": bouncer}
    notes = Notes()
    with serving("--workers", "2", output=tmp_path / "server.txt", **settings) as server:
        async with traffic(server.url, notes, people=16) as people:
            await notes.more(400)
            many = await fetchval(
                cluster.dsn(), "SELECT count(*) FROM pg_stat_activity WHERE usename = 'bouncer'"
            )
            told = await asyncio.to_thread(run, "rebuild", **settings)
        assert told.returncode == 0, told.stderr
        check(server, notes)
    assert many in (1, 2, 3)
    await compare(cluster.dsn(), people, notes)


def check(server: Server, notes: Notes) -> None:
    assert server.process.poll() is None
    assert not notes.trouble
    assert "Traceback" not in server.said()
