"""Following, notifications and preferences in the API: one's own only."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from schema import following
from schema.context import Tools
from schema.live import Live, Stream
from schema.message import Asked
from schema.reading import ReadSession
from service.integrations import follows, mail
from service.integrations.planner import Planner
from service.integrations.sender import Bell
from tests.schema.people import REFUSAL, Api

FOLLOW = f"""mutation ($input: FollowInput!) {{ outcome: follow(input: $input) {{
  ... on FollowPayload {{ follow {{
    followedAt paper {{ id }} user {{ username }} venue {{ key }} keyword }} }}
  {REFUSAL} }} }}"""
UNFOLLOW = f"""mutation ($input: FollowInput!) {{ outcome: unfollow(input: $input) {{
  ... on UnfollowPayload {{ unfollowed }} {REFUSAL} }} }}"""
MARK = f"""mutation ($input: MarkNotificationsReadInput!) {{ outcome: markNotificationsRead(input: $input) {{
  ... on MarkNotificationsReadPayload {{ unreadNotificationCount }} {REFUSAL} }} }}"""
PREFER = f"""mutation ($input: SetMailPreferencesInput!) {{ outcome: setMailPreferences(input: $input) {{
  ... on MailPreferencesPayload {{ mailPreferences {{ email digestHour addressState }} }} {REFUSAL} }} }}"""
NOTIFICATIONS = """query ($first: Int = 20, $after: String, $unread: Boolean = false) { viewer {
  unreadNotificationCount
  notifications(first: $first, after: $after, unreadOnly: $unread) {
    totalCount pageInfo { hasNextPage endCursor }
    nodes { id kind createdAt readAt position summary { id } comment { id body } paper { id title }
      actor { __typename ... on User { username } } } } } }"""
PRIVATE = """{ follows { totalCount } notifications { totalCount nodes { id } } unreadNotificationCount
  mailPreferences { email addressState } }"""


@asynccontextmanager
async def planning(tools: Tools) -> AsyncIterator[None]:
    """The outbox runs, without a mail server."""
    channels = mail.channels(tools.pool, tools.clock, None)
    planner = Planner(tools.pool, tools.store, channels, holder="test", shown=tools.progress, bell=Bell())
    running = asyncio.create_task(planner.run())
    yield
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
async def telling(tools: Tools) -> AsyncIterator[None]:
    async with planning(tools):
        yield


async def change(person: Api, mutation: str, **input: Any) -> Any:
    return (await person.read(mutation, input=input))["outcome"]


async def told(person: Api, **variables: Any) -> Any:
    """Once everything that is recorded was told."""
    head = (await person.tools.store.head()).position
    sql = "SELECT position >= $1 FROM follower_checkpoints WHERE name = 'outbox'"
    async with asyncio.timeout(20):
        while not await person.tools.pool.fetchval(sql, head):  # noqa: ASYNC110 (another task's work)
            await asyncio.sleep(0.02)
    return (await person.read(NOTIFICATIONS, **variables))["viewer"]


@pytest.fixture
async def people(api: Api, telling: None) -> list[Api]:
    return [await api.person(name) for name in ("ada", "bob", "eve")]


async def test_what_one_hears(people: list[Api]) -> None:
    ada, bob, _ = people
    paper = await ada.paper("k", title="On Faces")
    assert (await change(bob, FOLLOW, username="ADA"))["follow"]["user"] == {"username": "ada"}
    summary = await ada.summary(paper)
    comment = await bob.comment(summary, "Well said.")
    reply = await ada.comment(summary, "Thanks.", comment)
    seen = await told(bob)
    assert (seen["unreadNotificationCount"], seen["notifications"]["totalCount"]) == (2, 2)
    newest, oldest = seen["notifications"]["nodes"]
    assert newest["kind"] == "REPLY"
    assert newest["comment"] == {"id": reply, "body": "Thanks."}
    assert newest["position"] > oldest["position"]
    assert {name: oldest[name] for name in ("kind", "summary", "comment", "paper", "actor", "readAt")} == {
        "kind": "SUMMARY_BY_USER",
        "summary": {"id": summary},
        "comment": None,
        "paper": {"id": paper, "title": "On Faces"},
        "actor": {"__typename": "User", "username": "ada"},
        "readAt": None,
    }
    [to_ada] = (await told(ada))["notifications"]["nodes"]
    assert (to_ada["kind"], to_ada["comment"]["id"]) == ("COMMENT", comment)


async def test_nobody_learns_who_wrote_anonymously(people: list[Api]) -> None:
    ada, bob, eve = people
    paper = await ada.paper("k")
    await change(bob, FOLLOW, username="ada")
    await change(eve, FOLLOW, paperId=paper)
    await ada.summary(paper, anonymous=True)
    [to_eve] = (await told(eve))["notifications"]["nodes"]
    assert to_eve["actor"] == {"__typename": "AnonymousActor"}
    assert (await told(bob))["notifications"]["nodes"] == []


async def test_pages_go_on_where_they_ended_and_leave_out_what_was_read(people: list[Api]) -> None:
    ada, bob, _ = people
    await change(bob, FOLLOW, keyword=" Deep   NETS ")
    summaries = [
        await ada.summary(await ada.paper(f"k{number}", keywords=["deep nets"])) for number in range(5)
    ]
    seen, after = [], None
    for _ in range(3):
        page = (await told(bob, first=2, after=after))["notifications"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert [one["summary"]["id"] for one in seen] == summaries[::-1]
    assert not page["pageInfo"]["hasNextPage"]
    assert await change(bob, MARK, ids=[seen[0]["id"]]) == {
        "__typename": "MarkNotificationsReadPayload",
        "unreadNotificationCount": 4,
    }
    assert (await change(bob, MARK, upTo=seen[3]["position"]))["unreadNotificationCount"] == 2
    left = await told(bob, unread=True)
    assert [one["id"] for one in left["notifications"]["nodes"]] == [seen[1]["id"], seen[2]["id"]]
    assert left["notifications"]["totalCount"] == 2
    assert (await told(bob))["notifications"]["nodes"][0]["readAt"] is not None


async def test_a_page_takes_a_fixed_number_of_statements(people: list[Api]) -> None:
    ada, bob, eve = people
    for follower in (bob, eve):
        await change(follower, FOLLOW, username="ada")
    for summary in await publish(ada, 4):
        await eve.comment(summary, "Well said.", await bob.comment(summary))
    await told(bob)
    few, many = [await statements(bob, NOTIFICATIONS, first=size) for size in (1, 8)]
    assert 0 < len(few) == len(many)


async def statements(person: Api, query: str, **variables: Any) -> list[str]:
    """Those that a query takes."""
    seen: list[str] = []
    original = ReadSession.fetch

    async def fetch(session: ReadSession, sql: str, *args: Any) -> list[Any]:
        seen.append(sql)
        return await original(session, sql, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReadSession, "fetch", fetch)
        await person.read(query, **variables)
    return seen


@pytest.mark.parametrize("how", ["PRIVATE", "RETRACTED"])
async def test_what_may_not_be_seen_any_more_is_on_no_way(people: list[Api], how: str) -> None:
    ada, bob, _ = people
    paper = await ada.paper("k")
    await change(bob, FOLLOW, paperId=paper)
    summary = await ada.summary(paper)
    [notification] = (await told(bob))["notifications"]["nodes"]
    query = "query ($id: ID!) { node(id: $id) { id ... on Notification { kind } } }"
    assert (await bob.read(query, id=notification["id"]))["node"]["kind"] == "SUMMARY_ON_PAPER"
    if how == "RETRACTED":
        await ada.do("retractSummary", summaryId=summary)
    else:
        await ada.do("setSummaryVisibility", summaryId=summary, visibility=how)
    seen = await told(bob)
    assert (seen["unreadNotificationCount"], seen["notifications"]["totalCount"]) == (0, 0)
    assert seen["notifications"]["nodes"] == []
    assert (await bob.read(query, id=notification["id"]))["node"] is None


async def test_everything_is_null_to_others(people: list[Api], api: Api) -> None:
    ada, bob, eve = people
    paper = await ada.paper("k")
    await change(bob, FOLLOW, paperId=paper)
    await ada.summary(paper)
    [notification] = (await told(bob))["notifications"]["nodes"]
    for other in (api, ada):
        data = await other.read(f'{{ user(username: "bob") {PRIVATE} }}')
        assert set(data["user"].values()) == {None}
        found = await other.read("query ($id: ID!) { node(id: $id) { id } }", id=notification["id"])
        assert found["node"] is None
    await change(eve, MARK, ids=[notification["id"]])
    assert (await told(bob))["unreadNotificationCount"] == 1
    own = await bob.read(f'{{ user(username: "bob") {PRIVATE} }}')
    assert own["user"]["follows"]["totalCount"] == 1


async def test_visitors_are_asked_to_sign_in(api: Api) -> None:
    for mutation, input in (
        (FOLLOW, {"username": "ada"}),
        (UNFOLLOW, {"username": "ada"}),
        (MARK, {"ids": []}),
        (PREFER, {"email": "NONE"}),
    ):
        outcome = await change(api, mutation, **input)
        assert (outcome["__typename"], outcome["code"]) == ("AccessError", "UNAUTHENTICATED")


FOLLOWS = """query ($first: Int!, $after: String) { viewer { follows(first: $first, after: $after) {
  totalCount pageInfo { endCursor } nodes { paper { id } user { username } venue { key } keyword } } } }"""


async def test_what_is_followed(people: list[Api]) -> None:
    ada, bob, _ = people
    paper = await ada.paper("k", venueKey="conf/x")
    wanted = [{"paperId": paper}, {"username": "ada"}, {"venueKey": "conf/x"}, {"keyword": "Nets"}]
    first = [await change(bob, FOLLOW, **one) for one in wanted]
    assert [await change(bob, FOLLOW, **one) for one in wanted] == first
    seen, after = [], None
    for _ in range(2):
        page = (await bob.read(FOLLOWS, first=2, after=after))["viewer"]["follows"]
        seen += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    nothing = {"paper": None, "user": None, "venue": None, "keyword": None}
    assert page["totalCount"] == 4
    assert seen == [
        {**nothing, "keyword": "nets"},
        {**nothing, "venue": {"key": "conf/x"}},
        {**nothing, "user": {"username": "ada"}},
        {**nothing, "paper": {"id": paper}},
    ]
    assert (await change(bob, UNFOLLOW, keyword="NETS"))["unfollowed"] is True
    assert (await change(bob, UNFOLLOW, keyword="NETS"))["unfollowed"] is False
    assert (await bob.read(FOLLOWS, first=0))["viewer"]["follows"]["totalCount"] == 3


@pytest.mark.parametrize(
    ("input", "code", "path"),
    [
        ({"paperId": "nonsense"}, "INVALID", "paperId"),
        ({"paperId": "UGFwZXI6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"}, "NOT_FOUND", "paperId"),
        ({"username": "nobody"}, "NOT_FOUND", "username"),
        ({"username": "no\x00body"}, "INVALID", "username"),
        ({"username": "ADA"}, "INVALID", "username"),
        ({"venueKey": "conf/none"}, "NOT_FOUND", "venueKey"),
        ({"venueKey": "conf none"}, "INVALID", "venueKey"),
        ({"keyword": " "}, "INVALID", "keyword"),
        ({"keyword": "x" * 101}, "INVALID", "keyword"),
    ],
)
async def test_what_cannot_be_followed(people: list[Api], input: Any, code: str, path: str) -> None:
    outcome = await change(people[0], FOLLOW, **input)
    assert (outcome["code"], outcome["path"]) == (code, ["input", path])


async def test_there_is_a_limit(people: list[Api], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follows, "MOST", 3)
    outcomes = await asyncio.gather(*(change(people[0], FOLLOW, keyword=f"k{i}") for i in range(6)))
    assert [one["__typename"] for one in outcomes].count("FollowPayload") == 3
    followed = [one["follow"]["keyword"] for one in outcomes if "follow" in one]
    assert (await change(people[0], UNFOLLOW, keyword=followed[0]))["unfollowed"]
    assert (await change(people[0], FOLLOW, keyword="more"))["__typename"] == "FollowPayload"


async def test_what_cannot_be_marked(people: list[Api]) -> None:
    ada = people[0]
    for ids in (["nonsense"], [ada.id], ["x"] * 101):
        assert (await change(ada, MARK, ids=ids))["path"] == ["input", "ids"]
    error = await ada.refused(MARK, input={"upTo": "00000000-00000000000000000000000001"})
    assert error["extensions"]["code"] == "INVALID"


@pytest.fixture
async def mailing(people: list[Api], tools: Tools) -> Api:
    """Somebody where mail can be sent."""
    return replace(people[0], tools=replace(tools, mailing=True))


async def test_preferences(mailing: Api) -> None:
    query = "{ viewer { mailPreferences { email digestHour addressState } } }"
    before = {"email": "NONE", "digestHour": 7, "addressState": "NONE"}
    assert (await mailing.read(query))["viewer"]["mailPreferences"] == before
    refused = await change(mailing, PREFER, email="DAILY")
    assert (refused["code"], refused["path"]) == ("INVALID", ["input", "address"])  # signed up without one
    for hour in (-1, 24):
        refused = await change(mailing, PREFER, email="DAILY", digestHour=hour)
        assert (refused["code"], refused["path"]) == ("INVALID", ["input", "digestHour"])
    assert (await mailing.read(query))["viewer"]["mailPreferences"] == before
    outcome = await change(mailing, PREFER, email="DAILY", digestHour=0, address="ada@example.com")
    now = {"email": "DAILY", "digestHour": 0, "addressState": "UNCONFIRMED"}
    assert outcome["mailPreferences"] == now
    assert (await mailing.read(query))["viewer"]["mailPreferences"] == now
    outcome = await change(mailing, PREFER, email="NONE")
    assert outcome["mailPreferences"] == {**now, "email": "NONE"}
    assert "ada@example.com" not in str(outcome)


async def test_the_address_of_the_account_is_taken_when_there_is_no_other(mailing: Api) -> None:
    input = {"username": "zoe", "password": "a long enough password", "email": "zoe@example.com"}
    session = await mailing.do("signUp", **input)
    assert await mailing.tools.pool.fetchval("SELECT count(*) FROM notices.confirmations") == 0
    zoe = replace(mailing, token=session["token"])
    outcome = await change(zoe, PREFER, email="AT_ONCE")
    assert outcome["mailPreferences"]["addressState"] == "UNCONFIRMED"
    assert await zoe.tools.pool.fetchval("SELECT address FROM notices.confirmations") == "zoe@example.com"


async def test_without_a_mail_server_there_is_no_mail_to_choose(people: list[Api]) -> None:
    refused = await change(people[0], PREFER, email="DAILY", address="ada@example.com")
    assert (refused["code"], refused["path"]) == ("INVALID", ["input", "email"])
    assert (await change(people[0], PREFER, email="NONE"))["__typename"] == "MailPreferencesPayload"


RECEIVED = """subscription ($after: Position) { notificationReceived(after: $after) {
  position kind summary { id } } }"""


class Listener:
    """What comes of a subscription."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def summaries(self, count: int) -> list[str]:
        """Of the next so many notifications."""
        return [(await self.next())["summary"]["id"] for _ in range(count)]

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            return json.loads((await anext(self.stream.messages)).text)["data"]["notificationReceived"]


