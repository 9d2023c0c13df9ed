"""The log, as the API shows it."""

import base64
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from schema.context import Context
from schema.event import TYPES
from schema.ids import NodeId
from schema.scalars import LogPosition, log_position
from service.domain.events import PayloadsErased, Visibility, VoteValue
from service.eventstore.epochs import Epochs
from tests.projections.history import ACTIONS, World, play
from tests.schema.people import Api
from tests.schema.test_pages import _statements as statements

EVENT = """{
  position type version subject streamVersion recordedAt occurredAt data
  actor { __typename ... on User { id username } ... on AnonymousActor { label } }
}"""
PAGE = f"""{{
  edges {{ cursor node {EVENT} }} nodes {EVENT}
  pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }}
}}"""
ARGUMENTS = "first: $first, after: $after, filter: $filter"
VARIABLES = "$first: Int! = 100, $after: Position, $filter: EventFilter"
EVENTS = f"query ({VARIABLES}) {{ events({ARGUMENTS}) {PAGE} }}"
OF_SUMMARY = f"query ($id: ID!, {VARIABLES}) {{ of: summary(id: $id) {{ events({ARGUMENTS}) {PAGE} }} }}"
OF_PAPER = f"query ($id: ID!, {VARIABLES}) {{ of: paper(by: {{id: $id}}) {{ events({ARGUMENTS}) {PAGE} }} }}"


async def log(person: Api, filter: Any = None, **variables: Any) -> list[Any]:
    return list((await person.read(EVENTS, filter=filter, **variables))["events"]["nodes"])


def types(events: list[Any]) -> list[str]:
    return [one["type"] for one in events]


async def test_what_events_say(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    paper = await ada.paper("k", publishedOn="2015-03-12", keywords=["faces"])
    summary = await ada.summary(paper, "First.")
    await ada.do("reviseSummary", summaryId=summary, body="Second.", note="Why", expectedRevision=1)
    comment = await bob.comment(summary)
    reply = await ada.comment(summary, "Thanks.", comment)
    await bob.do("castVote", subjectId=comment, value="DOWN")
    found = (await api.read(EVENTS))["events"]
    assert [one["node"] for one in found["edges"]] == found["nodes"]
    cursors = [one["cursor"] for one in found["edges"]]
    assert cursors == sorted({one["position"] for one in found["nodes"]})
    assert found["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": cursors[0],
        "endCursor": cursors[-1],
    }
    assert cursors[-1] == api.context.position_header()
    signed_up, _, registered, published, start, revised, posted, answered, cast = found["nodes"]
    assert (signed_up["subject"], signed_up["actor"]["username"]) == (ada.id, "ada")
    assert (registered["subject"], registered["actor"]) == (paper, None)
    assert registered["data"]["publishedOn"] == "2015-03-12"
    assert registered["data"]["keywords"] == ["faces"]
    assert (published["version"], published["streamVersion"]) == (2, 1)
    assert published["data"] == {
        "paperId": paper,
        "authorId": ada.id,
        "visibility": "PUBLIC",
        "body": "First.",
        "note": None,
    }
    assert (revised["subject"], revised["streamVersion"], revised["actor"]["id"]) == (summary, 2, ada.id)
    assert revised["data"] == {"revision": 2, "body": "Second.", "note": "Why"}
    assert posted["data"]["summaryId"] == summary
    assert (posted["data"]["authorId"], posted["data"]["onRevision"]) == (bob.id, 2)
    assert (answered["subject"], answered["data"]["parentId"]) == (reply, comment)
    for vote, subject, kind, value in ((start, summary, "SUMMARY", "UP"), (cast, comment, "COMMENT", "DOWN")):
        assert (vote["subject"], vote["actor"], vote["streamVersion"]) == (subject, None, 0)
        assert vote["data"] == {"subjectId": subject, "subjectKind": kind, "value": value}
    assert all(one["recordedAt"] == one["occurredAt"] for one in found["nodes"])
    of_paper = (await api.read(OF_PAPER, id=paper))["of"]["events"]["nodes"]
    assert of_paper == found["nodes"][2:]
    assert (await api.read(OF_SUMMARY, id=summary))["of"]["events"]["nodes"] == found["nodes"][3:]


@pytest.mark.parametrize("how", ["RETRACTED", "PRIVATE"])
async def test_what_is_withdrawn_leaves_the_least_behind(api: Api, how: str) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    paper = await ada.paper("k")
    summary = await ada.summary(paper, "A secret of mine.")
    comment = await bob.comment(summary, "A secret remark.")
    before = await log(api)
    if how == "RETRACTED":
        await ada.do("retractSummary", summaryId=summary, reason="A secret reason.")
    else:
        await ada.do("setSummaryVisibility", summaryId=summary, visibility=how)
    own = await log(ada)
    assert (own[:-1], own[-1]["data"] != {}) == (before, True)
    for person in (api, bob):
        found = await log(person)
        assert found[:-1] == before[:3]
        left = found[-1]
        assert left["type"] == ("SummaryRetracted" if how == "RETRACTED" else "SummaryVisibilitySet")
        assert (left["subject"], left["data"], left["actor"], left["streamVersion"]) == (summary, {}, None, 0)
        assert (left["position"], left["recordedAt"]) == (own[-1]["position"], own[-1]["recordedAt"])
        assert (await person.read(OF_PAPER, id=paper))["of"]["events"]["nodes"] == found[2:]
        by_address = await log(person, {"subject": summary})
        assert by_address == [left]
        assert await log(person, {"subject": comment}) == []
        assert (await person.read(OF_SUMMARY, id=summary))["of"] is None
        assert "secret" not in str(found) + str(by_address)


async def test_no_list_tells_the_address_of_what_is_unlisted(api: Api) -> None:
    """It may have been public: whoever knows its address may read on, and nobody else gets to know it."""
    ada, bob = await api.person("ada"), await api.person("bob")
    paper = await ada.paper("k")
    summary = await ada.summary(paper, "A secret of mine.")
    await bob.comment(summary, "A secret remark.")
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="UNLISTED")
    for person in (api, bob):
        of_paper = (await person.read(OF_PAPER, id=paper))["of"]["events"]["nodes"]
        told = str(await log(person)) + str(of_paper) + str(await log(person, {"paper": paper}))
        assert summary not in told
        assert "secret" not in told
        by_address = (await person.read(OF_SUMMARY, id=summary))["of"]["events"]["nodes"]
        assert [one["type"] for one in by_address][-2:] == ["CommentPosted", "SummaryVisibilitySet"]
        assert by_address[-1]["data"] == {"visibility": "UNLISTED"}
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
    assert [one["data"] for one in await log(api) if one["subject"] == summary] == [{}, {}]


