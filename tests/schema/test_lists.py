"""What lists hold, and in which order."""

from typing import Any

import pytest

from tests.schema.people import Api
from tests.schema.test_bad_queries import encoded

FILTERED = "query ($filter: PaperFilter) { papers(filter: $filter) { totalCount nodes { bibtexKey } } }"
FEED = """query ($kind: FeedKind!, $filter: FeedFilter) {
  feed(kind: $kind, filter: $filter) { totalCount nodes { id } } }"""


async def papers(api: Api) -> Api:
    ada = await api.person("ada")
    await ada.paper("a", venueKey="conf/x", venueName="X '14", year=2014, authors=["Ada B", "Émile C"])
    await ada.paper("b", venueKey="conf/x", venueName="X '15", year=2015, keywords=["Faces", "Graphs"])
    await ada.paper("c", venueKey="journals/y", year=2015, keywords=["faces"], authors=["Ada B"])
    await ada.paper("d", authors=["ada b"])
    return ada


FILTERS: list[Any] = [
    (None, "dcba"),
    ({}, "dcba"),
    ({"venueKey": None, "year": None}, "dcba"),
    ({"venueKey": "conf/x"}, "ba"),
    ({"venueKey": "CONF/X"}, ""),
    ({"year": 2015}, "cb"),
    ({"year": 0}, ""),
    ({"year": -(2**31)}, ""),
    ({"keyword": "FACES"}, "cb"),
    ({"keyword": "face"}, ""),
    ({"author": "Ada B"}, "ca"),
    ({"author": "E\u0301mile  C"}, "a"),
    ({"author": "Ada B", "year": 2014, "venueKey": "conf/x"}, "a"),
    ({"author": "Ada B", "keyword": "graphs"}, ""),
    ({"author": "%"}, ""),
]


async def test_papers_of_a_filter(api: Api) -> None:
    await papers(api)
    for filter, keys in FILTERS:
        found = (await api.read(FILTERED, filter=filter))["papers"]
        assert "".join(one["bibtexKey"] for one in found["nodes"]) == keys, filter
        assert found["totalCount"] == len(keys)


async def test_papers_in_order(api: Api) -> None:
    ada = await papers(api)
    bob = await api.person("bob")
    ids = (await api.read("{ papers { nodes { id bibtexKey } } }"))["papers"]["nodes"]
    by_key = {one["bibtexKey"]: one["id"] for one in ids}
    for person, key in ((ada, "a"), (bob, "a"), (ada, "b"), (ada, "d")):
        await person.summary(by_key[key])
    await bob.summary(by_key["c"], visibility="UNLISTED")
    query = "query ($by: PaperOrder!) { papers(orderBy: $by) { nodes { bibtexKey } } }"
    orders = {}
    for by in ("LATEST_SUMMARY", "MOST_SUMMARIES", "YEAR"):
        found = (await api.read(query, by=by))["papers"]["nodes"]
        orders[by] = "".join(one["bibtexKey"] for one in found)
    assert orders == {"LATEST_SUMMARY": "dbac", "MOST_SUMMARIES": "adbc", "YEAR": "cbad"}


async def test_venues_and_their_years(api: Api) -> None:
    ada = await papers(api)
    for key in ("a", "b"):
        found = await api.read("query ($k: String!) { paper(by: {bibtexKey: $k}) { id } }", k=key)
        await ada.summary(found["paper"]["id"])
    data = await api.read(
        """{ venues { totalCount nodes { key name } }
             venue(key: "conf/x") { id key name editions { year paperCount summaryCount }
               papers { totalCount nodes { bibtexKey venue { key } } }
               only: papers(year: 2014) { totalCount nodes { bibtexKey } } }
             none: venue(key: "conf/X") { id }
             paper(by: {bibtexKey: "d"}) { venue { id } } }"""
    )
    assert data["venues"] == {
        "totalCount": 2,
        "nodes": [{"key": "conf/x", "name": "X '15"}, {"key": "journals/y", "name": "journals/y"}],
    }
    venue = data["venue"]
    assert venue["editions"] == [
        {"year": 2015, "paperCount": 1, "summaryCount": 1},
        {"year": 2014, "paperCount": 1, "summaryCount": 1},
    ]
    assert [one["bibtexKey"] for one in venue["papers"]["nodes"]] == ["b", "a"]
    assert venue["papers"]["totalCount"] == 2
    assert venue["only"] == {"totalCount": 1, "nodes": [{"bibtexKey": "a"}]}
    assert data["none"] is data["paper"]["venue"] is None
    again = await api.read("query ($id: ID!) { node(id: $id) { ... on Venue { key } } }", id=venue["id"])
    assert again == {"node": {"key": "conf/x"}}


BAD_VENUES: list[Any] = [encoded(f"Venue:{key}") for key in ("", "a b", "a\x00", " a", "x" * 201, "e\u0301")]


