"""What holds a webhook up, what can be done about it, and that what is said of it is true."""

import asyncio
from typing import Any

import pytest

from service.integrations import deliveries as outgoing
from service.integrations.webhook_changes import SKIPPED
from tests.integrations.outgoing import until
from tests.integrations.receiver import Behaviour, Message, Receiver, answering, well
from tests.schema.hooks import all_sent, deliveries, do, sending, webhooks
from tests.schema.people import Api

LATER = answering("503 Service Unavailable", "Retry-After: 3600")
LIST = """query ($first: Int! = 100, $after: String, $states: [DeliveryState!]) {
  viewer { webhooks { deliveries(first: $first, after: $after, states: $states) {
    totalCount nodes { id state } pageInfo { hasNextPage endCursor } } } } }"""
WAITING = "{ viewer { webhooks { waitingFor { id state attempts } } } }"


async def later_if_bad(message: Message, writer: asyncio.StreamWriter) -> None:
    await (LATER if b"On bad" in message.body else well)(message, writer)


async def listed(person: Api, **variables: Any) -> Any:
    """A page of the deliveries of their only webhook."""
    [webhook] = (await person.read(LIST, **variables))["viewer"]["webhooks"]
    return webhook["deliveries"]


async def waiting_for(person: Api) -> Any:
    [webhook] = (await person.read(WAITING))["viewer"]["webhooks"]
    return webhook["waitingFor"]


async def planned(person: Api, *attempts: int) -> None:
    """Wait until their deliveries were tried so often, the newest first."""

    async def there() -> bool:
        return [one["attempts"] for one in await deliveries(person)] == list(attempts)

    await until(there)


async def test_deliveries_by_what_became_of_them(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url, ordered=False))["webhook"]["id"]
    receiver.behave = later_if_bad
    async with sending(near.tools):
        for name in ("bad-1", "good-2", "bad-3", "good-4", "bad-5"):
            await owner.paper(name)
        await planned(owner, 1, 1, 1, 1, 1)
        five, four, three, two, one = [delivery["id"] for delivery in await deliveries(owner)]
        await do(owner, "skipDelivery", deliveryId=three)

        async def found(*states: str) -> list[str]:
            seen, after = [], None
            while True:
                page = await listed(owner, first=1, after=after, states=list(states))
                seen += [delivery["id"] for delivery in page["nodes"]]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"]:
                    break
            assert page["totalCount"] == len(seen)
            return seen

        assert await found("OPEN") == [five, one]
        assert await found("DELIVERED") == [four, two]
        assert await found("FAILED") == []
        await do(owner, "updateWebhook", webhookId=hook, active=False)
    assert await found("OPEN") == []
    assert await found("FAILED") == [five, one]
    assert await found("SKIPPED", "FAILED") == [five, three, one]
    assert await found("SKIPPED", "OPEN", "FAILED", "DELIVERED") == [five, four, three, two, one]
    assert len((await listed(owner, states=None))["nodes"]) == 5


