"""Webhooks in the API: who sees them, and what their owners do with them."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from schema.ids import NodeId
from service.integrations import webhook_secrets
from service.integrations.backoff import Backoff
from service.integrations.posting import Poster
from service.integrations.webhook_owners import LOOK_UPS, WITHIN
from tests.integrations.outgoing import until
from tests.integrations.receiver import Receiver, answering, names, well
from tests.schema.hooks import all_sent, deliveries, do, sending, webhooks
from tests.schema.people import Api

EARLIER = "UPDATE outwards.replaced_secrets SET signs_until = signs_until - $1::interval"


async def test_a_secret_is_shown_once(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    asked = {"url": receiver.url, "idempotencyKey": "a", "description": "Mine"}
    made = await do(owner, "createWebhook", **asked)
    again = await do(owner, "createWebhook", **asked)
    assert made["secret"].startswith("whsec_")
    assert again["secret"] is None
    assert again["webhook"] == made["webhook"]
    assert len(await webhooks(owner)) == 1
    refused = await do(owner, "createWebhook", **asked | {"description": "Another"})
    assert (refused["code"], refused["path"]) == ("CONFLICT", ["input", "idempotencyKey"])
    assert (await do(owner, "updateWebhook", webhookId=made["webhook"]["id"]))["secret"] is None


async def test_a_rotated_secret_signs_beside_the_old_one_for_a_day(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    rotated = await do(owner, "rotateSecret", webhookId=made["webhook"]["id"])
    async with sending(near.tools):
        await owner.paper("one")
        await all_sent(near)
    assert receiver.received[0].verified(made["secret"]) == receiver.received[0].verified(rotated["secret"])
    assert len(receiver.received[0].headers["webhook-signature"].split()) == 2
    await near.tools.pool.execute(EARLIER, timedelta(hours=24))
    async with sending(near.tools):
        await owner.paper("two")
        await all_sent(near)
    receiver.received[1].verified(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        receiver.received[1].verified(made["secret"])


async def test_what_the_receiver_has_signs_for_its_day_however_often_it_is_rotated(
    near: Api, receiver: Receiver
) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    hook = made["webhook"]["id"]
    first = await do(owner, "rotateSecret", webhookId=hook)
    await near.tools.pool.execute(EARLIER, timedelta(hours=23))
    second = await do(owner, "rotateSecret", webhookId=hook)
    async with sending(near.tools):
        await owner.paper("one")
        await all_sent(near)
        await near.tools.pool.execute(EARLIER, timedelta(hours=1))
        await owner.paper("two")
        await all_sent(near)
    early, late = receiver.received
    for one in (made, first, second):
        early.verified(one["secret"])
    for one in (first, second):
        late.verified(one["secret"])
    with pytest.raises(WebhookVerificationError):
        late.verified(made["secret"])
    await do(owner, "rotateSecret", webhookId=hook)
    kept = await near.tools.pool.fetch("SELECT secret IS NULL AS gone FROM outwards.replaced_secrets")
    assert sorted(one["gone"] for one in kept) == [False, False, True]


async def test_rotating_again_with_its_key_rotates_once(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook, another = [(await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"] for _ in "ab"]
    asked = {"webhookId": hook, "idempotencyKey": "a"}
    rotated, again = await do(owner, "rotateSecret", **asked), await do(owner, "rotateSecret", **asked)
    assert rotated["secret"].startswith("whsec_")
    assert again == rotated | {"secret": None}
    refused = await do(owner, "rotateSecret", **asked | {"webhookId": another})
    assert (refused["code"], refused["path"]) == ("CONFLICT", ["input", "idempotencyKey"])
    assert await near.tools.pool.fetchval("SELECT count(*) FROM outwards.replaced_secrets") == 1
    more = [await do(owner, "rotateSecret", webhookId=hook) for _ in range(10)]
    assert all(one["secret"] for one in more[:9])
    assert (more[9]["code"], more[9]["path"]) == ("RATE_LIMITED", ["input", "webhookId"])


async def test_a_test_says_how_it_went(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    hook = made["webhook"]["id"]

    async def tested() -> Any:
        await near.tools.pool.execute("UPDATE outwards.webhook_owners SET tested_at = '-infinity'")
        return await do(owner, "testWebhook", webhookId=hook)

    assert await tested() == {
        "__typename": "WebhookTest", "delivered": True, "status": 200, "error": None, "response": "ok"
    }  # fmt: skip
    message = receiver.received[0].verified(made["secret"])
    assert (message["type"], message["data"]) == ("webhook.test", {"webhook": hook})
    soon = await do(owner, "testWebhook", webhookId=hook)
    assert (soon["code"], len(receiver.received)) == ("RATE_LIMITED", 1)
    receiver.behave = answering("404 Not Found", body="nobody here")
    failed = await tested()
    assert (failed["delivered"], failed["status"], failed["response"]) == (False, 404, "nobody here")
    assert failed["error"] == "The receiver answered 404."
    receiver.port = 1
    await do(owner, "updateWebhook", webhookId=hook, url="http://127.0.0.1:1/")
    assert (await tested())["error"].startswith("ConnectError")


async def test_tests_are_counted_for_all_webhooks_of_a_user(near: Api, receiver: Receiver) -> None:
    owner, other = await near.person("owner"), await near.person("other")

    async def tested(person: Api) -> Any:
        hook = (await do(person, "createWebhook", url=receiver.url))["webhook"]["id"]
        found = await do(person, "testWebhook", webhookId=hook)
        await do(person, "deleteWebhook", webhookId=hook)
        return found.get("code")

    assert await tested(owner) is None
    just_now = "UPDATE outwards.webhook_owners SET tested_at = tested_at + interval '1 hour'"
    await near.tools.pool.execute(just_now)  # however long all this takes
    assert [await tested(one) for one in (owner, other)] == ["RATE_LIMITED", None]
    assert len(receiver.received) == 2


async def test_a_user_has_so_many_addresses_looked_up_in_a_minute(near: Api, receiver: Receiver) -> None:
    owner, other = await near.person("owner"), await near.person("other")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]

    async def moved() -> Any:
        return (await do(owner, "updateWebhook", webhookId=hook, url=receiver.url)).get("code")

    async def book(ahead: timedelta) -> None:
        sql = "UPDATE outwards.webhook_owners SET looked_up_until = $1"
        await near.tools.pool.execute(sql, near.tools.clock() + ahead)

    codes = [await moved() for _ in range(LOOK_UPS - 1)]
    assert codes == [None] * (LOOK_UPS - 1)
    await book(WITHIN)
    assert await moved() == "RATE_LIMITED"
    refused = await do(owner, "createWebhook", url=receiver.url)
    assert (refused["code"], refused["path"]) == ("RATE_LIMITED", ["input", "url"])
    assert (await do(owner, "updateWebhook", webhookId=hook, active=False)).get("code") is None
    assert (await do(other, "createWebhook", url=receiver.url)).get("code") is None
    await book(WITHIN - WITHIN / LOOK_UPS)
    assert await moved() is None


async def test_no_name_is_looked_up_for_a_webhook_that_is_not_made(near: Api) -> None:
    resolve, asked = names(["127.0.0.1"])
    tools = replace(near.tools, poster=Poster(private=True, resolve=resolve))
    owner = await Api(near.schema, tools).person("owner")
    wanted = {"url": "http://hooks.example/", "idempotencyKey": "a"}
    for _ in range(2):
        assert (await do(owner, "createWebhook", **wanted)).get("code") is None
    assert (await do(owner, "createWebhook", **wanted | {"ordered": False}))["code"] == "CONFLICT"
    assert len(asked) == 1
    for _ in range(19):
        await do(owner, "createWebhook", url="http://hooks.example/")
    assert (await do(owner, "createWebhook", url="http://other.example/"))["code"] == "INVALID"
    assert asked == ["hooks.example"] * 20


async def test_secrets_that_sign_no_more_are_forgotten(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    kept = "SELECT count(secret) FROM outwards.replaced_secrets"
    for expected in (1, 2):
        await do(owner, "rotateSecret", webhookId=hook)
        await webhook_secrets.forget_over(near.tools.pool)
        assert await near.tools.pool.fetchval(kept) == expected
    await near.tools.pool.execute(EARLIER, timedelta(hours=24))
    await webhook_secrets.forget_over(near.tools.pool)
    assert await near.tools.pool.fetchval(kept) == 0


async def test_the_outbox_forgets_secrets_and_notifications_when_their_time_is_over(
    near: Api, receiver: Receiver
) -> None:
    owner, pool = await near.person("owner"), near.tools.pool
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    await do(owner, "rotateSecret", webhookId=hook)
    await pool.execute(EARLIER, timedelta(hours=24))
    await pool.execute(
        """
        INSERT INTO notices.notifications (user_id, position, kind, summary_id, created_at, by_mail)
        SELECT gen_random_uuid(), n, 'COMMENT', gen_random_uuid(), now() - make_interval(days => n), false
          FROM unnest('{364, 366}'::int[]) n
        """
    )
    async with sending(near.tools):
        await until(lambda: pool.fetchval("SELECT count(secret) = 0 FROM outwards.replaced_secrets"))
    assert await pool.fetchval("SELECT array_agg(position) FROM notices.notifications") == [364]


async def test_pausing_and_going_on(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    hook = made["webhook"]["id"]
    async with sending(near.tools):
        await owner.paper("one")
        await all_sent(near)
        paused = (await do(owner, "updateWebhook", webhookId=hook, active=False))["webhook"]
        assert (paused["active"], paused["disabledReason"]) == (False, "Paused by its owner.")
        await owner.paper("two")
        await asyncio.sleep(0.3)
        assert len(receiver.received) == 1
        for mutation, input in (
            ("redeliver", {"deliveryId": paused["deliveries"]["nodes"][0]["id"]}),
            ("replayFrom", {"webhookId": hook, "position": paused["deliveries"]["nodes"][0]["position"]}),
        ):
            refused = await do(owner, mutation, **input)
            assert (refused["code"], refused["message"][:22]) == ("INVALID", "The webhook is paused:")
        assert (await webhooks(owner)) == [paused]
        active = (await do(owner, "updateWebhook", webhookId=hook, active=True))["webhook"]
        assert (active["active"], active["disabledReason"]) == (True, None)
        await owner.paper("three")
        await all_sent(near)
    titles = [one.verified(made["secret"])["data"]["data"]["title"] for one in receiver.received]
    assert titles == ["On one", "On two", "On three"]


async def test_a_slow_change_leaves_what_others_change_meanwhile(near: Api, receiver: Receiver) -> None:
    owner, looking, found = await near.person("owner"), asyncio.Event(), asyncio.Event()
    made = await do(owner, "createWebhook", url=receiver.url, description="Mine")
    hook = made["webhook"]["id"]

    async def slowly(_host: str, _port: int) -> list[str]:
        looking.set()
        await found.wait()
        return ["127.0.0.1"]

    poster = Poster(private=True, resolve=slowly)
    slow = Api(owner.schema, replace(owner.tools, poster=poster), owner.token, owner.id)
    moved = "http://hooks.example/"
    moving = asyncio.create_task(do(slow, "updateWebhook", webhookId=hook, url=moved))
    await looking.wait()
    changed = {"active": False, "ordered": False, "description": "Ours", "filter": {"year": 2015}}
    before = (await do(owner, "updateWebhook", webhookId=hook, **changed))["webhook"]
    found.set()
    assert (await moving)["webhook"] == before | {"url": moved}
    assert (before["active"], before["ordered"], before["description"]) == (False, False, "Ours")
    assert (await do(owner, "updateWebhook", webhookId=hook, description=""))["webhook"][
        "description"
    ] is None


async def test_gone_disables_at_once_and_its_owner_sees_why(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    await do(owner, "createWebhook", url=receiver.url)
    receiver.behave = answering("410 Gone", body="no more")
    async with sending(near.tools):
        for at in range(3):
            await owner.paper(f"p{at}")
        await until(lambda: near.tools.pool.fetchval("SELECT disabled_reason FROM outwards.targets"))
    [webhook] = await webhooks(owner)
    assert webhook["disabledReason"] == "The receiver answered 410 Gone."
    [delivery] = webhook["deliveries"]["nodes"]
    assert (delivery["state"], delivery["status"], delivery["response"]) == ("FAILED", 410, "no more")
    assert len(receiver.received) == 1


async def test_what_fails_for_long_is_disabled(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    await do(owner, "createWebhook", url=receiver.url)
    receiver.behave = answering("302 Found", "Location: http://127.0.0.1:1/")
    async with sending(near.tools, Backoff(0.01, 0.02, give_up=0.5)):
        await owner.paper("one")
        await until(lambda: near.tools.pool.fetchval("SELECT disabled_reason FROM outwards.targets"))
    [webhook] = await webhooks(owner)
    assert webhook["disabledReason"].endswith("The receiver answered 302, and redirects are not followed.")
    assert webhook["deliveries"]["nodes"][0]["attempts"] == len(receiver.received) > 1


async def test_redelivering_and_replaying(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    before = await owner.read("{ events(first: 1) { nodes { position } } }")
    await owner.paper("zero")
    made = await do(owner, "createWebhook", url=receiver.url)
    async with sending(near.tools):
        for name in ("one", "two", "three"):
            await owner.paper(name)
        await all_sent(near)
        first = (await deliveries(owner))[-1]
        await do(owner, "redeliver", deliveryId=first["id"])
        await until(lambda: len(receiver.received) == 4)
        await all_sent(near)
        position = before["events"]["nodes"][0]["position"]
        await do(owner, "replayFrom", webhookId=made["webhook"]["id"], position=position)
        await until(lambda: len(receiver.received) == 8)
        await all_sent(near)
    titles = [one.verified(made["secret"])["data"]["data"]["title"] for one in receiver.received]
    assert titles == [f"On {name}" for name in ["one", "two", "three", "one", "zero", "one", "two", "three"]]
    ids = [one.id for one in receiver.received]
    assert ids[:4] == [*ids[5:8], ids[0]]
    assert ids[0] == first["messageId"]


async def test_going_on_without_a_delivery(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    secret = (await do(owner, "createWebhook", url=receiver.url))["secret"]
    receiver.next = [well, answering("503 Service Unavailable", "Retry-After: 3600")]

    async def stuck() -> bool:
        return [one["attempts"] for one in await deliveries(owner)] == [0, 1, 1]

    async with sending(near.tools):
        for name in ("one", "two", "three"):
            await owner.paper(name)
        await until(stuck)
        _, second, first = await deliveries(owner)
        refused = await do(owner, "skipDelivery", deliveryId=first["id"])
        assert (refused["code"], refused["path"]) == ("INVALID", ["input", "deliveryId"])
        await do(owner, "skipDelivery", deliveryId=second["id"])
        await all_sent(near)
        before = await webhooks(owner)
        assert (await do(owner, "skipDelivery", deliveryId=second["id"]))["webhook"] == before[0]
        third, second, _ = await deliveries(owner)
        assert [third["state"], second["state"]] == ["DELIVERED", "SKIPPED"]
        assert second["error"] == "Skipped by its owner."
        await do(owner, "redeliver", deliveryId=second["id"])
        await all_sent(near)
    titles = [one.verified(secret)["data"]["data"]["title"] for one in receiver.received]
    assert titles == ["On one", "On two", "On three", "On two"]


async def test_a_webhook_that_was_disabled_goes_on_after_what_is_skipped(
    near: Api, receiver: Receiver
) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    receiver.next = [answering("410 Gone")]
    async with sending(near.tools):
        await owner.paper("one")
        await owner.paper("two")
        await until(lambda: near.tools.pool.fetchval("SELECT disabled_reason FROM outwards.targets"))
        [stuck] = await deliveries(owner)
        still = (await do(owner, "skipDelivery", deliveryId=stuck["id"]))["webhook"]
        assert (still["active"], still["disabledReason"]) == (False, "The receiver answered 410 Gone.")
        await do(owner, "updateWebhook", webhookId=made["webhook"]["id"], active=True)
        await all_sent(near)
    titles = [one.verified(made["secret"])["data"]["data"]["title"] for one in receiver.received]
    assert titles == ["On one", "On two"]
    assert [one["state"] for one in await deliveries(owner)] == ["DELIVERED", "SKIPPED"]


async def test_positions_that_are_none(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    beyond = str(near.tools.log_position(10**6))
    refused = await do(owner, "replayFrom", webhookId=hook, position=beyond)
    assert (refused["code"], refused["path"]) == ("INVALID", ["input", "position"])


async def test_pages_of_deliveries(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    await do(owner, "createWebhook", url=receiver.url)
    async with sending(near.tools):
        for at in range(5):
            await owner.paper(f"p{at}")
        await all_sent(near)
    whole = await deliveries(owner)
    assert [one["position"] for one in whole] == sorted((one["position"] for one in whole), reverse=True)
    query = """query ($after: String) { viewer { webhooks { deliveries(first: 2, after: $after) {
        totalCount nodes { id } pageInfo { hasNextPage endCursor } } } } }"""
    seen, after = [], None
    while True:
        page = (await owner.read(query, after=after))["viewer"]["webhooks"][0]["deliveries"]
        seen += [one["id"] for one in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        assert page["totalCount"] == 5
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [one["id"] for one in whole]


async def test_only_its_owner_sees_or_changes_it(near: Api, receiver: Receiver) -> None:
    owner, other = await near.person("owner"), await near.person("other")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    async with sending(near.tools):
        await owner.paper("one")
        await all_sent(near)
    [delivery] = await deliveries(owner)
    position, before = delivery["position"], await webhooks(owner)
    none = str(NodeId("Webhook", near.tools.log_id))
    no_delivery = str(NodeId("WebhookDelivery", near.tools.log_id))
    calls: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("updateWebhook", {"webhookId": hook, "active": False}, {"webhookId": none, "active": False}),
        ("deleteWebhook", {"webhookId": hook}, {"webhookId": none}),
        ("rotateSecret", {"webhookId": hook}, {"webhookId": none}),
        ("testWebhook", {"webhookId": hook}, {"webhookId": none}),
        ("redeliver", {"deliveryId": delivery["id"]}, {"deliveryId": no_delivery}),
        ("skipDelivery", {"deliveryId": delivery["id"]}, {"deliveryId": no_delivery}),
        ("replayFrom", {"webhookId": hook, "position": position}, {"webhookId": none, "position": position}),
    ]
    for mutation, theirs, nobodys in calls:
        refused = await do(other, mutation, **theirs)
        assert refused["code"] == "NOT_FOUND"
        assert refused == await do(other, mutation, **nobodys)
        assert (await do(near, mutation, **theirs))["code"] == "UNAUTHENTICATED"
    assert (await do(near, "createWebhook", url=receiver.url))["code"] == "UNAUTHENTICATED"
    assert await webhooks(owner) == before
    assert len(receiver.received) == 1
    look = """query ($hook: ID!, $delivery: ID!) {
        hook: node(id: $hook) { id } delivery: node(id: $delivery) { id }
        user(username: "owner") { webhooks { id } } }"""
    for person in (near, other):
        seen = await person.read(look, hook=hook, delivery=delivery["id"])
        assert seen == {"hook": None, "delivery": None, "user": {"webhooks": None}}
    seen = await owner.read(look, hook=hook, delivery=delivery["id"])
    assert seen["hook"]["id"] == seen["user"]["webhooks"][0]["id"] == hook
    assert seen["delivery"]["id"] == delivery["id"]


async def test_a_deleted_webhook_leaves_nothing(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    async with sending(near.tools):
        await owner.paper("one")
        await all_sent(near)
        assert (await do(owner, "deleteWebhook", webhookId=hook))["id"] == hook
        await owner.paper("two")
        await all_sent(near)
    assert await webhooks(owner) == []
    for table in ("targets", "deliveries", "webhooks"):
        assert await near.tools.pool.fetchval(f"SELECT count(*) FROM outwards.{table}") == 0  # noqa: S608 (ours)


async def test_no_more_than_twenty(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    made = await asyncio.gather(*(do(owner, "createWebhook", url=receiver.url) for _ in range(22)))
    assert [one.get("code") for one in made].count(None) == 20
    assert len(await webhooks(owner)) == 20


@pytest.mark.parametrize(
    ("input", "path"),
    [
        ({"url": "http://93.184.215.14/"}, ["input", "url"]),
        ({"url": "https://127.0.0.1/"}, ["input", "url"]),
        ({"url": "https://[::1]/"}, ["input", "url"]),
        ({"url": "https://localhost/"}, ["input", "url"]),
        ({"url": "nonsense"}, ["input", "url"]),
        ({"filter": {"types": []}}, ["input", "filter", "types"]),
        ({"filter": {"types": ["Nonsense"]}}, ["input", "filter", "types"]),
        ({"filter": {"subject": "nonsense"}}, ["input", "filter", "subject"]),
        ({"filter": {"papers": []}}, ["input", "filter", "papers"]),
        ({"filter": {"papers": ["nonsense"]}}, ["input", "filter", "papers", "0"]),
        ({"filter": {"venueKey": "\0"}}, ["input", "filter", "venueKey"]),
        ({"filter": {"keyword": "x" * 101}}, ["input", "filter", "keyword"]),
        ({"filter": {"keyword": " "}}, ["input", "filter", "keyword"]),
        ({"filter": {"year": -1}}, ["input", "filter", "year"]),
        ({"description": "x" * 201}, ["input", "description"]),
        ({"idempotencyKey": ""}, ["input", "idempotencyKey"]),
    ],
)
async def test_bad_input(api: Api, input: dict[str, Any], path: list[str]) -> None:
    owner = await api.person("owner")
    refused = await do(owner, "createWebhook", **{"url": "https://93.184.215.14/", **input})
    assert (refused["code"], refused["path"]) == ("INVALID", path)
    assert await webhooks(owner) == []


@pytest.mark.parametrize("filter", [{"venueKey": "conf/none"}, {"username": "nobody"}])
async def test_what_is_not_there_cannot_be_asked_for(api: Api, filter: dict[str, str]) -> None:
    owner = await api.person("owner")
    hook = (await do(owner, "createWebhook", url="https://93.184.215.14/"))["webhook"]
    again = await do(owner, "createWebhook", url="https://93.184.215.14/", filter=filter)
    changed = await do(owner, "updateWebhook", webhookId=hook["id"], filter=filter)
    for refused in (again, changed):
        assert (refused["code"], refused["path"]) == ("NOT_FOUND", ["input", "filter", *filter])
    assert await webhooks(owner) == [hook]


async def test_an_id_of_something_else_is_called_by_its_place(api: Api) -> None:
    owner = await api.person("owner")
    filter = {"papers": [owner.id]}
    refused = await do(owner, "createWebhook", url="https://93.184.215.14/", filter=filter)
    assert refused["message"] == "papers[0] is the id of a User: give that of a Paper."