async def test_nobody_learns_who_wrote_anonymously(api: Api) -> None:
    """Not even who registered the paper, which often is the same."""
    ada = await api.person("ada")
    paper = await ada.paper("k")
    summary = await ada.summary(paper, anonymous=True)
    await ada.do("reviseSummary", summaryId=summary, body="Again.", expectedRevision=1)
    for person in (api, ada):
        signed_up, *others = await log(person)
        assert signed_up["subject"] == ada.id
        assert len(others) == 4
        assert [one["actor"] for one in others] == [None] * 4
        assert ada.id not in str(others)


async def test_secrets_are_nowhere(api: Api) -> None:
    """Of a long history, all roads and all viewers: nothing in any answer that nobody is to know."""
    world = World(api.tools.store)
    await play(world, [(name, i * 5, i * 3, i * 7 + 1) for i in range(12) for name in ACTIONS])
    voter, writer = await world.sign_up("voter"), await world.sign_up("writer")
    public = await world.publish(world.papers[0], world.users[0])
    await world.vote(public, voter, VoteValue.UP)
    await world.publish(world.papers[0], writer, anonymous=True)
    hidden = await world.publish(world.papers[0], writer, "Hidden words.", Visibility.PRIVATE, anonymous=True)
    remark = await world.comment(hidden.id, world.users[0], "Hidden remark.")
    known = PayloadsErased(
        originator_id=uuid4(), originator_version=1, payload_ids=(uuid4(),), subject_id=public.id
    )
    await world.append(known)
    await api.tools.progress.wait_for(world.position, 20)
    secrets = await _secrets(api)
    assert len(secrets) > 300
    for viewer in (None, voter, writer, *world.users[:3]):
        told = await _everything(api, world, viewer)
        whole = "\n".join(told)
        assert {secret for secret in secrets if secret in whole} == set()
        for person in (voter, writer):
            about = [text for text in told if str(person) in text]
            assert {text.split(":")[0] for text in about} == {"UserSignedUp of User"}
        assert f"Summary:{public.id}" in whole
        unseen = [str(hidden.id), str(remark.id), "Hidden"]
        assert [one in whole for one in unseen] == [viewer == writer] * 3


