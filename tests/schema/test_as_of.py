"""The page as it stood: by hand, what is to be seen of it, and which times can be asked for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schema.ids import NodeId
from schema.scalars import written_date_time
from service.domain.events import VoteValue
from tests.schema.people import Api
from tests.schema.recording import LISTS, SUMMARY, witness


async def _now(api: Api) -> str:
    """When the log took its last event: a page as of then shows it, and nothing that comes after."""
    return written_date_time(await api.tools.pool.fetchval("SELECT max(recorded_at) FROM events"))


SEEN = """
query ($id: ID!, $paper: ID!, $asOf: DateTime) {
  summary(id: $id, asOf: $asOf) { body visibility retractedAt viewerCanEdit }
  paper(by: {id: $paper}, asOf: $asOf) { viewerSummary { id } summaries { totalCount nodes { id body } } }
}
"""


async def _seen(person: Api, summary: str, paper: str, at: str) -> tuple[Any, list[str], bool]:
    """The summary by its address, what is listed, and whether it is the viewer's own."""
    found = await person.read(SEEN, id=summary, paper=paper, asOf=at)
    listed = found["paper"]["summaries"]
    assert listed["totalCount"] == len(listed["nodes"])
    own = found["paper"]["viewerSummary"] is not None
    return found["summary"], [one["id"] for one in listed["nodes"]], own


async def test_what_is_hidden_today_is_hidden_then(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(paper := await ada.paper("k"), "A secret by now.")
    at = await _now(api)
    public = {"body": "A secret by now.", "visibility": "PUBLIC", "retractedAt": None}
    for person in (api, bob):
        assert await _seen(person, summary, paper, at) == (
            public | {"viewerCanEdit": False},
            [summary],
            False,
        )
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="UNLISTED")
    for person in (api, bob):  # by its address only
        assert await _seen(person, summary, paper, at) == (public | {"viewerCanEdit": False}, [], False)
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
    for person in (api, bob):
        assert await _seen(person, summary, paper, at) == (None, [], False)
    assert await _seen(ada, summary, paper, at) == (public | {"viewerCanEdit": True}, [], True)


