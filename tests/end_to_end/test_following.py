"""Programs that follow: whatever is killed, each has seen what it may see once, in order, at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import asyncpg
import httpx
import websockets

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Person, number, paper_fields
from tests.end_to_end.server import PATIENCE, Server
from tests.end_to_end.traffic import Notes, Writer, traffic
from tests.web.following import events, socket

QUERIES = {
    "summaryPublished": "subscription($after: Position) { summaryPublished(after: $after) "
    "{ position summary { id visibility } } }",
    "eventRecorded": "subscription($after: Position) { eventRecorded(after: $after) "
    "{ position type subject data } }",
}
ALL = (
    "query($after: Position) { events(after: $after) "
    "{ nodes { position type subject data } pageInfo { hasNextPage } } }"
)
LISTENING = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE pid <> pg_backend_pid() AND query ~* 'LISTEN|pg_notify'
"""
GONE = (OSError, httpx.TransportError, httpx.StreamError, websockets.WebSocketException, StopAsyncIteration)


@dataclass
class Program:
    """Follows, and keeps the position together with what it has done, as a database would."""

    what: str
    by: str  # websocket or events
    servers: list[Server]
    random: Random
    position: str
    token: str | None = None
    seen: list[Any] = field(default_factory=list)
    sessions: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    last: str | None = None

    async def run(self) -> None:
        """For ever: connect anywhere, take some messages, fall over."""
        while True:
            self.sessions += 1
            with suppress(*GONE):
                await self.session(self.random.choice(self.servers), self.random.randint(1, 8))
            await asyncio.sleep(self.random.uniform(0, 0.05))

    async def session(self, server: Server, most: int) -> None:
        opened = self.over_websocket if self.by == "websocket" else self.over_events
        async with opened(server) as following:
            for _ in range(most):
                self.keep(await anext(following))

    def keep(self, payload: Any) -> None:
        """What is done and where it was: both or nothing."""
        assert "errors" not in payload, payload
        found = payload["data"][self.what]
        assert payload["extensions"]["position"] == found["position"]
        self.position = found["position"]
        self.seen.append(found)
        if self.last is not None and self.position >= self.last:
            self.arrived.set()

    async def until(self, last: str) -> None:
        self.last = last
        if self.position >= last:
            self.arrived.set()
        async with asyncio.timeout(PATIENCE):
            await self.arrived.wait()

    @asynccontextmanager
    async def over_websocket(self, server: Server) -> AsyncIterator[AsyncIterator[Any]]:
        async with socket(server.url, self.token) as client:
            await client.subscribe(QUERIES[self.what], after=self.position)
            try:
                yield self._payloads(client)
            finally:
                if self.random.random() < 0.5:
                    client.connection.transport.abort()

    async def _payloads(self, client: Any) -> AsyncIterator[Any]:
        while True:
            yield await client.next()

    @asynccontextmanager
    async def over_events(self, server: Server) -> AsyncIterator[AsyncIterator[Any]]:
        headers = {"last-event-id": self.position}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        async with (
            httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http,
            events(http, QUERIES[self.what], headers) as stream,
        ):
            yield self._data(stream)

    async def _data(self, stream: Any) -> AsyncIterator[Any]:
        while True:
            event = await stream.next()
            assert event.kind == "next", event
            yield event.data


class Hider(Writer):
    """Somebody whose summaries come and go."""

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            paper = await self.write("registerPaper", ("1",), fields=paper_fields(self.fresh("paper")))
            summary = await self.publish(paper.subject)
            for _ in range(self.random.randint(1, 5)):
                visibility = self.random.choice(("PUBLIC", "PRIVATE", "UNLISTED"))
                given = {"summaryId": summary.subject, "visibility": visibility}
                await self.write("setSummaryVisibility", ("1",), **given)
            if self.random.random() < 0.3:
                await self.write("retractSummary", ("1",), summaryId=summary.subject)


async def disturb(cluster: Cluster, servers: list[Server], random: Random) -> None:
    """Cut what wakes followers up, again and again, and kill each server once."""
    conn = await asyncpg.connect(cluster.dsn())
    try:
        for server in servers:
            for _ in range(6):
                await conn.execute(LISTENING)
                await asyncio.sleep(random.uniform(0, 0.3))
            await asyncio.to_thread(server.kill)
            server.start(database_url=cluster.dsn())
            await asyncio.to_thread(server.ready)
    finally:
        await conn.close()


