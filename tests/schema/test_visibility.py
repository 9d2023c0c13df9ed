"""What a viewer may not see appears on no route."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from projections.blame import BlameFollower
from schema.scalars import written_date_time
from tests.projections.sealing import seal
from tests.schema.people import Api
from tests.schema.revisions import revised

ROUTES = """
query ($summary: ID!, $paper: ID!, $author: String!, $revision: ID!, $comment: ID!, $public: DateTime!) {
  node(id: $summary) { id }
  revision: node(id: $revision) { id }
  comment: node(id: $comment) { id ... on Comment { body summary { id } } }
  nodes(ids: [$summary, $revision, $comment]) { id }
  summary(id: $summary) { id body revisions { nodes { body } } comments { nodes { id } } }
  paper(by: {id: $paper}) {
    viewerSummary { id }
    summaries { totalCount nodes { id } edges { node { id } } }
    latest: summaries(orderBy: LATEST) { nodes { id } }
    oldest: summaries(orderBy: OLDEST) { nodes { id } }
  }
  then: summary(id: $summary, asOf: $public) { id body comments { nodes { body } } }
  paperThen: paper(by: {id: $paper}, asOf: $public) { summaries { totalCount nodes { id } } }
  user(username: $author) { summaries { totalCount nodes { id } } }
  feed { totalCount nodes { id } }
  top: feed(kind: TOP) { totalCount nodes { id } }
  hot: feed(kind: HOT, filter: {venueKey: "conf/x"}) { totalCount nodes { id } }
  controversial: feed(kind: CONTROVERSIAL) { totalCount nodes { id } }
  named: feed(filter: {username: $author}) { totalCount nodes { id } }
  statistics { publicSummaryCount commentCount }
  venue(key: "conf/x") {
    editions { summaryCount }
    papers { nodes { summaries { totalCount nodes { id } } } }
  }
  authored: paper(by: {id: $paper}) { authors { papers { nodes { summaries { totalCount } } } } }
}
"""


class Scene:
    """An author's summary with a comment of somebody else's, seen by several people."""

    def __init__(self, author: Api, other: Api, visitor: Api, *, anonymous: bool = False) -> None:
        self.anonymous = anonymous
        self.people = {"author": author, "other": other, "visitor": visitor}

    async def set_up(self) -> None:
        author, other = self.people["author"], self.people["other"]
        self.paper = await author.paper("a/key", venueKey="conf/x", year=2015, authors=["Ada"])
        self.summary = await author.summary(self.paper, "A secret of mine.", anonymous=self.anonymous)
        await other.do("castVote", subjectId=self.summary, value="DOWN")
        self.comment = await other.comment(self.summary, "A secret remark.")
        query = "query ($id: ID!) { summary(id: $id) { revision(number: 1) { id } } }"
        self.revision = (await author.read(query, id=self.summary))["summary"]["revision"]["id"]
        last = await author.tools.pool.fetchval("SELECT max(recorded_at) FROM events")
        self.public = written_date_time(last)  # when it still was

    async def hide(self, how: str) -> None:
        author = self.people["author"]
        if how == "RETRACTED":
            await author.do("retractSummary", summaryId=self.summary)
        elif how != "PUBLIC":
            await author.do("setSummaryVisibility", summaryId=self.summary, visibility=how)

    async def look(self, who: str) -> dict[str, Any]:
        ids = {"summary": self.summary, "revision": self.revision, "comment": self.comment}
        more = {"paper": self.paper, "author": "author", "public": self.public}
        return dict(await self.people[who].read(ROUTES, **ids, **more))


@pytest.fixture
async def scene(api: Api) -> Scene:
    made = Scene(await api.person("author"), await api.person("other"), api)
    await made.set_up()
    return made


def by_address(seen: dict[str, Any]) -> list[bool]:
    alone = [seen[name] is not None for name in ("node", "revision", "comment", "summary", "then")]
    return alone + [one is not None for one in seen["nodes"]]


def in_lists(seen: dict[str, Any]) -> list[int]:
    [edition], [of_venue] = seen["venue"]["editions"], seen["venue"]["papers"]["nodes"]
    [of_author] = seen["authored"]["authors"][0]["papers"]["nodes"]
    paper, statistics = seen["paper"], seen["statistics"]
    feeds = [seen[kind] for kind in ("feed", "top", "hot", "controversial")]
    both = [paper["summaries"], seen["paperThen"]["summaries"]]
    lists = [*both, paper["latest"], paper["oldest"], of_venue["summaries"], *feeds]
    counted = [*both, of_venue["summaries"], of_author["summaries"], *feeds]
    counts = [statistics["publicSummaryCount"], statistics["commentCount"], edition["summaryCount"]]
    return [len(one["nodes"]) for one in lists] + [one["totalCount"] for one in counted] + counts


def by_name(seen: dict[str, Any]) -> list[int]:
    return [len(seen["named"]["nodes"]), seen["named"]["totalCount"]]


def on_own_page(seen: dict[str, Any]) -> list[int]:
    summaries = seen["user"]["summaries"]
    return [len(summaries["nodes"]), summaries["totalCount"]]


@pytest.mark.parametrize(
    ("how", "who", "address", "lists", "page", "own"),
    [
        ("PUBLIC", "visitor", True, 1, 1, False),
        ("PUBLIC", "other", True, 1, 1, False),
        ("PUBLIC", "author", True, 1, 1, True),
        ("UNLISTED", "visitor", True, 0, 0, False),
        ("UNLISTED", "other", True, 0, 0, False),
        ("UNLISTED", "author", True, 0, 1, True),
        ("PRIVATE", "visitor", False, 0, 0, False),
        ("PRIVATE", "other", False, 0, 0, False),
        ("PRIVATE", "author", True, 0, 1, True),
        ("RETRACTED", "visitor", False, 0, 0, False),
        ("RETRACTED", "other", False, 0, 0, False),
        ("RETRACTED", "author", True, 0, 1, False),
    ],
)
async def test_every_route(
    scene: Scene, how: str, who: str, address: bool, lists: int, page: int, own: bool
) -> None:
    await scene.hide(how)
    seen = await scene.look(who)
    assert by_address(seen) == [address] * 8
    assert in_lists(seen) == [lists] * 20
    assert by_name(seen) == [lists] * 2
    assert on_own_page(seen) == [page] * 2
    assert (seen["paper"]["viewerSummary"] is not None) is own
    if not address:
        assert "secret" not in str(seen)


HISTORY = """
query ($summary: ID!, $paper: ID!, $revision: ID!, $comment: ID!, $public: DateTime!) {
  told: node(id: $revision) { ...Told }
  many: nodes(ids: [$revision]) { ...Told }
  now: summary(id: $summary) { ...History }
  then: summary(id: $summary, asOf: $public) { ...History }
  events(first: 100) { ...Happened }
  paper(by: {id: $paper}) { events(first: 100) { ...Happened } }
  ofPaper: events(first: 100, filter: {paper: $paper}) { ...Happened }
  ofSummary: events(first: 100, filter: {subject: $summary}) { ...Happened }
  ofComment: events(first: 100, filter: {subject: $comment}) { ...Happened }
}
fragment History on Summary {
  revision(number: 1) { ...Told }
  blame { text } diff(from: 1, to: 2) { unified spans { text } }
  events(first: 100) { ...Happened }
}
fragment Told on Revision {
  copies { number } holding: copies(words: "SECRET") { number }
  diff { insertedWords unified spans { text } }
  blame { text } citation { bibtex cslJson text } proof { entry salt leafHash }
}
fragment Happened on EventConnection { nodes { type subject data } }
"""


@pytest.fixture
async def told(scene: Scene) -> AsyncIterator[Scene]:
    """The scene with two revisions, blamed and sealed."""
    author = scene.people["author"]
    await revised(author, scene.summary, 1, "A secret of mine.\nMore.")
    last = await author.tools.pool.fetchval("SELECT max(recorded_at) FROM events")
    scene.public = written_date_time(last)
    await seal(author.tools.pool, author.tools.store)
    follower = BlameFollower(author.tools.pool, author.tools.store, holder="test")
    running = asyncio.create_task(follower.run())
    yield scene
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def _as_told(told: Any, copies: list[int]) -> None:
    assert [[one["number"] for one in told[name]] for name in ("copies", "holding")] == [copies] * 2
    assert told["diff"]["insertedWords"] == 4
    assert all("A secret of mine." in str(part) for part in (told["diff"]["unified"], told["blame"]))
    assert told["citation"]["bibtex"]
    assert told["proof"]["salt"]


def _happened(scene: Scene, events: Any) -> tuple[set[str], list[Any]]:
    """What of the summary and its comment is told, and what is told without saying what it was."""
    of = [one for one in events["nodes"] if one["subject"] in (scene.summary, scene.comment)]
    return {one["type"] for one in of if one["data"]}, [one["subject"] for one in of if not one["data"]]


@pytest.mark.parametrize("who", ["visitor", "other", "author"])
@pytest.mark.parametrize("how", ["PUBLIC", "UNLISTED", "PRIVATE", "RETRACTED"])
async def test_every_road_to_its_history(told: Scene, how: str, who: str) -> None:
    await told.hide(how)
    ids = {"summary": told.summary, "revision": told.revision, "comment": told.comment}
    seen = await told.people[who].read(HISTORY, **ids, paper=told.paper, public=told.public)
    address, lists = how in ("PUBLIC", "UNLISTED") or who == "author", how == "PUBLIC" or who == "author"
    summaries = [seen["now"], seen["then"]]
    roads = [seen["told"], *seen["many"], *(one and one["revision"] for one in summaries)]
    bare = [] if address else [told.summary]
    in_lists = [seen["events"], seen["paper"]["events"], seen["ofPaper"]]
    for events in in_lists:
        kinds, without = _happened(told, events)
        assert ({"SummaryPublished", "CommentPosted", "VoteCast"} <= kinds) is lists
        assert (bool(kinds), without) == (lists, bare)
    assert _happened(told, seen["ofSummary"])[1] == bare
    assert bool(_happened(told, seen["ofComment"])[0]) is address
    if not address:
        assert [*roads, *summaries] == [None] * 6
        assert "secret" not in str(seen)
        return
    for road in roads:
        _as_told(road, [2] if who == "author" else [])
    for one in summaries:
        assert "More." in str(one["diff"]["spans"])
        assert "More." in str(one["blame"])
        assert "CommentPosted" in _happened(told, one["events"])[0]


@pytest.mark.parametrize("how", ["PRIVATE", "RETRACTED"])
@pytest.mark.parametrize("who", ["visitor", "other"])
async def test_refusals_tell_nothing_of_what_is_hidden(scene: Scene, how: str, who: str) -> None:
    await scene.hide(how)
    person = scene.people[who]
    unknown = await _attempts(
        person,
        "U3VtbWFyeTowMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
        "Q29tbWVudDowMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
    )
    hidden = await _attempts(person, scene.summary, scene.comment)
    assert hidden == unknown
    assert {one["code"] for one in hidden} == {"UNAUTHENTICATED" if who == "visitor" else "NOT_FOUND"}


async def _attempts(person: Api, summary: str, comment: str) -> list[Any]:
    return [
        await person.do("reviseSummary", summaryId=summary, body="Mine now.", expectedRevision=1),
        await person.do("retractSummary", summaryId=summary),
        await person.do("setSummaryVisibility", summaryId=summary, visibility="PUBLIC"),
        await person.do("postComment", summaryId=summary, body="Hello?"),
        await person.do("editComment", commentId=comment, body="Hello?"),
        await person.do("removeComment", commentId=comment),
        await person.do("castVote", subjectId=summary, value="UP"),
        await person.do("castVote", subjectId=comment, value="UP"),
        await person.do("withdrawVote", subjectId=summary),
    ]


WHO = "{ __typename ... on User { id username displayName } ... on AnonymousActor { label } }"
SEEN = f"""
query ($summary: ID!, $paper: ID!) {{
  summary(id: $summary) {{
    author {WHO} viewerCanEdit body permalink score {{ net viewerVote }}
    revisions {{ nodes {{ editor {WHO} note }} }} revision(number: 2) {{ editor {WHO} }}
    comments {{ nodes {{ author {WHO} summary {{ author {WHO} }} }} }}
  }}
  node(id: $summary) {{ ... on Summary {{ author {WHO} }} }}
  paper(by: {{id: $paper}}) {{ viewerSummary {{ id }} summaries {{ nodes {{ author {WHO} }} }} }}
  feed {{ nodes {{ author {WHO} }} }}
}}
"""


@pytest.fixture
async def anonymous(api: Api) -> Scene:
    made = Scene(await api.person("author"), await api.person("other"), api, anonymous=True)
    await made.set_up()
    change = {"body": "A secret, revised.", "note": "Better", "expectedRevision": 1}
    outcome = await made.people["author"].do("reviseSummary", summaryId=made.summary, **change)
    assert outcome["__typename"] == "SummaryPayload"
    return made


@pytest.mark.parametrize(
    ("how", "who", "address", "lists", "page", "own"),
    [
        ("PUBLIC", "visitor", True, 1, 0, False),
        ("PUBLIC", "other", True, 1, 0, False),
        ("PUBLIC", "author", True, 1, 1, True),
        ("UNLISTED", "visitor", True, 0, 0, False),
        ("UNLISTED", "other", True, 0, 0, False),
        ("UNLISTED", "author", True, 0, 1, True),
        ("PRIVATE", "visitor", False, 0, 0, False),
        ("PRIVATE", "other", False, 0, 0, False),
        ("PRIVATE", "author", True, 0, 1, True),
        ("RETRACTED", "visitor", False, 0, 0, False),
        ("RETRACTED", "author", True, 0, 1, False),
    ],
)
async def test_every_route_to_what_is_anonymous(
    anonymous: Scene, how: str, who: str, address: bool, lists: int, page: int, own: bool
) -> None:
    await anonymous.hide(how)
    seen = await anonymous.look(who)
    assert by_address(seen) == [address] * 8
    assert in_lists(seen) == [lists] * 20
    assert by_name(seen) == [0, 0]  # not even to the author: what others would see
    assert on_own_page(seen) == [page] * 2
    assert (seen["paper"]["viewerSummary"] is not None) is own


@pytest.mark.parametrize("who", ["visitor", "other", "author"])
async def test_nothing_names_an_anonymous_author(anonymous: Scene, who: str) -> None:
    author, person = anonymous.people["author"], anonymous.people[who]
    seen = await person.read(SEEN, summary=anonymous.summary, paper=anonymous.paper)
    nobody = {"__typename": "AnonymousActor", "label": "Anonymous"}
    shown = seen["summary"]
    assert shown["author"] == seen["node"]["author"] == shown["revision"]["editor"] == nobody
    assert [one["editor"] for one in shown["revisions"]["nodes"]] == [nobody, nobody]
    assert [one["summary"]["author"] for one in shown["comments"]["nodes"]] == [nobody]
    assert [one["author"] for one in seen["paper"]["summaries"]["nodes"]] == [nobody]
    assert [one["author"] for one in seen["feed"]["nodes"]] == [nobody]
    assert shown["viewerCanEdit"] is (who == "author")
    assert "author" not in _texts(seen)
    assert author.id not in _texts(seen)
    if who == "other":
        refusals = str(await _attempts(person, anonymous.summary, anonymous.comment))
        assert author.id not in refusals


async def test_an_anonymous_summary_exists_for_its_author_alone(anonymous: Scene) -> None:
    author, other = anonymous.people["author"], anonymous.people["other"]
    again = await author.do("publishSummary", paperId=anonymous.paper, body="Again.")
    assert again["existing"]["id"] == anonymous.summary
    assert await other.summary(anonymous.paper, "Mine.") != anonymous.summary
    assert (await author.do("retractSummary", summaryId=anonymous.summary))["__typename"] == "SummaryPayload"
    assert await author.summary(anonymous.paper, "Named now.") != anonymous.summary


async def test_an_anonymous_summary_looks_like_any_other(api: Api) -> None:
    """Its id, its place among equals and its first vote do not tell it apart from a named one."""
    people = [await api.person(f"person{n}") for n in range(4)]
    paper = await people[0].paper("k")
    summaries = [await one.summary(paper, anonymous=n % 2 == 0) for n, one in enumerate(people)]
    query = """{ paper(by: {bibtexKey: "k"}) { summaries { nodes { id score { net up down } } } } }"""
    found = (await api.read(query))["paper"]["summaries"]["nodes"]
    assert [one["id"] for one in found] == list(reversed(summaries))
    assert [one["score"] for one in found] == [{"net": 1, "up": 1, "down": 0}] * 4


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []
