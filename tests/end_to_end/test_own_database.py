"""On a PostgreSQL that is not the service's own: it goes away, comes back, and nobody restarts anything."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import httpx
import pytest

from service.embedded_cluster import Cluster
from service.eventstore.wakeups import CHANNEL
from tests.end_to_end.client import Person, paper_fields
from tests.end_to_end.evidence import compare
from tests.end_to_end.server import PATIENCE, Server, postgres_processes, run, serving
from tests.end_to_end.traffic import Notes, traffic


@pytest.fixture
def cluster(data_dir: Path) -> Iterator[Cluster]:
    """A PostgreSQL that is started and stopped by hand."""
    own = Cluster(data_dir, {})
    own.start()
    yield own
    own.stop()


@pytest.fixture
def on_it(cluster: Cluster, tmp_path: Path) -> Iterator[Server]:
    """A server that is given its address."""
    with serving(output=tmp_path / "server.txt", database_url=cluster.dsn()) as running:
        yield running


@pytest.fixture
async def visitor(on_it: Server) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=on_it.url, timeout=PATIENCE) as http:
        yield Person(http)


async def test_the_database_goes_away_and_comes_back(
    visitor: Person, on_it: Server, cluster: Cluster
) -> None:
    ada = await visitor.sign_up("ada")
    summary = await ada.summary(await ada.paper("a"), "Here before.")
    query = "query($id: ID!) { summary(id: $id) { body } }"
    await asyncio.to_thread(cluster.stop)

    ready = await visitor.http.get("/readyz")
    alive = await visitor.http.get("/healthz")
    page = await visitor.http.get("/", headers={"Accept": "text/html"})
    answers = [
        await visitor.ask(query, id=summary),
        await ada.ask(query, id=summary),
        await ada.attempt("registerPaper", fields=paper_fields("b"), idempotencyKey="b"),
        await visitor.attempt("signUp", username="bob", password="a long enough password"),
    ]

    assert (ready.status_code, alive.status_code, page.status_code) == (503, 200, 503)
    assert [answer.codes for answer in answers] == [["BUSY"]] * 4
    for answer in answers:
        assert "Traceback" not in str(answer.body)

    await asyncio.to_thread(cluster.start)
    await asyncio.to_thread(on_it.ready)
    assert await ada.read(query, id=summary) == {"summary": {"body": "Here before."}}
    retried = await ada.do("registerPaper", fields=paper_fields("b"), idempotencyKey="b")
    assert await ada.read('{ paper(by: { bibtexKey: "b" }) { id } }') == {"paper": retried["thing"]}
    assert (await visitor.sign_up("bob")).token


async def test_wake_ups_come_back_too(visitor: Person, on_it: Server, cluster: Cluster) -> None:
    ada = await visitor.sign_up("ada")
    await asyncio.to_thread(cluster.stop)
    await asyncio.to_thread(cluster.start)
    await asyncio.to_thread(on_it.ready)
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await asyncpg.connect(cluster.dsn())
    try:
        await listener.add_listener(CHANNEL, lambda *said: heard.put_nowait(str(said[-1])))
        outcome = await ada.do("registerPaper", fields=paper_fields("a"))
        async with asyncio.timeout(PATIENCE):
            while int(await heard.get()) < int(outcome["position"].partition("-")[2]):
                pass
    finally:
        await listener.close()


async def test_the_database_restarts_again_and_again_in_mid_traffic(on_it: Server, cluster: Cluster) -> None:
    notes = Notes()
    async with traffic(on_it.url, notes) as people:
        for _ in range(2):
            await notes.more(40)
            await asyncio.to_thread(cluster.stop)
            await asyncio.to_thread(cluster.start)
            await notes.more(30)

    assert set(notes.trouble) <= {"BUSY", "NOT_YET_VISIBLE"}
    await compare(cluster.dsn(), people, notes)


def test_the_server_leaves_a_database_of_others_running(cluster: Cluster, on_it: Server) -> None:
    assert on_it.stop() == 0
    assert postgres_processes(cluster.data_dir)
    done = run("migrate", database_url=cluster.dsn())
    assert (done.returncode, done.stdout) == (0, "The database was up to date already.\n")
