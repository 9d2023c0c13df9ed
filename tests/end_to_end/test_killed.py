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

ROUNDS = 3


def kill(*processes: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def kill_all(data_dir: Path) -> None:
    """All of PostgreSQL at once: what only its memory had is gone."""
    kill(*postgres_processes(data_dir))


def kill_postmaster(data_dir: Path) -> None:
    """The first process alone: the others see it and leave."""
    kill(postmaster(data_dir))


def kill_one(data_dir: Path) -> None:
    """Any but the first: PostgreSQL itself ends the others and recovers."""
    kill(max(set(postgres_processes(data_dir)) - {postmaster(data_dir)}))


async def test_the_server_is_killed(server: Server, data_dir: Path) -> None:
    notes = Notes()
    async with traffic(server.url, notes) as people:
        for _ in range(ROUNDS):
            await notes.more(40)
            server.kill()
            server.start()
            await asyncio.to_thread(server.ready)
        await notes.more(40)

    assert notes.trouble["no answer"] >= ROUNDS
    assert any(request.tries > 1 for request in notes.accepted)
    assert set(notes.trouble) <= {"no answer", "BUSY", "NOT_YET_VISIBLE"}
    print(
        "STATS",
        len(notes.accepted),
        len(notes.refused),
        dict(notes.trouble),
        sum(r.tries > 1 for r in notes.accepted),
    )
    await compare(dsn_of(data_dir), people, notes)


async def test_postgres_is_killed_and_comes_back(server: Server, data_dir: Path) -> None:
    notes = Notes()
    async with traffic(server.url, notes) as people:
        for kill_it in (kill_all, kill_postmaster, kill_one):
            await notes.more(40)
            before = postgres_processes(data_dir)
            kill_it(data_dir)
            await notes.more(40)
            assert set(before) - set(postgres_processes(data_dir)), "nobody died"

    assert any(request.tries > 1 for request in notes.accepted)
    assert set(notes.trouble) <= {"BUSY", "NOT_YET_VISIBLE"}
    await asyncio.to_thread(server.ready)
    print(
        "STATS",
        len(notes.accepted),
        len(notes.refused),
        dict(notes.trouble),
        sum(r.tries > 1 for r in notes.accepted),
    )
    await compare(dsn_of(data_dir), people, notes)
