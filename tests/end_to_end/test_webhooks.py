"""Webhooks of two servers that are killed, and a receiver that fails and restarts."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Person
from tests.end_to_end.server import PATIENCE, Server, serving
from tests.end_to_end.traffic import Notes, traffic
from tests.integrations.receiver import Receiver, answering, closes, receiving

CREATE = """mutation($input: CreateWebhookInput!) { outcome: createWebhook(input: $input) {
    ... on WebhookPayload { secret webhook { id } } ... on UserError { message } } }"""
EVENTS = """query($after: Position) { events(first: 100, after: $after) {
    nodes { position } pageInfo { hasNextPage endCursor } } }"""
SENT = """
SELECT (SELECT position FROM follower_checkpoints WHERE name = 'outbox') = (SELECT position FROM log_head)
   AND NOT EXISTS (SELECT FROM outwards.deliveries WHERE state = 'open')
   AND NOT EXISTS (SELECT FROM outwards.targets WHERE behind IS NOT NULL)
"""
LEADER = "SELECT holder FROM projection_leases WHERE name = 'outbox' AND expires_at > clock_timestamp()"


def settings(cluster: Cluster) -> dict[str, str]:
    return {"database_url": cluster.dsn(), "private_targets": "on"}


@pytest.fixture
def hooked(cluster: Cluster, tmp_path: Path) -> Iterator[list[Server]]:
    """Two servers that may call this machine."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(serving("--no-samples", output=tmp_path / f"{name}.txt", **settings(cluster)))
            for name in ("one", "two")
        ]


async def seen_by(person: Person, after: str) -> list[str]:
    """The positions of all that they may see."""
    found: list[str] = []
    while True:
        page = (await person.read(EVENTS, after=after))["events"]
        found += [one["position"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def until(cluster: Cluster, sql: str) -> Any:
    """Wait until the database says so; what it says."""
    conn = await asyncpg.connect(cluster.dsn())
    try:
        async with asyncio.timeout(2 * PATIENCE):
            while not (found := await conn.fetchval(sql)):  # noqa: ASYNC110 (state of another process)
                await asyncio.sleep(0.05)
    finally:
        await conn.close()
    return found


async def kill(cluster: Cluster, servers: list[Server]) -> None:
    """Each once, the one that plans first; while the other goes on."""
    holder = (await until(cluster, LEADER)).split()[1]
    for server in sorted(servers, key=lambda one: str(one.process.pid) != holder):
        await asyncio.sleep(1.0)
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(1.0)
        server.start(**settings(cluster))
        await asyncio.to_thread(server.ready)


async def test_what_was_delivered_is_what_the_log_has(cluster: Cluster, hooked: list[Server]) -> None:
    receiver, notes = Receiver(), Notes()
    receiver.next = [answering("500 Oops"), closes, answering("302 Found", "Location: http://127.0.0.1:1/")]
    async with httpx.AsyncClient(base_url=hooked[0].url, timeout=PATIENCE) as http:
        owner = await Person(http).sign_up("owner")
        async with receiving(receiver):
            made = await owner.read(CREATE, input={"url": receiver.url})
            begin = (await owner.ask("{ __typename }")).headers["position"]
            async with traffic(hooked[1].url, notes, people=4):
                await kill(cluster, hooked)
                await notes.more(50)
        for at in range(5):  # while nobody receives
            await owner.paper(f"later/{at}")
        async with receiving(receiver):
            await until(cluster, SENT)
        expected = await seen_by(owner, begin)
        metrics = [(await http.get(f"{server.url}/metrics")).text for server in hooked]
    secret = made["outcome"]["secret"]
    told = {one.id: one.verified(secret)["data"]["position"] for one in receiver.received}
    assert len(expected) > 40
    assert 'shortscience_outwards_tries_total{channel="webhook",outcome="Delivered"}' in "".join(metrics)
    assert list(told.values()) == expected
