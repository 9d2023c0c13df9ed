"""Several workers behind one address, and several servers on one database; any of them is killed."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import asyncpg
import httpx
import pytest

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Person
from tests.end_to_end.evidence import compare
from tests.end_to_end.server import PATIENCE, Server, dsn_of, eventually, serving
from tests.end_to_end.traffic import Notes, traffic

WORKERS = 3
LEADER = "SELECT holder, epoch FROM projection_leases WHERE name = 'core' AND expires_at > clock_timestamp()"
BODY = "query($id: ID!) { summary(id: $id) { body } }"


@pytest.fixture
def team(data_dir: Path, tmp_path: Path) -> Iterator[Server]:
    """A server with workers, all of which serve: a single one makes it ready."""
    arguments = ("--data-dir", data_dir, "--no-samples", "--workers", str(WORKERS))
    with serving(*arguments, output=tmp_path / "team.txt") as running:
        eventually("all workers serve", lambda: "Stop with Ctrl-C." in running.said())
        yield running


def workers(of: Server) -> list[int]:
    """The process ids of a supervisor's children that are workers."""
    children = Path(f"/proc/{of.process.pid}/task/{of.process.pid}/children").read_text().split()
    return [int(child) for child in children if "service.worker" in arguments_of(int(child))]


def arguments_of(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text()
    return ""


async def leader(dsn: str) -> tuple[int, int]:
    """Who leads: process id and epoch."""
    conn = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(PATIENCE):
            while (row := await conn.fetchrow(LEADER)) is None:  # noqa: ASYNC110 (another process takes it)
                await asyncio.sleep(0.05)
    finally:
        await conn.close()
    return int(row["holder"].split()[1]), row["epoch"]


async def test_the_leading_worker_is_killed_in_mid_traffic(team: Server, data_dir: Path) -> None:
    """Another leads, the dead one is replaced, and nothing is lost or doubled."""
    dsn, notes, epochs = dsn_of(data_dir), Notes(), []
    before = set(workers(team))
    assert len(before) == WORKERS
    async with traffic(team.url, notes) as people:
        for _ in range(3):
            await notes.more(60)
            pid, epoch = await leader(dsn)
            epochs.append(epoch)
            os.kill(pid, signal.SIGKILL)
            await notes.more(60)
            assert await asyncio.to_thread(_replaced, team, pid) is None
        last, epoch = await leader(dsn)
        epochs.append(epoch)

    assert epochs == sorted(set(epochs)), epochs
    assert last in workers(team)
    assert len(set(workers(team)) & before) <= WORKERS - 1
    assert set(notes.trouble) <= {"no answer", "BUSY", "NOT_YET_VISIBLE"}
    assert team.process.poll() is None
    await compare(dsn, people, notes)


def _replaced(team: Server, dead: int) -> None:
    eventually("the worker is replaced", lambda: len(workers(team)) == WORKERS and dead not in workers(team))


async def test_every_worker_serves_and_sees_what_any_of_them_wrote(team: Server) -> None:
    """A client that keeps to one connection keeps to one worker: ten of them meet all."""
    async with AsyncExitStack() as stack:
        clients = [
            await stack.enter_async_context(httpx.AsyncClient(base_url=team.url, timeout=PATIENCE))
            for _ in range(10)
        ]
        ada = await Person(clients[0]).sign_up("ada")
        paper = await ada.paper("a")
        outcome = await ada.do("publishSummary", paperId=paper, body="Read me anywhere.")
        for http in clients:
            found = await Person(http).ask(BODY, id=outcome["thing"]["id"], min_position=outcome["position"])
            assert found.data == {"summary": {"body": "Read me anywhere."}}
        told = (await clients[0].get("/metrics")).text
    leading = re.findall(r'shortscience_projection_leads{worker="(\d)"} ([01])\.0', told)
    assert [number for number, _ in leading] == ["0", "1", "2"]
    assert sorted(leads for _, leads in leading) == ["0", "0", "1"]


async def test_ends_in_order(team: Server, data_dir: Path) -> None:
    own = workers(team)
    assert await asyncio.to_thread(team.stop) == 0
    assert team.said().splitlines()[-1] == "Stopped."
    assert not any(arguments_of(process) for process in own)


async def test_workers_do_not_outlive_their_supervisor(team: Server) -> None:
    own = workers(team)
    team.kill()
    gone = lambda: not any("service.worker" in arguments_of(process) for process in own)  # noqa: E731
    await asyncio.to_thread(eventually, "the workers end", gone)


@pytest.fixture
async def people(pair: list[Server]) -> AsyncIterator[list[Person]]:
    async with AsyncExitStack() as stack:
        yield [
            Person(await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, timeout=PATIENCE)))
            for server in pair
        ]


async def test_what_one_server_writes_the_other_shows(people: list[Person]) -> None:
    here, there = people
    ada = await here.sign_up("ada")
    assert await ada.at(there.http).read("{ viewer { username } }") == {"viewer": {"username": "ada"}}
    paper = await ada.paper("a")
    for number in range(20):
        writer, reader = (ada, there) if number % 2 else (ada.at(there.http), here)
        outcome = await writer.do("postComment", summaryId=await _summary(ada, paper), body=f"{number}")
        query = "query($id: ID!) { node(id: $id) { ... on Comment { body } } }"
        found = await reader.ask(query, id=outcome["thing"]["id"], min_position=outcome["position"])
        assert found.data == {"node": {"body": f"{number}"}}


async def _summary(ada: Person, paper: str) -> str:
    outcome = await ada.do("publishSummary", paperId=paper, body="Once.")
    return str((outcome.get("thing") or outcome.get("existing"))["id"])


async def test_the_leading_server_is_killed(pair: list[Server], cluster: Cluster) -> None:
    """The other takes over; what both had acknowledged is there, once."""
    notes = Notes()
    async with traffic(pair[1].url, notes) as people:
        await notes.more(60)
        pid, epoch = await leader(cluster.dsn())
        first = next(server for server in pair if server.process.pid == pid)
        survivor = next(server for server in pair if server is not first)
        first.kill()
        if first is pair[1]:
            first.start(database_url=cluster.dsn())
            await asyncio.to_thread(first.ready)
        await notes.more(60)
        after, later = await leader(cluster.dsn())
    assert later > epoch
    assert after != pid
    assert survivor.process.poll() is None
    assert set(notes.trouble) <= {"no answer", "BUSY", "NOT_YET_VISIBLE"}
    await compare(cluster.dsn(), people, notes)