async def _secrets(api: Api) -> set[str]:
    """Ids that are in the log for nobody to see."""
    rows = await api.tools.pool.fetch(
        """
        SELECT payload_id AS id FROM payloads
        UNION SELECT stream_id FROM streams WHERE category IN ('vote', 'erasure')
        UNION SELECT event_id FROM events UNION SELECT correlation_id FROM events
        """
    )
    return {form for row in rows for form in (str(row["id"]), row["id"].hex)}


async def _everything(api: Api, world: World, viewer: UUID | None) -> list[str]:
    """Each event on each road as a text, its ids decoded."""
    summaries = [str(NodeId("Summary", one.id)) for one in world.summaries]
    comments = [str(NodeId("Comment", one.id)) for one in world.comments]
    roads: list[tuple[str, dict[str, Any]]] = [(EVENTS, {})]
    roads += [(OF_SUMMARY, {"id": one}) for one in summaries]
    roads += [(OF_PAPER, {"id": str(NodeId("Paper", one))}) for one in world.papers]
    roads += [(EVENTS, {"filter": {"subject": one}}) for one in (*summaries, *comments)]
    return [text for road in roads for text in await _walk(api, viewer, *road)]


async def _walk(api: Api, viewer: UUID | None, query: str, variables: dict[str, Any]) -> list[str]:
    texts: list[str] = []
    after = None
    while True:
        context = Context(api.tools, viewer)
        result = await api.schema.execute(query, {**variables, "first": 40, "after": after}, context)
        assert result.errors is None, result.errors
        of = result.data if result.data and "events" in result.data else (result.data or {})["of"]
        if of is None:
            return texts
        for one in of["events"]["nodes"]:
            rest = {key: value for key, value in one.items() if key not in ("type", "subject")}
            texts.append(f"{one['type']} of {_decoded(one['subject'])} {_decoded(rest)}")
        page = of["events"]["pageInfo"]
        if not page["hasNextPage"]:
            return texts
        after = page["endCursor"]


