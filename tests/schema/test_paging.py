"""Walking lists page by page."""

from typing import Any

import pytest

from tests.schema.people import Api

PAGE = """{ totalCount nodes { id } edges { cursor node { id } }
           pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }"""


async def walk(person: Api, query: str, *path: str, size: int = 2, **variables: Any) -> list[str]:
    """All ids of a list; each page is checked on the way."""
    ids: list[str] = []
    after = None
    while True:
        page = await person.read(query, size=size, after=after, **variables)
        for step in path:
            page = page[step]
        got, info = [one["id"] for one in page["nodes"]], page["pageInfo"]
        assert [one["node"]["id"] for one in page["edges"]] == got
        assert (info["startCursor"], info["endCursor"]) == (
            page["edges"][0]["cursor"],
            page["edges"][-1]["cursor"],
        )
        assert info["hasPreviousPage"] is (after is not None)
        ids += got
        if not info["hasNextPage"]:
            assert page["totalCount"] == len(ids)
            return ids
        assert len(got) == size
        after = info["endCursor"]


@pytest.mark.parametrize("order", ["TOP", "LATEST", "OLDEST"])
async def test_summaries_of_a_paper(api: Api, order: str) -> None:
    people = [await api.person(f"person{n}") for n in range(5)]
    paper = await people[0].paper("k")
    summaries = [await one.summary(paper) for one in people]
    await people[0].do("castVote", subjectId=summaries[3], value="UP")
    await people[1].do("reviseSummary", summaryId=summaries[1], body="Newer.", expectedRevision=1)
    query = f"""query ($k: String!, $size: Int!, $after: String) {{ paper(by: {{bibtexKey: $k}}) {{
                summaries(first: $size, after: $after, orderBy: {order}) {PAGE} }} }}"""
    ids = await walk(api, query, "paper", "summaries", k="k")
    assert sorted(ids) == sorted(summaries)
    assert {"TOP": summaries[3], "LATEST": summaries[1], "OLDEST": summaries[0]}[order] == ids[0]


async def test_the_other_lists(api: Api) -> None:
    ada = await api.person("ada")
    summaries = [await ada.summary(await ada.paper(f"k{n}")) for n in range(3)]
    comments = [await ada.comment(summaries[0], f"{n}") for n in range(3)]
    replies = [await ada.comment(summaries[0], f"{n}", comments[0]) for n in range(3)]
    for number in (1, 2):
        await ada.do("reviseSummary", summaryId=summaries[0], body=f"{number}", expectedRevision=number)

    arguments = "(first: $size, after: $after)"
    head = "query ($size: Int!, $after: String"
    latest = [summaries[0], summaries[2], summaries[1]]
    assert await walk(api, f"{head}) {{ feed{arguments} {PAGE} }}", "feed") == latest
    of_user = f'{head}) {{ user(username: "ADA") {{ summaries{arguments} {PAGE} }} }}'
    assert await walk(api, of_user, "user", "summaries") == latest
    of_summary = f"{head}, $id: ID!) {{ summary(id: $id) {{ list: %s{arguments} {PAGE} }} }}"
    assert await walk(api, of_summary % "comments", "summary", "list", id=summaries[0]) == comments
    assert len(await walk(api, of_summary % "revisions", "summary", "list", id=summaries[0])) == 3
    of_comment = (
        f"{head}, $id: ID!) {{ node(id: $id) {{ ... on Comment {{ list: replies{arguments} {PAGE} }} }} }}"
    )
    assert await walk(api, of_comment, "node", "list", id=comments[0]) == replies


async def test_only_the_count(api: Api) -> None:
    ada = await api.person("ada")
    await ada.summary(await ada.paper("k"))
    feed = (
        await api.read("{ feed(first: 0) { totalCount nodes { id } pageInfo { hasNextPage endCursor } } }")
    )["feed"]
    assert feed == {"totalCount": 1, "nodes": [], "pageInfo": {"hasNextPage": True, "endCursor": None}}


async def test_a_cursor_of_another_parent(api: Api) -> None:
    """Of two of a kind, the list of the second takes no cursor of the first one's."""
    ada, bob = await api.person("ada"), await api.person("bob")
    papers = [await ada.paper(f"k{n}", authors=[f"A{n}"], venueKey=f"v{n}") for n in (0, 1)]
    summaries = [await one.summary(paper) for one, paper in zip((ada, bob), papers, strict=True)]
    comments = [await ada.comment(summary) for summary in summaries]
    for comment, summary in zip(comments, summaries, strict=True):
        await ada.comment(summary, "A reply.", comment)
    lists = [
        ("Paper", papers, "list: summaries%s { pageInfo { endCursor } }"),
        ("Paper", papers, "venue { list: papers%s { pageInfo { endCursor } } }"),
        ("Paper", papers, "authors { list: papers%s { pageInfo { endCursor } } }"),
        ("Summary", summaries, "list: comments%s { pageInfo { endCursor } }"),
        ("Summary", summaries, "list: revisions%s { pageInfo { endCursor } }"),
        ("Comment", comments, "list: replies%s { pageInfo { endCursor } }"),
        ("User", [ada.id, bob.id], "list: summaries%s { pageInfo { endCursor } }"),
    ]
    for type_, (first, second), selected in lists:
        head = "query ($id: ID!, $c: String) { node(id: $id) { ... on " + type_
        query = f"{head} {{ {selected % '(after: $c)'} }} }} }}"
        cursor = _end_cursor((await api.read(query, id=first))["node"])
        assert _end_cursor((await api.read(query, id=first, c=cursor))["node"]) is None
        refused = await api.refused(query, id=second, c=cursor)
        assert refused["extensions"] == {"code": "INVALID", "argument": "after"}


def _end_cursor(node: Any) -> Any:
    inner = node.get("venue") or next(iter(node.get("authors", ())), node)
    return inner["list"]["pageInfo"]["endCursor"]
