"""Receivers that behave badly, and senders that die: what was delivered is what the log has."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from service.integrations import posting
from service.integrations.backoff import Backoff
from service.integrations.names import NotBegun
from service.integrations.outbox import Retry
from service.integrations.posting import Answer, Poster
from service.integrations.webhook_channel import outcome_of
from tests.integrations.outgoing import until
from tests.integrations.receiver import (
    Behaviour,
    Message,
    Receiver,
    answering,
    closes,
    hangs,
    receiving,
    well,
)
from tests.schema.hooks import all_sent, deliveries, do, sending
from tests.schema.people import Api

EVENTS = """query ($after: Position) { events(first: 100, after: $after) {
    nodes { position type } pageInfo { hasNextPage endCursor } } }"""


async def floods(_message: Message, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@dataclass
class Moody:
    """Behaves in all ways, at random."""

    random: Random
    inside: Receiver

    async def behave(self, message: Message, writer: asyncio.StreamWriter) -> None:
        bad: list[Behaviour] = [
            answering("500 Oops"),
            answering("429 Slow down", "Retry-After: 0"),
            answering("302 Found", f"Location: {self.inside.url}"),
            closes,
            hangs,
            floods,
        ]
        await self.random.choice([*bad, *[well] * 24])(message, writer)


@pytest.fixture
async def inside() -> AsyncIterator[Receiver]:
    """What a redirect leads to."""
    async with receiving() as opened:
        yield opened


async def seen_by(person: Api) -> list[str]:
    """The positions of all that they may see."""
    found: list[str] = []
    after = None
    while True:
        page = (await person.read(EVENTS, after=after))["events"]
        found += [one["position"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


def told(receiver: Receiver, secret: str) -> list[Any]:
    """What came, each once, in the order in which it first came."""
    return list({one.id: one.verified(secret)["data"]["position"] for one in receiver.received}.values())


async def write(people: list[Api], random: Random) -> None:
    """So much happens, some of it in private."""
    for at in range(12):
        person = random.choice(people)
        paper = await person.paper(f"{person.id}/{at}")
        summary = await person.summary(paper, visibility=random.choice(["PUBLIC", "PUBLIC", "PRIVATE"]))
        if random.random() < 0.5:
            await person.comment(summary)


async def lives(near: Api, holder: str, random: Random) -> None:
    """A process that dies again and again."""
    for _ in range(4):
        async with sending(near.tools, holder=holder):
            await asyncio.sleep(random.uniform(0.2, 1.2))


async def test_what_was_delivered_is_what_the_log_has(
    near: Api, inside: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 0.3)
    owner, *authors = [await near.person(name) for name in ("owner", "ada", "bob")]
    before = set(await seen_by(owner))
    moody = Moody(Random(11), inside)
    ordered, other = (Receiver(behave=moody.behave, next=[answering("500 Oops")]) for _ in range(2))
    async with receiving(ordered), receiving(other):
        made = await do(owner, "createWebhook", url=ordered.url)
        loose = await do(owner, "createWebhook", url=other.url, ordered=False)
    async with asyncio.TaskGroup() as group:
        for holder in ("one", "two"):
            group.create_task(lives(near, holder, Random(holder)))
        group.create_task(write([owner, *authors], Random(11)))  # its own: so much is always written
        for _ in range(3):  # both stop now and then
            async with receiving(ordered), receiving(other):
                await asyncio.sleep(0.7)
            await asyncio.sleep(0.1)
    async with receiving(ordered), receiving(other), sending(near.tools):
        await all_sent(near)
    expected = [one for one in await seen_by(owner) if one not in before]
    assert len(expected) > 20
    assert told(ordered, made["secret"]) == expected
    assert sorted(told(other, loose["secret"])) == expected
    assert not inside.received
    for one in (ordered, other):
        assert len(one.received) > len(expected), "nothing went wrong"


async def test_names_that_could_not_be_looked_up_count_for_nothing(near: Api, receiver: Receiver) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        if 1 < len(asked) < 5:  # the first is that of createWebhook
            raise NotBegun("Too many names are being looked up just now.")
        return ["127.0.0.1"]

    tools = replace(near.tools, poster=Poster(private=True, resolve=resolve))
    owner = await Api(near.schema, tools).person("owner")
    await do(owner, "createWebhook", url=f"http://hooks.example:{receiver.port}/")
    async with sending(tools, Backoff(0.01, 0.02, give_up=0.0)):
        await owner.paper("one")
        await all_sent(near)
    [delivery] = await deliveries(owner)
    assert (delivery["state"], delivery["attempts"], len(asked)) == ("DELIVERED", 1, 5)


async def test_waiting_as_long_as_the_receiver_asks(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    receiver.behave = answering("503 Busy", "Retry-After: 1800")
    await do(owner, "createWebhook", url=receiver.url)
    waits = "SELECT bool_or(next_at > now() + interval '29 minutes') FROM outwards.deliveries"
    async with sending(near.tools):
        await owner.paper("one")
        await until(lambda: near.tools.pool.fetchval(waits))
    assert len(receiver.received) == 1


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("9" * 400, 999_999_999.0),
        ("Mon, 01 Jan 2024 00:02:00 GMT", 120.0),
        ("Mon, 01 Jan 2024 00:02:00 -0000", 120.0),
        ("Mon, 01 Jan 2024 00:00:00 +99999999999999", None),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("-1", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_how_long_the_receiver_asks(asked: str | None, seconds: float | None) -> None:
    outcome = outcome_of(Answer(503, "", asked), datetime(2024, 1, 1, tzinfo=UTC))
    assert isinstance(outcome, Retry)
    assert (outcome.status, outcome.after) == (503, seconds)