async def test_ids_of_no_venue(api: Api) -> None:
    query = "query ($id: ID!) { node(id: $id) { id } }"
    assert await api.read(query, id=encoded("Venue:conf/none")) == {"node": None}
    for id in BAD_VENUES:
        assert (await api.refused(query, id=id))["extensions"]["code"] == "INVALID"
    ada = await api.person("ada")
    outcome = await ada.do("publishSummary", paperId=encoded("Venue:conf/x"), body="A text.")
    assert (outcome["code"], outcome["message"]) == (
        "INVALID",
        "paperId is the id of a Venue: give that of a Paper.",
    )


async def test_feeds(api: Api) -> None:
    ada = await papers(api)
    bob = await api.person("bob")
    found = (await api.read("{ papers { nodes { id bibtexKey } } }"))["papers"]["nodes"]
    ids = {one["bibtexKey"]: one["id"] for one in found}
    first, second, third = [await ada.summary(ids[key]) for key in "abc"]
    hidden = await bob.summary(ids["a"], visibility="UNLISTED")
    secret = await bob.summary(ids["b"], anonymous=True)
    await bob.do("castVote", subjectId=first, value="UP")
    await bob.do("castVote", subjectId=second, value="DOWN")
    await (await api.person("eve")).do("castVote", subjectId=second, value="DOWN")

    async def feed(kind: str, **filter: Any) -> list[str]:
        page = (await api.read(FEED, kind=kind, filter=filter))["feed"]
        assert page["totalCount"] == len(page["nodes"])
        return [one["id"] for one in page["nodes"]]

    assert await feed("LATEST") == [secret, third, first]  # not what has a negative score
    assert await feed("TOP") == [first, secret, third, second]
    assert (await feed("HOT"))[0] == first
    assert (await feed("HOT"))[-1] == second
    assert await feed("CONTROVERSIAL") == [second]
    assert await feed("TOP", venueKey="conf/x") == [first, secret, second]
    assert await feed("TOP", year=2015, keyword="faces") == [secret, third, second]
    assert await feed("TOP", username="ADA") == [first, third, second]
    assert await feed("TOP", username="bob") == await feed("TOP", username="nobody") == []
    assert hidden not in await feed("TOP", venueKey="conf/x", year=2014)


BAD_FILTERS: list[Any] = [
    ("papers", "PaperFilter", "venueKey"),
    ("papers", "PaperFilter", "keyword"),
    ("papers", "PaperFilter", "author"),
    ("feed", "FeedFilter", "venueKey"),
    ("feed", "FeedFilter", "keyword"),
    ("feed", "FeedFilter", "username"),
]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_filters_that_are_no_text(api: Api, text: str) -> None:
    for list_, type_, name in BAD_FILTERS:
        query = f"query ($f: {type_}!) {{ {list_}(filter: $f) {{ totalCount nodes {{ id }} }} }}"
        error = await api.refused(query, f={name: text})
        assert error["extensions"] == {"code": "INVALID", "argument": f"filter.{name}"}
    error = await api.refused("query ($k: String!) { venue(key: $k) { id } }", k=text)
    assert error["extensions"] == {"code": "INVALID", "argument": "key"}


async def test_a_cursor_belongs_to_its_list_and_filter(api: Api) -> None:
    await papers(api)
    lists = [
        "papers(AFTER)",
        "papers(orderBy: YEAR, AFTER)",
        "papers(orderBy: MOST_SUMMARIES, AFTER)",
        'papers(filter: {venueKey: "conf/x"}, AFTER)',
        'papers(filter: {keyword: "conf/x"}, AFTER)',
        "papers(filter: {year: 2015}, AFTER)",
        "venues(AFTER)",
    ]
    rows = "{ pageInfo { endCursor } }"
    found = [await api.read(f"{{ list: {one.replace('AFTER', 'first: 1')} {rows} }}") for one in lists]
    cursors = [one["list"]["pageInfo"]["endCursor"] for one in found]
    for at, asked in enumerate(lists):
        for other, cursor in enumerate(cursors):
            if cursor is None:
                continue
            query = f"query ($c: String) {{ {asked.replace('AFTER', 'after: $c')} {rows} }}"
            result = await api.ask(query, c=cursor)
            assert bool(result.errors) is (at != other), (asked, lists[other])
    assert cursors.count(None) == 1


async def test_statistics(api: Api) -> None:
    query = "{ statistics { publicSummaryCount paperCount commentCount userCount position } }"
    nothing = (await api.read(query))["statistics"]
    ada = await papers(api)
    found = (await api.read("{ papers(first: 2) { nodes { id } } }"))["papers"]["nodes"]
    summary = await ada.summary(found[0]["id"])
    await ada.comment(summary)
    await ada.summary(found[1]["id"], visibility="PRIVATE")
    some = (await api.read(query))["statistics"]
    assert api.context.position_header() == some["position"] > nothing["position"]
    counts = [[one[key] for key in list(one)[:4]] for one in (nothing, some)]
    assert counts == [[0, 0, 0, 0], [1, 4, 1, 1]]
