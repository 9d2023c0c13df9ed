"""Webhooks in the API: what they are told, who sees them, and what their owners do with them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from schema.ids import NodeId
from service.integrations.backoff import Backoff
from service.integrations.posting import Poster
from tests.integrations.outgoing import settled, until
from tests.integrations.receiver import Receiver, answering, receiving
from tests.schema.hooks import deliveries, do, sending, webhooks
from tests.schema.people import Api


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
def near(api: Api) -> Api:
    """The API, which may send to this machine."""
    return Api(api.schema, replace(api.tools, poster=Poster(private=True)))


async def head(api: Api) -> int:
    return (await api.tools.store.head()).position


async def all_sent(api: Api) -> None:
    await settled(api.tools.pool, await head(api))


async def test_a_program_that_follows_summaries(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    paper = await author.paper("conf/x/1", venueKey="conf/x")
    made = await do(
        owner, "createWebhook", url=receiver.url, filter={"types": ["summary.published", "summary.withdrawn"]}
    )
    async with sending(near.tools):
        first = await author.summary(paper, "One.")
        await author.do("reviseSummary", summaryId=first, body="Two.", expectedRevision=1)
        await author.do("setSummaryVisibility", summaryId=first, visibility="UNLISTED")
        await author.do("setSummaryVisibility", summaryId=first, visibility="PUBLIC")
        await author.do("retractSummary", summaryId=first)
        await all_sent(near)
    messages = [one.verified(made["secret"]) for one in receiver.received]
    # Each is sent as it may be seen then: what was withdrawn by now was skipped, or told with nothing in it.
    kinds = [one["type"] for one in messages]
    assert [kind for kind in kinds if kind == "summary.withdrawn"] == ["summary.withdrawn"] * 2
    assert messages[-1]["type"] == "summary.withdrawn"
    assert {one["data"]["summary"] for one in messages} == {first}
    assert messages[-1]["data"]["subject"] == first
    assert messages[-1]["data"]["paper"] == paper


async def test_a_message_says_what_the_api_says(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    paper = await author.paper("conf/x/1")
    made = await do(owner, "createWebhook", url=receiver.url)
    async with sending(near.tools):
        summary = await author.summary(paper, "One $x$.")
        comment = await owner.comment(summary, "Well.")
        await all_sent(near)
    query = """{ events(first: 100) { nodes { position type version subject streamVersion recordedAt
        occurredAt data actor { ... on User { id } } } } }"""
    events = (await owner.read(query))["events"]["nodes"][-len(receiver.received) :]
    assert len(events) == 3
    for message, event in zip(receiver.received, events, strict=True):
        body = message.verified(made["secret"])
        told = body["data"]
        assert (body["type"], body["timestamp"]) == (event["type"], event["recordedAt"])
        assert {name: told[name] for name in event if name != "actor"} == {
            name: value for name, value in event.items() if name != "actor"
        }
        assert told["actor"] == (event["actor"] or {}).get("id")
        assert (told["paper"], told["summary"]) == (paper, summary)
        assert told["permalink"].startswith("https://example.org/summaries/")
    assert events[-1]["subject"] in (summary, comment)


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({}, ["PaperRegistered", "SummaryPublished", "VoteCast", "CommentPosted"]),
    ({"types": ["CommentPosted", "PaperRegistered"]}, ["PaperRegistered", "CommentPosted"]),
    ({"types": ["summary.published"]}, ["summary.published"]),
    ({"venueKey": "conf/x", "types": ["SummaryPublished"]}, ["SummaryPublished"]),
    ({"venueKey": "conf/y"}, []),
    ({"year": 2015, "keyword": "Deep  Learning", "types": ["summary.published"]}, ["summary.published"]),
    ({"year": 2016}, []),
    ({"keyword": "deep"}, []),
    ({"username": "AUTHOR", "types": ["summary.published", "PaperRegistered"]}, ["summary.published"]),
    ({"username": "owner"}, []),
]


@pytest.mark.parametrize(("filter", "types"), FILTERS)
async def test_filters(near: Api, receiver: Receiver, filter: dict[str, Any], types: list[str]) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    made = await do(owner, "createWebhook", url=receiver.url, filter=filter)
    assert made["webhook"]["filter"] == {
        name: filter.get(name) and (sorted(filter[name]) if name == "types" else filter[name])
        for name in ("types", "subject", "papers", "venueKey", "year", "keyword", "username")
    }
    async with sending(near.tools):
        paper = await author.paper("conf/x/1", venueKey="conf/x", year=2015, keywords=["deep learning"])
        summary = await author.summary(paper)
        await owner.comment(summary)
        await all_sent(near)
    assert [one.verified(made["secret"])["type"] for one in receiver.received] == types


async def test_filters_by_things(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    one, two = await author.paper("one"), await author.paper("two")
    summary, other = await author.summary(one), await author.summary(two)
    about = await do(owner, "createWebhook", url=f"{receiver.url}?about", filter={"subject": summary})
    papers = await do(owner, "createWebhook", url=f"{receiver.url}?papers", filter={"papers": [two]})
    assert about["webhook"]["filter"]["subject"] == summary
    assert papers["webhook"]["filter"]["papers"] == [two]
    async with sending(near.tools):
        await author.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=1)
        await owner.comment(summary)
        await author.do("reviseSummary", summaryId=other, body="Two.", expectedRevision=1)
        await all_sent(near)
    told = {hook["webhook"]["id"]: [] for hook in (about, papers)}
    for hook in (about, papers):
        for message in receiver.received:
            try:
                told[hook["webhook"]["id"]].append(message.verified(hook["secret"])["data"]["subject"])
            except WebhookVerificationError:
                continue
    assert told == {about["webhook"]["id"]: [summary], papers["webhook"]["id"]: [other]}


async def test_nothing_that_its_owner_may_not_see(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    mine = await do(owner, "createWebhook", url=receiver.url)
    own = await do(author, "createWebhook", url=receiver.url)
    papers = [await author.paper(f"p{at}") for at in range(3)]
    async with sending(near.tools):
        await author.summary(papers[0], "Secret one.", "PRIVATE")
        unlisted = await author.summary(papers[1], "Secret two.", "UNLISTED")
        await author.comment(unlisted, "Secret three.")
        await author.summary(papers[2], "Open.", anonymous=True)
        await all_sent(near)
    told: dict[str, list[Any]] = {"owner": [], "author": []}
    for message in receiver.received:
        try:
            told["owner"].append(message.verified(mine["secret"]))
        except WebhookVerificationError:
            told["author"].append(message.verified(own["secret"]))
    assert "Secret" not in str(told["owner"])
    assert author.id not in str(told["owner"])
    assert [one["type"] for one in told["owner"]] == ["PaperRegistered"] * 3 + [
        "SummaryPublished",
        "VoteCast",
    ]
    assert str(told["author"]).count("Secret") == 3
    assert (await deliveries(owner))[0]["state"] == "DELIVERED"


async def test_what_is_hidden_between_planning_and_sending(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    summary = await author.summary(await author.paper("one"), "Secret.")
    await do(
        owner, "createWebhook", url=receiver.url, filter={"types": ["CommentPosted", "SummaryRetracted"]}
    )
    receiver.behave = answering("500 Oops")
    async with sending(near.tools):
        await author.comment(summary, "Shown once.")
        await author.comment(summary, "Never shown.")
        await until(lambda: len(receiver.received) > 1)
        await author.do("retractSummary", summaryId=summary)
        receiver.behave = Receiver().behave
        await all_sent(near)
    assert b"Never shown" not in b"".join(one.body for one in receiver.received)
    assert [one["state"] for one in await deliveries(owner)] == ["DELIVERED", "SKIPPED", "SKIPPED"]
    assert b"SummaryRetracted" in receiver.received[-1].body


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
    a_day_ago = "UPDATE outwards.webhooks SET previous_until = previous_until - interval '24 hours'"
    await near.tools.pool.execute(a_day_ago)
    async with sending(near.tools):
        await owner.paper("two")
        await all_sent(near)
    receiver.received[1].verified(rotated["secret"])
    with pytest.raises(WebhookVerificationError):
        receiver.received[1].verified(made["secret"])


async def test_a_test_says_how_it_went(near: Api, receiver: Receiver) -> None:
    owner = await near.person("owner")
    made = await do(owner, "createWebhook", url=receiver.url)
    hook = made["webhook"]["id"]

    async def tested() -> Any:
        await near.tools.pool.execute("UPDATE outwards.webhooks SET tested_at = '-infinity'")
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
            assert (await do(owner, mutation, **input))["code"] == "INVALID"
        active = (await do(owner, "updateWebhook", webhookId=hook, active=True))["webhook"]
        assert (active["active"], active["disabledReason"]) == (True, None)
        await owner.paper("three")
        await all_sent(near)
    titles = [one.verified(made["secret"])["data"]["data"]["title"] for one in receiver.received]
    assert titles == ["On one", "On two", "On three"]


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
        ({"description": "x" * 201}, ["input", "description"]),
        ({"idempotencyKey": ""}, ["input", "idempotencyKey"]),
    ],
)
async def test_bad_input(api: Api, input: dict[str, Any], path: list[str]) -> None:
    owner = await api.person("owner")
    refused = await do(owner, "createWebhook", **{"url": "https://93.184.215.14/", **input})
    assert (refused["code"], refused["path"]) == ("INVALID", path)
    assert await webhooks(owner) == []
