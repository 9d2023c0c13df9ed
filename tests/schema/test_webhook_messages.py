"""What webhooks are told: what they asked for and may see, as the API says it."""

import json
from typing import Any

import pytest
from standardwebhooks.webhooks import WebhookVerificationError

from tests.integrations.outgoing import until
from tests.integrations.receiver import Receiver, answering
from tests.schema.hooks import all_sent, deliveries, do, sending
from tests.schema.people import Api
from tests.schema.revisions import redacted, revised


async def test_a_program_that_follows_summaries(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    paper = await author.paper("conf/x/1", venueKey="conf/x")
    made = await do(
        owner, "createWebhook", url=receiver.url, filter={"types": ["summary.published", "summary.withdrawn"]}
    )
    async with sending(near.tools):
        first = await author.summary(paper, "One.")
        await author.do("reviseSummary", summaryId=first, body="Two.", expectedRevision=1)
        await author.do("setSummaryVisibility", summaryId=first, visibility="PRIVATE")
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


async def test_that_one_became_unlisted_is_told_to_its_author_alone(near: Api, receiver: Receiver) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    summary = await author.summary(await author.paper("conf/x/1"), "One.")
    await do(owner, "createWebhook", url=receiver.url)
    mine = await do(author, "createWebhook", url=receiver.url)
    async with sending(near.tools):
        await author.do("setSummaryVisibility", summaryId=summary, visibility="UNLISTED")
        await all_sent(near)
    [message] = receiver.received
    told = message.verified(mine["secret"])["data"]
    assert (told["subject"], told["data"]) == (summary, {"visibility": "UNLISTED"})


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
    for venue in ("conf/x", "conf/y"):
        await author.paper(f"{venue}/0", venueKey=venue)
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


@pytest.mark.parametrize("about", ["another", "all"])
async def test_what_is_planned_stays_when_the_subject_changes(
    near: Api, receiver: Receiver, about: str
) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    one, two = await author.paper("one"), await author.paper("two")
    listed, unlisted = await author.summary(one), await author.summary(two, "Two.", "UNLISTED")
    hook = (await do(owner, "createWebhook", url=receiver.url, filter={"subject": unlisted}))["webhook"]["id"]
    receiver.behave = answering("500 Oops")
    async with sending(near.tools):
        await revised(author, unlisted, 1, "Again.")
        await until(lambda: receiver.received)
        filter = {"subject": listed} if about == "another" else {}
        await do(owner, "updateWebhook", webhookId=hook, filter=filter)
        receiver.behave = Receiver().behave
        await all_sent(near)
    assert [one["state"] for one in await deliveries(owner)] == ["DELIVERED"]
    assert json.loads(receiver.received[-1].body)["data"]["subject"] == unlisted


async def test_who_names_a_subject_is_not_shown_what_was_planned_from_lists(
    near: Api, receiver: Receiver
) -> None:
    owner, author = await near.person("owner"), await near.person("author")
    summary = await author.summary(await author.paper("one"))
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    receiver.behave = answering("500 Oops")
    async with sending(near.tools):
        await revised(author, summary, 1, "Again.")
        await until(lambda: receiver.received)
        await author.do("setSummaryVisibility", summaryId=summary, visibility="UNLISTED")
        await do(owner, "updateWebhook", webhookId=hook, filter={"subject": summary})
        receiver.behave = Receiver().behave
        await all_sent(near)
    states = {one["position"]: one["state"] for one in await deliveries(owner)}
    assert states[min(states)] == "SKIPPED"


async def test_who_stores_texts_is_told_of_redactions(near: Api, receiver: Receiver) -> None:
    """With the filter of docs/webhooks.md."""
    owner, author = await near.person("owner"), await near.person("author")
    paper = await author.paper("conf/cvpr/1", venueKey="conf/cvpr")
    types = ["summary.published", "summary.withdrawn", "RevisionRedacted"]
    filter = {"types": types, "venueKey": "conf/cvpr"}
    await do(owner, "createWebhook", url=receiver.url, filter=filter)
    async with sending(near.tools):
        summary = await author.summary(paper, "Secret.")
        await revised(author, summary, 1, "Public.")
        await redacted(author, summary, 1)
        await all_sent(near)
    published, told = [json.loads(one.body) for one in receiver.received]
    assert published["type"] == "summary.published"
    assert (told["type"], told["data"]["subject"]) == ("RevisionRedacted", summary)
    assert told["data"]["data"]["revision"] == 1
