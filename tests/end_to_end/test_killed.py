"""Killed without warning in mid traffic: what was acknowledged is there, once, and nothing else."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

from tests.end_to_end.evidence import compare
from tests.end_to_end.server import Server, dsn_of, postgres_processes
from tests.end_to_end.traffic import Notes, traffic
from tests.postgres import postmaster

ROUNDS = 4


def kill_postgres(data_dir: Path) -> None:
    """All of it at once, as in a power cut but for the memory of the operating system."""
    processes = postgres_processes(data_dir)
    assert postmaster(data_dir) in processes
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


async def test_the_server_is_killed(server: Server, data_dir: Path) -> None:
    notes = Notes()
    async with traffic(server.url, notes) as people:
        for _ in range(ROUNDS):
            await notes.more(60)
            server.kill()
            server.start()
            await asyncio.to_thread(server.ready)
        await notes.more(60)

    assert notes.trouble["no answer"] >= ROUNDS
    assert any(request.tries > 1 for request in notes.accepted)
    assert set(notes.trouble) <= {"no answer", "BUSY", "NOT_YET_VISIBLE"}
    await compare(dsn_of(data_dir), people, notes)


async def test_postgres_is_killed_and_started_again_by_the_server(server: Server, data_dir: Path) -> None:
    notes = Notes()
    async with traffic(server.url, notes) as people:
        for _ in range(ROUNDS):
            await notes.more(60)
            before = postmaster(data_dir)
            kill_postgres(data_dir)
            await notes.more(60)
            assert postmaster(data_dir) != before

    assert any(request.tries > 1 for request in notes.accepted)
    assert set(notes.trouble) <= {"BUSY", "NOT_YET_VISIBLE"}
    await asyncio.to_thread(server.ready)
    assert server.process.poll() is None
    await compare(dsn_of(data_dir), people, notes)