async def test_each_has_seen_what_it_may_see_once_and_in_order(cluster: Cluster, pair: list[Server]) -> None:
    random, notes, hidden, stop = Random(5), Notes(), Notes(), asyncio.Event()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=pair[0].url, timeout=PATIENCE, limits=limits) as http:
        visitor = Person(http)
        beginning = (await visitor.ask("{ __typename }")).headers["position"]
        ada = await visitor.sign_up("ada")
        hider = Hider(await visitor.sign_up("hider"), "hider", hidden)
        programs = [
            Program(what, by, pair, Random(f"{what} {by} {n}"), beginning, token)
            for what in QUERIES
            for by in ("websocket", "events")
            for n, token in enumerate((None, ada.token, hider.person.token))
        ]
        running = [asyncio.create_task(program.run()) for program in programs]
        hiding = asyncio.create_task(hider.run(stop))
        async with traffic(pair[1].url, notes, people=6):
            await disturb(cluster, pair, random)
            await notes.more(200)
            await hidden.more(20)
        stop.set()
        await hiding
        paper = await ada.paper("the-last-one")
        outcome = await ada.do("publishSummary", paperId=paper, body="The end.")
        [last] = [
            one["position"] for one in await all_events(ada) if one["subject"] == outcome["thing"]["id"]
        ][:1]
        arriving = asyncio.gather(*(program.until(last) for program in programs))
        await asyncio.wait((arriving, *running), return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        outcomes = await asyncio.gather(*running, return_exceptions=True)
        assert {type(one) for one in outcomes} == {asyncio.CancelledError}, outcomes
        await arriving

        assert all(program.sessions > 3 for program in programs)
        await compare_summaries(cluster, [one for one in programs if one.what == "summaryPublished"])
        for person in (visitor, ada, hider.person):
            mine = [one for one in programs if (one.what, one.token) == ("eventRecorded", person.token)]
            await compare_events(
                cluster, person, mine, {request.subject for request in hidden.accepted}, last
            )


HIDDEN = """
SELECT e.position FROM read.event e
 WHERE e.withdraws AND NOT EXISTS (
       SELECT FROM read.summary_visibility v
        WHERE v.summary_id = e.summary_id AND v.position >= e.position AND v.visibility = 'UNLISTED')
"""


def places(program: Program) -> list[int]:
    """Where what it has seen was: once, and in order."""
    found = [number(one["position"]) % 10**16 for one in program.seen]
    assert found == sorted(set(found)), (program.what, program.by)
    return found


async def compare_summaries(cluster: Cluster, programs: list[Program]) -> None:
    """What became public and stayed so has been seen by all; what was hidden later, perhaps; else nothing."""
    rows = await fetch(
        cluster,
        """
        SELECT e.position, NOT EXISTS (
               SELECT FROM read.event w
                WHERE w.summary_id = e.summary_id AND w.withdraws AND w.position > e.position) AS stays
          FROM read.event e WHERE e.publishes ORDER BY e.position
        """,
    )
    must, may = {row["position"] for row in rows if row["stays"]}, {row["position"] for row in rows}
    assert len(may) > len(must) > 20
    for program in programs:
        assert must <= set(places(program)) <= may, (program.by, program.token)
        assert {one["summary"]["visibility"] for one in program.seen} == {"PUBLIC"}


async def compare_events(
    cluster: Cluster, person: Person, programs: list[Program], hidden: set[str], last: str
) -> None:
    """What the viewer may see at the end: that and only that, but for summaries that come and go.

    That one was hidden is seen by all, unless it was unlisted when it might have been told.
    """
    listed = [one for one in await all_events(person) if one["position"] <= last]
    steady = {one["position"]: one for one in listed if one["subject"] not in hidden}
    withdrawn = {row["position"] for row in await fetch(cluster, HIDDEN)}
    assert len(steady) > 100
    assert withdrawn
    for program in programs:
        seen = [one for one in program.seen if one["position"] <= last]
        assert {one["position"]: one for one in seen if one["subject"] not in hidden} == steady
        assert withdrawn <= set(places(program))


async def all_events(person: Person) -> list[Any]:
    found: list[Any] = []
    while True:
        after = found[-1]["position"] if found else None
        page = (await person.read(ALL, after=after))["events"]
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def fetch(cluster: Cluster, sql: str) -> list[Any]:
    conn = await asyncpg.connect(cluster.dsn())
    try:
        return list(await conn.fetch(sql))
    finally:
        await conn.close()


async def test_it_stops_in_order_and_at_once_while_somebody_follows(server: Server) -> None:
    """Followers are told to go on elsewhere, and do not use up the time that last answers have."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=PATIENCE) as http,
        socket(server.url) as client,
        events(http, QUERIES["summaryPublished"]) as stream,
    ):
        await client.subscribe(QUERIES["eventRecorded"])
        await client.quiet()
        assert stream.response.status_code == 200
        stopping = asyncio.to_thread(server.stop)
        code, (closed, _) = await asyncio.gather(stopping, client.closed())
        assert (code, closed) == (0, 1012)
        assert await stream.ended()
    assert "finishing requests" in server.said()
    assert server.said().splitlines()[-1] == "Stopped."
    assert "given up" not in server.said()
    assert "Traceback" not in server.said()