async def test_cursors_are_of_the_states_that_were_asked_for(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    await do(owner, "createWebhook", url=receiver.url)
    async with sending(near.tools):
        for name in ("one", "two"):
            await owner.paper(name)
        await all_sent(near)
    page = await listed(owner, first=1, states=["DELIVERED", "OPEN"])
    after = page["pageInfo"]["endCursor"]
    again = await listed(owner, after=after, states=["OPEN", "DELIVERED", "OPEN"])
    assert len(again["nodes"]) == 1
    for states in (None, ["DELIVERED"]):
        refused = await owner.refused(LIST, after=after, states=states)
        assert (refused["extensions"]["code"], refused["extensions"]["argument"]) == ("INVALID", "after")
    refused = await owner.refused(LIST, states=[])
    assert (refused["extensions"]["code"], refused["extensions"]["argument"]) == ("INVALID", "states")


async def test_what_an_ordered_webhook_waits_for(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    receiver.next = [well, LATER, LATER]
    async with sending(near.tools):
        assert await waiting_for(owner) is None
        for name in ("one", "two", "three", "four"):
            await owner.paper(name)
        await planned(owner, 0, 0, 1, 1)
        four, three, two, _ = [delivery["id"] for delivery in await deliveries(owner)]
        assert await waiting_for(owner) == {"id": two, "state": "OPEN", "attempts": 1}
        await do(owner, "skipDelivery", deliveryId=two)
        await planned(owner, 0, 1, 1, 1)
        assert await waiting_for(owner) == {"id": three, "state": "OPEN", "attempts": 1}
        await do(owner, "updateWebhook", webhookId=hook, active=False)
        assert await waiting_for(owner) == {"id": three, "state": "FAILED", "attempts": 1}
        receiver.next = [answering("410 Gone")]
        await do(owner, "updateWebhook", webhookId=hook, active=True)
        await until(lambda: near.tools.pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
        assert await waiting_for(owner) == {"id": three, "state": "FAILED", "attempts": 2}
        await do(owner, "skipDelivery", deliveryId=three)
        assert await waiting_for(owner) is None
        await do(owner, "updateWebhook", webhookId=hook, active=True)
        await all_sent(near)
        assert await waiting_for(owner) is None
        await do(owner, "updateWebhook", webhookId=hook, active=False)
        assert await waiting_for(owner) is None
    assert [one["state"] for one in await deliveries(owner)] == [
        "DELIVERED",
        "SKIPPED",
        "SKIPPED",
        "DELIVERED",
    ]
    assert four == (await deliveries(owner))[0]["id"]


async def test_what_is_tried_the_first_time_since_it_was_asked_for_is_not_passed_over(
    near: Api, receiver: Receiver
) -> None:
    """A later one that failed waits for it, as all others do."""
    owner = await near.person("owner")
    await do(owner, "createWebhook", url=receiver.url)
    came, go = asyncio.Event(), asyncio.Event()

    async def slowly(message: Message, writer: asyncio.StreamWriter) -> None:
        came.set()
        await go.wait()
        await LATER(message, writer)

    receiver.next = [well, LATER, slowly]
    async with sending(near.tools):
        for name in ("one", "two"):
            await owner.paper(name)
        await planned(owner, 1, 1)
        two, one = [delivery["id"] for delivery in await deliveries(owner)]
        assert await waiting_for(owner) == {"id": two, "state": "OPEN", "attempts": 1}
        await do(owner, "redeliver", deliveryId=one)
        await came.wait()
        assert await waiting_for(owner) is None
        go.set()
        await planned(owner, 1, 2)
        assert await waiting_for(owner) == {"id": one, "state": "OPEN", "attempts": 2}


async def test_what_is_not_ordered_waits_for_nothing_unless_it_is_disabled(
    near: Api, receiver: Receiver
) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url, ordered=False))["webhook"]["id"]
    receiver.behave = later_if_bad
    async with sending(near.tools):
        for name in ("good-1", "bad-2", "good-3", "bad-4"):
            await owner.paper(name)
        await planned(owner, 1, 1, 1, 1)
        assert await waiting_for(owner) is None
        await do(owner, "updateWebhook", webhookId=hook, active=False)
        held = await waiting_for(owner)
        assert held == {"id": (await deliveries(owner))[2]["id"], "state": "FAILED", "attempts": 1}
        receiver.behave = well
        await do(owner, "updateWebhook", webhookId=hook, active=True)
        await all_sent(near)
    assert [one["state"] for one in await deliveries(owner)] == ["DELIVERED"] * 4
    assert await waiting_for(owner) is None


async def test_what_has_ended_takes_its_place_in_line(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    secret = (await do(owner, "createWebhook", url=receiver.url))["secret"]
    receiver.next = [well, well, LATER]
    async with sending(near.tools):
        for name in ("one", "two"):
            await owner.paper(name)
        await planned(owner, 1, 1)
        await all_sent(near)
        two, one = [delivery["id"] for delivery in await deliveries(owner)]
        await do(owner, "redeliver", deliveryId=one)
        await planned(owner, 1, 2)
        await do(owner, "redeliver", deliveryId=two)
        assert [delivery["state"] for delivery in await deliveries(owner)] == ["OPEN", "OPEN"]
        assert (await do(owner, "redeliver", deliveryId=two))["code"] == "INVALID"
        await do(owner, "skipDelivery", deliveryId=one)
        await all_sent(near)
    titles = [message.verified(secret)["data"]["data"]["title"] for message in receiver.received]
    assert titles == ["On one", "On two", "On one", "On two"]


async def test_what_waits_in_line_is_not_redelivered(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    secret = (await do(owner, "createWebhook", url=receiver.url))["secret"]
    receiver.next = [LATER]
    async with sending(near.tools):
        for name in ("one", "two"):
            await owner.paper(name)
        await planned(owner, 0, 1)
        before = await webhooks(owner)
        two, one = before[0]["deliveries"]["nodes"]
        refused = await do(owner, "redeliver", deliveryId=two["id"])
        assert (refused["code"], refused["path"]) == ("INVALID", ["input", "deliveryId"])
        assert "skipDelivery" in refused["message"]
        assert await webhooks(owner) == before
        assert len(receiver.received) == 1
        await do(owner, "redeliver", deliveryId=one["id"])
        await all_sent(near)
    titles = [message.verified(secret)["data"]["data"]["title"] for message in receiver.received]
    assert titles == ["On one", "On one", "On two"]


async def test_every_try_is_counted_for_good(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]

    async def tried(times: int) -> None:
        """In all, and as often as the receiver saw it."""
        await until(lambda: len(receiver.received) == times)
        await planned(owner, times)

    receiver.next = [LATER, LATER, LATER, answering("410 Gone")]
    async with sending(near.tools):
        await owner.paper("one")
        await tried(1)
        [delivery] = await deliveries(owner)
        for times in (2, 3):
            await do(owner, "redeliver", deliveryId=delivery["id"])
            await tried(times)
        await do(owner, "redeliver", deliveryId=delivery["id"])
        await until(lambda: near.tools.pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
        await tried(4)
        await do(owner, "updateWebhook", webhookId=hook, active=True)
        await all_sent(near)
        await tried(5)
        await do(owner, "redeliver", deliveryId=delivery["id"])
        await all_sent(near)
        await tried(6)
    assert [one["state"] for one in await deliveries(owner)] == ["DELIVERED"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (well, ("DELIVERED", 1, 200, None)),
        (answering("500 Oops"), ("SKIPPED", 1, 500, SKIPPED)),
    ],
)
async def test_what_is_skipped_while_it_is_sent(
    near: Api, receiver: Receiver, answer: Behaviour, expected: tuple[Any, ...]
) -> None:
    owner = await near.person("owner")
    secret = (await do(owner, "createWebhook", url=receiver.url))["secret"]
    came, go = asyncio.Event(), asyncio.Event()

    async def slowly(message: Message, writer: asyncio.StreamWriter) -> None:
        came.set()
        await go.wait()
        await answer(message, writer)

    receiver.next = [slowly]
    async with sending(near.tools):
        await owner.paper("one")
        await came.wait()
        await owner.paper("two")
        await planned(owner, 0, 0)
        _, one = await deliveries(owner)
        await do(owner, "skipDelivery", deliveryId=one["id"])
        assert (await deliveries(owner))[1]["state"] == "SKIPPED"
        go.set()
        await all_sent(near)
        await planned(owner, 1, 1)
    two, one = await deliveries(owner)
    assert (one["state"], one["attempts"], one["status"], one["error"]) == expected
    assert two["state"] == "DELIVERED"
    titles = [message.verified(secret)["data"]["data"]["title"] for message in receiver.received]
    assert titles == ["On one", "On two"]


async def test_without_the_claim_nobody_says_what_became_of_what_was_skipped(
    near: Api, receiver: Receiver
) -> None:
    owner, pool = await near.person("owner"), near.tools.pool
    await do(owner, "createWebhook", url=receiver.url)
    receiver.next = [LATER]
    async with sending(near.tools):
        await owner.paper("one")
        await planned(owner, 1)
        [delivery] = await deliveries(owner)
        await do(owner, "skipDelivery", deliveryId=delivery["id"])
        await all_sent(near)
    before = await webhooks(owner)
    key, nobodys = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries"), near.tools.log_id
    assert not await outgoing.end(pool, key, nobodys, "delivered", 200, None, "ok")
    assert await outgoing.fail(pool, key, nobodys, 1.0, 500, "no", None) is None
    assert await webhooks(owner) == before