async def test_what_was_hidden_then_is_hidden_then(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(paper := await ada.paper("k"), "A draft.", "PRIVATE")
    at = await _now(api)
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PUBLIC")
    for person in (api, bob):
        assert await _seen(person, summary, paper, at) == (None, [], False)
        assert (await _seen(person, summary, paper, await _now(api)))[1] == [summary]
    own, listed, is_own = await _seen(ada, summary, paper, at)
    assert (own["visibility"], listed, is_own) == ("PRIVATE", [], True)


async def test_a_retracted_one_is_its_authors_only(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(paper := await ada.paper("k"))
    before = await _now(api)
    await ada.do("retractSummary", summaryId=summary)
    after = await _now(api)
    for person in (api, bob):
        for at in (before, after):
            assert await _seen(person, summary, paper, at) == (None, [], False)
    then, listed, is_own = await _seen(ada, summary, paper, before)
    assert (then["retractedAt"], then["viewerCanEdit"], listed, is_own) == (None, False, [], True)
    then, listed, is_own = await _seen(ada, summary, paper, after)
    assert (then["retractedAt"], listed, is_own) == (after, [], False)


async def test_votes_as_they_were(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(await ada.paper("k"))
    comment = await ada.comment(summary)
    times = [await _now(api)]
    for subject in (summary, comment):
        for value in ("UP", "DOWN"):
            await bob.do("castVote", subjectId=subject, value=value)
            times.append(await _now(api))
        await bob.do("withdrawVote", subjectId=subject)
        times.append(await _now(api))
    query = """query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) {
      score { net up down viewerVote } comments { nodes { score { net up down viewerVote } } } } }"""

    async def scores(person: Api, at: str) -> tuple[Any, ...]:
        found = (await person.read(query, id=summary, asOf=at))["summary"]
        return tuple(tuple(one["score"].values()) for one in (found, *found["comments"]["nodes"]))

    none, first = (0, 0, 0, None), (1, 1, 0, None)
    up, down = (2, 2, 0, "UP"), (0, 1, 1, "DOWN")
    assert [await scores(bob, at) for at in times] == [
        (first, none), (up, none), (down, none), (first, none),
        (first, (1, 1, 0, "UP")), (first, (-1, 0, 1, "DOWN")), (first, none),
    ]  # fmt: skip
    assert await scores(ada, times[1]) == ((2, 2, 0, "UP"), none)
    assert await scores(api, times[1]) == ((2, 2, 0, None), none)


async def test_comments_as_they_were(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(await ada.paper("k"))
    comment = await bob.comment(summary, "First.")
    first = await _now(api)
    reply = await ada.comment(summary, "A reply.", comment)
    replied = await _now(api)
    await bob.do("editComment", commentId=comment, body="Second.")
    edited = await _now(api)
    await bob.comment(summary, "To the reply.", reply)
    last = await _now(api)
    query = """query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) { commentCount
      comments { totalCount nodes { body editedAt replies { totalCount nodes {
        id body parent { body } summary { commentCount } replies { totalCount } } } } } } }"""

    async def thread(at: str) -> tuple[Any, ...]:
        found = (await bob.read(query, id=summary, asOf=at))["summary"]
        [top] = found["comments"]["nodes"]
        assert found["comments"]["totalCount"] == 1
        assert top["replies"]["totalCount"] == len(top["replies"]["nodes"])
        return found["commentCount"], top["body"], top["editedAt"], top["replies"]["nodes"]

    def answered(parent: str | None, comments: int) -> list[Any]:
        of = {"parent": {"body": parent}, "summary": {"commentCount": comments}}
        return [{"id": reply, "body": "A reply.", "replies": {"totalCount": comments - 2}} | of]

    assert await thread(first) == (1, "First.", None, [])
    assert await thread(replied) == (2, "First.", None, answered("First.", 2))
    assert await thread(edited) == (2, "Second.", edited, answered("Second.", 2))
    assert await thread(last) == (3, "Second.", edited, answered("Second.", 3))
    await bob.do("removeComment", commentId=comment)
    assert await thread(first) == (1, None, None, [])
    assert await thread(replied) == (2, None, None, answered(None, 2))


async def test_a_text_links_to_papers_that_were_there(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(paper := await ada.paper("k"), "See \\cite{k} and \\cite{later}.")
    before = await _now(api)
    later = await ada.paper("later")
    query = "query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) { mentions { id } } }"
    for at, mentioned in ((before, [paper]), (await _now(api), [paper, later])):
        found = await api.read(query, id=summary, asOf=at)
        assert [one["id"] for one in found["summary"]["mentions"]] == mentioned


CLAIMED = """
query ($id: ID!, $paper: ID!, $asOf: DateTime) {
  paper(by: {id: $paper}, asOf: $asOf) { id }
  summary(id: $id, asOf: $asOf) {
    body revisionNumber updatedAt score { net viewerVote } paper { id summaries { nodes { revisionNumber } } }
    revisions { totalCount nodes { number summary { revisionNumber } } }
    second: revision(number: 2) { recordedAt createdAt }
  }
}
"""


async def test_imported_history_answers_by_its_claimed_dates(api: Api) -> None:
    seen = await witness(api)
    world, [author, other], paper = seen.world, seen.world.users, seen.world.papers[0]

    def year(number: int) -> datetime:
        return datetime(number, 1, 1, tzinfo=UTC)

    imported = await world.publish(paper, author, "Early.", at=year(2015))
    await world.revise(imported, "Late.", at=year(2016))
    await world.vote(imported, other, VoteValue.UP)
    await seen.settle()
    person = Api(api.schema, seen.api.tools)
    ids = {"id": str(NodeId("Summary", imported.id)), "paper": str(NodeId("Paper", paper))}

    async def shown(at: datetime) -> Any:
        found = await person.read(CLAIMED, **ids, asOf=written_date_time(at))
        assert (found["paper"] is None) is (found["summary"] is None)  # it is registered only today
        return found["summary"]

    assert await shown(year(2015) - timedelta(microseconds=1)) is None
    early = await shown(year(2015))
    assert early == {
        "body": "Early.",
        "revisionNumber": 1,
        "updatedAt": written_date_time(year(2015)),
        "score": {"net": 1, "viewerVote": None},
        "paper": {"id": ids["paper"], "summaries": {"nodes": [{"revisionNumber": 1}]}},
        "revisions": {"totalCount": 1, "nodes": [{"number": 1, "summary": {"revisionNumber": 1}}]},
        "second": None,
    }
    late = await shown(year(2016))
    assert (late["body"], late["revisionNumber"], late["score"]["net"]) == ("Late.", 2, 1)
    assert late["second"]["createdAt"] == written_date_time(year(2016)) < late["second"]["recordedAt"]
    today = (await person.read(CLAIMED, **ids))["summary"]
    assert (today["score"]["net"], today["body"]) == (2, "Late.")
    own = (author, SUMMARY, ids["id"])
    assert (await seen.ask(own, written_date_time(year(2015))))["score"]["viewerVote"] == "UP"


async def test_a_diff_is_against_what_was_there(api: Api) -> None:
    seen = await witness(api)
    world = seen.world
    one = await world.publish(world.papers[0], world.users[0], "One.", at=datetime(2010, 1, 1, tzinfo=UTC))
    await world.revise(one, "Two.", at=datetime(2016, 1, 1, tzinfo=UTC))
    await world.revise(one, "Three.", at=datetime(2013, 1, 1, tzinfo=UTC))
    await seen.settle()
    query = """query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) {
      revision(number: 3) { diff { from to spans { op text } } } } }"""

    async def diff(at: str | None) -> tuple[int, list[str]]:
        found = await api.read(query, id=str(NodeId("Summary", one.id)), asOf=at)
        compared = found["summary"]["revision"]["diff"]
        return compared["from"], [span["text"] for span in compared["spans"]]

    assert await diff(None) == (2, ["Two", "Three", "."])
    assert await diff("2014-01-01T00:00:00Z") == (1, ["One", "Three", "."])


PAGES = """
query ($paper: ID!, $size: Int!, $after: String, $asOf: DateTime) { paper(by: {id: $paper}, asOf: $asOf) {
  summaries(first: $size, after: $after, orderBy: %s) {
    totalCount nodes { id } pageInfo { hasNextPage endCursor } } } }
"""


@pytest.mark.parametrize("order", ["TOP", "LATEST", "OLDEST"])
async def test_pages_hold_while_it_changes(api: Api, order: str) -> None:
    people = [await api.person(f"person{n}") for n in range(7)]
    paper = await people[0].paper("k")
    summaries = [await one.summary(paper) for one in people]
    await people[0].do("castVote", subjectId=summaries[4], value="UP")
    await people[0].do("castVote", subjectId=summaries[2], value="DOWN")
    await people[1].do("reviseSummary", summaryId=summaries[1], body="Newer.", expectedRevision=1)
    at, query, seen, after = await _now(api), PAGES % order, [], None

    async def page(**variables: Any) -> Any:
        asked = {"paper": paper, "size": 2, "after": after, "asOf": at} | variables
        return (await api.read(query, **asked))["paper"]["summaries"]

    whole = [one["id"] for one in (await page(size=100, asOf=None))["nodes"]]
    assert sorted(whole) == sorted(summaries)
    more = True
    while more:
        found = await page()
        seen += [one["id"] for one in found["nodes"]]
        after, more = found["pageInfo"]["endCursor"], found["pageInfo"]["hasNextPage"]
        for one, summary in zip(people, summaries, strict=True):  # everything changes its place
            await one.do("castVote", subjectId=summaries[len(seen) - 1], value="DOWN")
            await one.do("reviseSummary", summaryId=summary, body=f"{len(seen)}", expectedRevision=len(seen))
        assert found["totalCount"] == 7
    assert seen == whole
    for as_of in (None, written_date_time(datetime.fromisoformat(at) - timedelta(microseconds=1))):
        refused = await api.refused(query, paper=paper, size=2, after=after, asOf=as_of)
        assert refused["extensions"] == {"code": "INVALID", "argument": "after"}


ONE = "query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) { body } }"


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59.999999Z", "1970-01-01T00:00:00+14:00"]
)
async def test_before_everything_there_is_nothing(api: Api, at: str) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(paper := await ada.paper("k"))
    assert await ada.read(ONE, id=summary, asOf=at) == {"summary": None}
    assert await ada.read(LISTS, id=paper, asOf=at) == {"paper": None}


async def test_times_that_can_be_asked_for(api: Api) -> None:
    ada = await api.person("ada")
    summary, now = await ada.summary(paper := await ada.paper("k")), api.tools.clock()
    for at in (None, written_date_time(now), written_date_time(now + timedelta(seconds=30))):
        assert await api.read(ONE, id=summary, asOf=at) == {"summary": {"body": "A text."}}
    for at in (written_date_time(now + timedelta(minutes=5)), "9999-12-31T23:59:59.999999Z"):
        for query, id in ((ONE, summary), (LISTS, paper)):
            refused = await api.refused(query, id=id, asOf=at)
            assert refused["extensions"] == {"code": "INVALID", "argument": "asOf"}
    for no_time in ("yesterday", "2026-01-01", "2026-01-01T00:00:00", 0):
        result = await api.ask(ONE, id=summary, asOf=no_time)
        assert result.errors is not None
        assert "RFC 3339" in result.errors[0].message


async def test_several_times_in_one_operation(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"), "One.")
    first = await _now(api)
    await ada.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=1)
    query = """query ($id: ID!, $asOf: DateTime!) { now: summary(id: $id) { body }
                 then: summary(id: $id, asOf: $asOf) { body } }"""
    found = await api.read(query, id=summary, asOf=first)
    assert found == {"now": {"body": "Two."}, "then": {"body": "One."}}
