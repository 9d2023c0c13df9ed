"""Clients that go away before they are answered, and pages while others have texts compared."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import Event
from uuid import UUID

import asyncpg

from schema.ids import NodeId
from schema.reading import TookTooLong
from schema.workshop import Workshop
from service.web.middleware import refusal_of
from tests.web.site import Site

DIFF = '{ summary(id: "%s") { diff(from: 1, to: 2) { insertedWords } } }'
SIGN_UP = 'mutation { signUp(input: {username: "bob", password: "a long enough one"}) { __typename } }'


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


@contextmanager
def occupied(workshop: Workshop) -> Iterator[None]:
    end = Event()
    workshop.thread.submit(end.wait)
    try:
        yield
    finally:
        end.set()


@asynccontextmanager
async def sent(site: Site, query: str) -> AsyncIterator[asyncio.StreamWriter]:
    """A request whose answer nobody reads."""
    url = site.client.base_url
    _, writer = await asyncio.open_connection(url.host, url.port)
    body = json.dumps({"query": query}).encode()
    head = f"POST /graphql HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()
    yield writer
    writer.close()
    await writer.wait_closed()


async def revised(site: Site) -> UUID:
    ada = await site.user("ada")
    summary = await site.summary(ada, await site.paper(ada, "On engines", "e"), "First words.")
    await site.revise(ada, summary, "Second words.", None, 1)
    return summary


async def test_a_query_that_nobody_waits_for_is_given_up(site: Site) -> None:
    places = site.tools.workshop.places
    query, all_places = DIFF % NodeId("Summary", await revised(site)), places.left
    with occupied(site.tools.workshop):
        async with sent(site, query):
            await until(lambda: places.left == all_places - 1)
        await until(lambda: places.left == all_places)
        await until(lambda: site.tools.pool.get_idle_size() == site.tools.pool.get_size())
    assert (await site.ask(query)).json()["data"]["summary"]["diff"] == {"insertedWords": 1}


async def test_a_mutation_goes_on_without_its_client(site: Site, database_url: str) -> None:
    conn = await asyncpg.connect(database_url)
    try:
        async with conn.transaction():
            await conn.execute("LOCK TABLE accounts.passwords IN ACCESS EXCLUSIVE MODE")
            waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
            async with sent(site, SIGN_UP), asyncio.timeout(20):
                while not await conn.fetchval(waits):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # it has learnt by now that the client is gone
        async with asyncio.timeout(20):
            while not await conn.fetchval("SELECT count(*) FROM accounts.passwords"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        await conn.close()


async def test_pages_while_others_compare(site: Site) -> None:
    summary, places = await revised(site), site.tools.workshop.places
    taken = 0
    while places.enter():
        taken += 1
    version = await site.client.get(f"/summaries/{summary}/revisions/2")
    assert version.status_code == 200
    assert "Second words." in version.text
    assert "cannot be worked out just now" in version.text
    for page in ("changes", "changes.diff"):
        refused = await site.client.get(f"/summaries/{summary}/{page}")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["errors"][0]["extensions"] == {"code": "BUSY"}
    for _ in range(taken):
        places.leave()
    for page in ("revisions/2", "changes", "changes.diff"):
        found = await site.client.get(f"/summaries/{summary}/{page}")
        assert found.status_code == 200
        assert "cannot be worked out" not in found.text
    assert places.left == taken


def test_a_read_that_was_stopped_is_told_as_such() -> None:
    refused = refusal_of(TookTooLong(10.0), "/graphql")
    assert (refused.status, refused.code, refused.headers) == (503, "TIMEOUT", {"Retry-After": "10"})