@asynccontextmanager
async def listening(person: Api, **variables: Any) -> AsyncIterator[Listener]:
    live = Live(person.schema, person.tools)
    stream = await live.open(Asked(RECEIVED, variables, None, person.token))
    assert stream.begun is not None
    async with aclosing(stream.messages):
        yield Listener(stream)


async def publish(person: Api, count: int) -> list[str]:
    return [await person.summary(await person.paper(uuid4().hex)) for _ in range(count)]


@pytest.mark.parametrize("back", [0, following.BACK])
async def test_notifications_are_received_once_from_where_one_was(
    people: list[Api], back: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BACK", back)
    ada, bob, eve = people
    for follower in (bob, eve):
        await change(follower, FOLLOW, username="ada")
    first = await publish(ada, 3)
    places = [one["position"] for one in reversed((await told(bob))["notifications"]["nodes"])]
    async with listening(bob, after=places[0]) as listener:
        assert await listener.summaries(2) == first[1:]
        await ada.do("retractSummary", summaryId=first[2])
        later = await publish(ada, 2)
        assert await listener.summaries(2) == later
    await ada.do("retractSummary", summaryId=later[0])
    async with listening(eve, after=places[0]) as listener:
        assert await listener.summaries(2) == [first[1], later[1]]
    async with listening(eve) as listener:
        newest = await publish(ada, 1)
        assert await listener.summaries(1) == newest
        comment = await eve.comment(newest[0])
        assert await ada.comment(newest[0], "Thanks.", comment)
        assert (await listener.next())["kind"] == "REPLY"


async def test_what_is_recorded_and_not_told_yet_is_not_missed(api: Api, tools: Tools) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    await change(bob, FOLLOW, username="ada")
    summaries = await publish(ada, 2)
    async with listening(bob) as listener, planning(tools):
        assert await listener.summaries(2) == summaries


async def test_visitors_receive_nothing(api: Api) -> None:
    stream = await Live(api.schema, api.tools).open(Asked(RECEIVED))
    assert stream.begun is None
    message = await anext(stream.messages)
    assert message.errors is not None
    assert json.loads(message.errors)[0]["extensions"]["code"] == "UNAUTHENTICATED"