def _decoded(value: Any) -> str:
    """As a text, with Node ids in the clear."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_decoded(one)}" for key, one in value.items())
    text = str(value)
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        return text


async def test_pages_go_on_after_positions(api: Api) -> None:
    ada = await api.person("ada")
    await ada.summary(await ada.paper("k"))
    whole = await log(api)
    found, after = [], None
    for number in range(4):
        page = (await api.read(EVENTS, first=1, after=after))["events"]
        assert page["pageInfo"]["hasNextPage"] is (number < 3)
        assert page["pageInfo"]["hasPreviousPage"] is (number > 0)
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    assert found == whole
    at_the_end = (await api.read(EVENTS, after=after))["events"]
    none = {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}
    assert at_the_end == {"edges": [], "nodes": [], "pageInfo": none}
    assert (await api.read(EVENTS, first=0))["events"]["pageInfo"]["hasNextPage"] is True


async def test_filters(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    paper, other = await ada.paper("k"), await ada.paper("other")
    summary, unlisted = await ada.summary(paper), await bob.summary(paper, "Mine.", "UNLISTED")
    comment = await bob.comment(unlisted)
    assert types(await log(api, {"types": ["VoteCast", "PaperRegistered", "VoteCast"]})) == [
        *["PaperRegistered"] * 2,
        "VoteCast",
    ]
    assert types(await log(api, {"subject": ada.id})) == ["UserSignedUp"]
    assert types(await log(api, {"subject": other})) == types(await log(api, {"paper": other}))
    assert types(await log(api, {"paper": paper})) == ["PaperRegistered", "SummaryPublished", "VoteCast"]
    assert types(await log(bob, {"paper": paper})) == [
        "PaperRegistered",
        *["SummaryPublished", "VoteCast"] * 2,
        "CommentPosted",
    ]
    assert types(await log(api, {"subject": unlisted})) == ["SummaryPublished", "VoteCast"]
    assert types(await log(api, {"subject": comment})) == ["CommentPosted"]
    assert types(await log(api, {"subject": summary, "types": ["VoteCast"], "paper": paper})) == ["VoteCast"]
    assert await log(api, {"subject": summary, "paper": other}) == []
    assert await log(api, {"subject": str(NodeId("Summary", uuid4()))}) == []
    of = await api.read(OF_PAPER, id=paper, filter={"types": ["VoteCast"]})
    assert types(of["of"]["events"]["nodes"]) == ["VoteCast"]


@pytest.mark.parametrize(
    ("variables", "argument"),
    [
        ({"first": 101}, "first"),
        ({"first": -1}, "first"),
        ({"filter": {"types": ["SummaryRevised", "SummaryLiked"]}}, "filter.types"),
        ({"filter": {"types": []}}, "filter.types"),
        ({"filter": {"subject": "nonsense"}}, "filter.subject"),
        ({"filter": {"subject": str(NodeId("Revision", uuid4(), 1))}}, "filter.subject"),
        ({"filter": {"paper": str(NodeId("Summary", uuid4()))}}, "filter.paper"),
    ],
)
async def test_bad_arguments_are_told(api: Api, variables: dict[str, Any], argument: str) -> None:
    error = await api.refused(EVENTS, **variables)
    assert error["extensions"]["code"] == "INVALID"
    assert error["extensions"]["argument"] == argument
    if argument == "filter.types":
        assert all(one in error["message"] for one in TYPES)


async def test_positions_of_elsewhere_are_refused(api: Api) -> None:
    await api.person("ada")
    here, epochs = api.tools.log_id, Epochs([(0, 0), (7, 1)])
    restored = replace(api, tools=replace(api.tools, epochs=epochs))
    beyond = log_position(here, 2)
    for person, position, words, reason in [
        (api, LogPosition("00000000", 1), "another log", "OTHER_LOG"),
        (api, LogPosition(here.hex[:8], 1, epoch=9), "lost", "LOST"),
        (restored, log_position(here, 2), "lost", "LOST"),
        (api, beyond, "beyond the end", "BEYOND_END"),
    ]:
        error = await person.refused(EVENTS, after=str(position))
        assert error["extensions"] == {"code": "INVALID", "argument": "after", "reason": reason}
        assert words in error["message"]
    assert (await restored.read(EVENTS, after=str(log_position(here, 1, epochs))))["events"]["nodes"] == []
    malformed = await api.refused(EVENTS, after="1")
    assert "not a Position" in malformed["message"]
    assert malformed["extensions"] == {"code": "INVALID", "argument": "after", "reason": "MALFORMED"}


async def test_what_is_not_yet_projected_comes_later(api: Api) -> None:
    await api.person("ada")
    await api.read(EVENTS)
    async with api.tools.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE read.statistics IN ACCESS EXCLUSIVE MODE")  # the runner waits for it
        world = World(api.tools.store)
        await world.sign_up("bob")
        after = str(api.tools.log_position(world.position))
        assert (await api.read(EVENTS, after=after))["events"]["nodes"] == []
        assert len(await log(api)) == 1
    await api.tools.progress.wait_for(world.position, 20)
    assert len(await log(api)) == 2


LISTS = f"""
query ($key: String!) {{ paper(by: {{bibtexKey: $key}}) {{
  events(first: 30) {PAGE}
  summaries {{ nodes {{
    events(first: 30) {PAGE} scoreByRevision {{ up }} score {{ overTime {{ net }} }}
    comments(first: 3) {{ nodes {{ score {{ overTime(interval: WEEK) {{ net }} }} }} }}
  }} }}
}} }}
"""


async def test_lists_of_events_take_a_fixed_number_of_statements(api: Api) -> None:
    people = [await api.person(f"person{n}") for n in range(5)]
    for key, authors in (("small", people[:1]), ("large", people)):
        paper = await people[0].paper(key)
        for one in authors:
            comment = await people[0].comment(await one.summary(paper))
            await one.do("castVote", subjectId=comment, value="UP")
    few, many = [await statements(api, LISTS, key=key) for key in ("small", "large")]
    assert len(many) == len(few) > 5
