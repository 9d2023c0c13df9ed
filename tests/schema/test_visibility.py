"""What a viewer may not see appears on no route."""

from typing import Any

import pytest

from tests.schema.people import Api

ROUTES = """
query ($summary: ID!, $paper: ID!, $author: String!, $revision: ID!, $comment: ID!) {
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
  user(username: $author) { summaries { totalCount nodes { id } } }
  feed { totalCount nodes { id } }
}
"""


class Scene:
    """An author's summary with a comment of somebody else's, seen by several people."""

    def __init__(self, author: Api, other: Api, visitor: Api) -> None:
        self.people = {"author": author, "other": other, "visitor": visitor}

    async def set_up(self) -> None:
        author, other = self.people["author"], self.people["other"]
        self.paper = await author.paper("a/key")
        self.summary = await author.summary(self.paper, "A secret of mine.")
        self.comment = await other.comment(self.summary, "A secret remark.")
        query = "query ($id: ID!) { summary(id: $id) { revision(number: 1) { id } } }"
        self.revision = (await author.read(query, id=self.summary))["summary"]["revision"]["id"]

    async def hide(self, how: str) -> None:
        author = self.people["author"]
        if how == "RETRACTED":
            await author.do("retractSummary", summaryId=self.summary)
        elif how != "PUBLIC":
            await author.do("setSummaryVisibility", summaryId=self.summary, visibility=how)

    async def look(self, who: str) -> dict[str, Any]:
        ids = {"summary": self.summary, "revision": self.revision, "comment": self.comment}
        return dict(await self.people[who].read(ROUTES, **ids, paper=self.paper, author="author"))


@pytest.fixture
async def scene(api: Api) -> Scene:
    made = Scene(await api.person("author"), await api.person("other"), api)
    await made.set_up()
    return made


def by_address(seen: dict[str, Any]) -> list[bool]:
    alone = [seen[name] is not None for name in ("node", "revision", "comment", "summary")]
    return alone + [one is not None for one in seen["nodes"]]


def in_lists(seen: dict[str, Any]) -> list[int]:
    paper, feed = seen["paper"], seen["feed"]
    lists = [paper["summaries"], paper["latest"], paper["oldest"], feed]
    return [len(one["nodes"]) for one in lists] + [paper["summaries"]["totalCount"], feed["totalCount"]]


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
    assert by_address(seen) == [address] * 7
    assert in_lists(seen) == [lists] * 6
    assert on_own_page(seen) == [page] * 2
    assert (seen["paper"]["viewerSummary"] is not None) is own
    if not address:
        assert "secret" not in str(seen)


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
