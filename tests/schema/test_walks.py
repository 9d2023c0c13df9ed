"""Every list in every order is walked while rows are added: what was there throughout comes exactly once."""

from dataclasses import dataclass, field
from typing import Any

from tests.schema.people import Api

ARGUMENTS = "first: $size, after: $after"
PAGE = "{ nodes { id } pageInfo { hasNextPage endCursor } }"
K0 = 'paper(by: {bibtexKey: "k0"})'
LISTS = {
    "papers by latest summary": "list: papers(ARGUMENTS, orderBy: LATEST_SUMMARY) PAGE",
    "papers by most summaries": "list: papers(ARGUMENTS, orderBy: MOST_SUMMARIES) PAGE",
    "papers by year": "list: papers(ARGUMENTS, orderBy: YEAR) PAGE",
    "papers of a filter": """list: papers(ARGUMENTS, filter: {
        venueKey: "conf/x", year: 2015, keyword: "FACES", author: "Ada"}) PAGE""",
    "venues": "list: venues(ARGUMENTS) PAGE",
    "papers of a venue": 'venue(key: "conf/x") { list: papers(ARGUMENTS) PAGE }',
    "papers of a year": 'venue(key: "conf/x") { list: papers(ARGUMENTS, year: 2015) PAGE }',
    "papers of an author": 'paper(by: {bibtexKey: "solo"}) { authors { list: papers(ARGUMENTS) PAGE } }',
    "feed LATEST": "list: feed(ARGUMENTS, kind: LATEST) PAGE",
    "feed TOP": "list: feed(ARGUMENTS, kind: TOP) PAGE",
    "feed HOT": "list: feed(ARGUMENTS, kind: HOT) PAGE",
    "feed CONTROVERSIAL": "list: feed(ARGUMENTS, kind: CONTROVERSIAL) PAGE",
    "feed of a filter": """list: feed(ARGUMENTS, kind: HOT, filter: {
        venueKey: "conf/x", year: 2015, keyword: "faces", username: "ADA"}) PAGE""",
    "summaries TOP": K0 + " { list: summaries(ARGUMENTS, orderBy: TOP) PAGE }",
    "summaries LATEST": K0 + " { list: summaries(ARGUMENTS, orderBy: LATEST) PAGE }",
    "summaries OLDEST": K0 + " { list: summaries(ARGUMENTS, orderBy: OLDEST) PAGE }",
    "summaries of a user": 'user(username: "ada") { list: summaries(ARGUMENTS) PAGE }',
    "comments": 'summary(id: "@summary") { list: comments(ARGUMENTS) PAGE }',
    "replies": 'node(id: "@comment") { ... on Comment { list: replies(ARGUMENTS) PAGE } }',
    "revisions": 'summary(id: "@revised") { list: revisions(ARGUMENTS) PAGE }',
}
SIZE = 2


@dataclass
class Walk:
    """One list, page by page."""

    query: str
    ids: list[str] = field(default_factory=list)
    after: str | None = None
    done: bool = False

    async def step(self, person: Api, size: int) -> None:
        query = f"query ($size: Int!, $after: String) {{ {self.query} }}"
        data = await person.read(query, size=size, after=self.after)
        page = _list_in(data)
        self.ids += [node["id"] for node in page["nodes"]]
        self.after, self.done = page["pageInfo"]["endCursor"], not page["pageInfo"]["hasNextPage"]


def _filled_in(query: str, ids: dict[str, str]) -> str:
    for name, value in {"ARGUMENTS": ARGUMENTS, "PAGE": PAGE, **ids}.items():
        query = query.replace(name, value)
    return query


def _list_in(data: Any) -> Any:
    while "list" not in data:
        data = next(iter(data.values()))
        data = data[0] if isinstance(data, list) else data
    return data["list"]


class World:
    """Something in every list, and more with each `grow`."""

    def __init__(self, visitor: Api, ada: Api, bob: Api) -> None:
        self.visitor, self.ada, self.bob = visitor, ada, bob
        self.size = 0

    async def set_up(self) -> dict[str, str]:
        """The ids that queries name."""
        self.paper = await self._paper("k0")
        await self.ada.paper("solo", authors=["Ada"])
        self.summary = await self.ada.summary(self.paper, "The first one.")
        self.revised = await self.bob.summary(self.paper, "Revised.", "UNLISTED")
        self.comment = await self.ada.comment(self.summary)
        for _ in range(4):
            await self.grow()
        return {"@summary": self.summary, "@comment": self.comment, "@revised": self.revised}

    async def grow(self) -> None:
        self.size += 1
        number = self.size
        one = await self.visitor.person(f"person{number}")
        await self._voted_on(await one.summary(self.paper, "Mine."))
        await self._voted_on(await self.ada.summary(await self._paper(f"k{number}"), "Another."))
        await one.comment(self.summary)
        await one.comment(self.summary, "A reply.", self.comment)
        await self.bob.do("reviseSummary", summaryId=self.revised, body=f"{number}", expectedRevision=number)

    async def _voted_on(self, summary: str) -> None:
        await self.bob.do("castVote", subjectId=summary, value="DOWN")

    async def _paper(self, key: str) -> str:
        more = {"venueKey": "conf/x", "year": 2015, "keywords": ["Faces"]}
        await self.ada.paper(f"v/{key}", venueKey=f"conf/{key}", year=2000 + self.size % 3)
        return await self.ada.paper(key, **more)


async def test_nothing_is_missed_or_doubled(api: Api) -> None:
    world = World(api, await api.person("ada"), await api.person("bob"))
    ids = await world.set_up()
    lists = {name: _filled_in(query, ids) for name, query in LISTS.items()}
    before = {name: Walk(query) for name, query in lists.items()}
    for walk in before.values():
        await walk.step(api, 100)
    walks = {name: Walk(query) for name, query in lists.items()}
    for _ in range(20):
        for walk in walks.values():
            if not walk.done:
                await walk.step(api, SIZE)
        if all(walk.done for walk in walks.values()):
            break
        await world.grow()
    for name, walk in walks.items():
        there = before[name].ids
        assert len(there) > SIZE, name
        assert walk.done, name
        assert len(walk.ids) == len(set(walk.ids)), name
        assert [id for id in walk.ids if id in there] == there, name
