"""When the server stops, nothing keeps it: no work beside it, and no connection."""

import asyncio
import signal
import socket
import sys
from pathlib import Path

import asyncpg
import pytest

from service import database, serving, workers
from service.database import connection_pool
from service.serving import beside
from service.settings import Settings


async def test_work_that_goes_on_after_an_error_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes of cleaning up when it is cancelled, as of a connection that is lost just then."""
    monkeypatch.setattr(serving, "CLEANING_UP", 0.01)
    begun, tries = asyncio.Event(), 0

    async def query() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            if tries < 3:
                raise ConnectionError

    async def work() -> None:
        nonlocal tries
        while True:
            tries += 1
            try:
                await query()
            except ConnectionError:
                await asyncio.sleep(0)

    async with beside(work()):
        await begun.wait()
    assert tries == 3


async def test_a_connection_that_does_not_come_back_is_cut_off(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CLOSING", 0.1)
    async with connection_pool(database_url) as pool:
        conn = await pool.acquire()
        assert await conn.fetchval("SELECT 1") == 1
    with pytest.raises(asyncpg.InterfaceError):
        await conn.fetchval("SELECT 1")


async def test_a_worker_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(workers, "STOPPING", 0.1)
    started: list[asyncio.subprocess.Process] = []

    async def start(_place: object, its: socket.socket) -> asyncio.subprocess.Process:
        program = f"""import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write({its.fileno()}, b"1")
time.sleep(600)"""
        started.append(
            await asyncio.create_subprocess_exec(sys.executable, "-c", program, pass_fds=[its.fileno()])
        )
        return started[0]

    monkeypatch.setattr(workers._Place, "_start", start)
    with socket.socket() as listener:
        place = workers._Place(0, Settings(), listener, tmp_path)
        keeping = asyncio.create_task(place.keep())
        await place.ready.wait()
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
    assert [one.returncode for one in started] == [-signal.SIGKILL]
