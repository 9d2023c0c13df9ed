"""Pages as readers see them."""

from typing import Any
from uuid import UUID, uuid4

from schema.scalars import written_date_time
from service.domain.events import PayloadsErased
from service.eventstore.model import Append
from tests.schema.people import Api

PAPER_PAGE = """
query ($key: String!, $asOf: DateTime) {
  paper(by: {bibtexKey: $key}, asOf: $asOf) {
    id bibtexKey doi arxivId title abstract year publishedOn keywords source url pdfUrl createdAt bibtex
    identifiers { scheme value } authors { name papers(first: 5) { totalCount nodes { title } } }
    venue { id key name editions { year paperCount summaryCount }
            papers(first: 5) { totalCount nodes { title venue { name } } } }
    viewerSummary { id }
    summaries(first: 20) {
      totalCount
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      edges { cursor node { id } }
      nodes {
        id body bodyHtml excerpt visibility retractedAt createdAt updatedAt commentCount permalink
        viewerCanEdit revisionNumber
        paper { title } author { ... on User { id username displayName } }
        score { net up down viewerVote } mentions { bibtexKey }
        revisions { totalCount nodes { id number note body bodyHtml createdAt recordedAt position permalink
                                       editor { ... on User { username } } summary { id } } }
        revision(number: 1) { number }
        comments(first: 5) {
          totalCount
          nodes {
            id body bodyHtml onRevision createdAt editedAt viewerCanEdit parent { id } summary { id }
            author { ... on User { username } } score { net up down viewerVote }
            replies(first: 5) { totalCount nodes { id body author { ... on User { username } } } }
          }
        }
      }
    }
  }
}
"""


async def test_a_paper_page_shows_all_of_it(api: Api) -> None:
    ada = await api.person("Ada")
    bob = await api.person("bob")
    fields = {"doi": "10.1109/CVPR.2015.7298682", "arxivId": "1503.03832v3", "year": 2015}
    more = {"publishedOn": "2015-03-12", "keywords": ["faces"], "source": "ARXIV", "abstract": "Faces."}
    paper = await ada.paper(
        "journals/corr/SchroffKP15", **fields, **more, url="https://arxiv.org/abs/1503.03832"
    )
    await ada.paper("conf/cvpr/TaigmanYRW14", doi="10.1109/cvpr.2014.220")
    text = "It learns $x^2$. See \\cite{conf/cvpr/TaigmanYRW14} and https://doi.org/10.1109/CVPR.2014.220"
    summary = await ada.summary(paper, "First.")
    await ada.do("reviseSummary", summaryId=summary, body=text, note="More", expectedRevision=1)
    comment = await bob.comment(summary, "Thanks!")
    reply = await ada.comment(summary, "Welcome.", comment)
    await bob.do("castVote", subjectId=summary, value="DOWN")

    found = (await bob.read(PAPER_PAGE, key="journals/corr/SchroffKP15"))["paper"]
    assert found["id"] == paper
    assert found["doi"] == "10.1109/cvpr.2015.7298682"
    assert found["pdfUrl"] == "https://arxiv.org/pdf/1503.03832"
    assert found["publishedOn"] == "2015-03-12"
    assert [one["scheme"] for one in found["identifiers"]] == ["ARXIV", "BIBTEX", "DOI", "URL"]
    assert found["viewerSummary"] is None
    [shown] = found["summaries"]["nodes"]
    assert found["summaries"]["totalCount"] == 1
    assert shown["body"] == text
    assert "<math" in shown["bodyHtml"]
    assert shown["excerpt"].startswith("It learns")
    assert shown["score"] == {"net": 0, "up": 1, "down": 1, "viewerVote": "DOWN"}
    assert shown["mentions"] == [{"bibtexKey": "conf/cvpr/TaigmanYRW14"}]
    assert shown["author"]["username"] == "Ada"
    assert shown["viewerCanEdit"] is False
    assert [one["body"] for one in shown["revisions"]["nodes"]] == ["First.", text]
    assert [one["note"] for one in shown["revisions"]["nodes"]] == [None, "More"]
    assert shown["revisions"]["totalCount"] == shown["revisionNumber"] == 2
    assert shown["createdAt"] < shown["updatedAt"]
    assert len(shown["createdAt"]) == len("2026-11-23T10:08:36.000123Z")
    assert shown["permalink"].startswith("https://example.org/summaries/")
    assert shown["revisions"]["nodes"][1]["permalink"] == shown["permalink"] + "/revisions/2"
    [posted] = shown["comments"]["nodes"]
    assert (posted["id"], posted["onRevision"], posted["viewerCanEdit"]) == (comment, 2, True)
    assert [one["id"] for one in posted["replies"]["nodes"]] == [reply]
    assert shown["commentCount"] == 2
    assert shown["comments"]["totalCount"] == 1
    header, revised = bob.context.position_header(), shown["revisions"]["nodes"][1]["position"]
    assert header is not None
    assert header > revised
    assert header.endswith(f"{10:016d}")
    as_of = written_date_time(bob.tools.clock())
    then = (await bob.read(PAPER_PAGE, key="journals/corr/SchroffKP15", asOf=as_of))["paper"]
    assert then["summaries"]["nodes"] == found["summaries"]["nodes"]


async def test_a_removed_comment_keeps_its_place(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    comment = await ada.comment(summary)
    await ada.comment(summary, "A reply.", comment)
    await ada.do("removeComment", commentId=comment)
    found = await api.read(
        """query ($id: ID!) { summary(id: $id) { commentCount comments { totalCount nodes {
             id body bodyHtml viewerCanEdit replies { nodes { body parent { id } } } } } } }""",
        id=summary,
    )
    [place] = found["summary"]["comments"]["nodes"]
    assert (place["id"], place["body"], place["bodyHtml"], place["viewerCanEdit"]) == (
        comment,
        None,
        None,
        False,
    )
    assert place["replies"]["nodes"] == [{"body": "A reply.", "parent": {"id": comment}}]
    assert found["summary"]["commentCount"] == 2


async def test_an_erased_text_is_null_and_its_place_stays(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"), "A secret.")
    await _erase(api, await api.tools.pool.fetchval("SELECT body_payload FROM read.summary"))
    found = await ada.read(
        """query ($id: ID!) { summary(id: $id) { body bodyHtml excerpt mentions { id }
             revision(number: 1) { number body bodyHtml note } } }""",
        id=summary,
    )
    assert found["summary"] == {
        "body": None,
        "bodyHtml": None,
        "excerpt": "",
        "mentions": [],
        "revision": {"number": 1, "body": None, "bodyHtml": None, "note": None},
    }


async def _erase(api: Api, payload_id: UUID) -> None:
    tools = api.tools
    erasure = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=(payload_id,))
    appended = await tools.store.append(
        Append(uuid4(), b"request", erasure.originator_id, (erasure,), erases=(payload_id,))
    )
    assert await tools.progress.wait_for(appended.position, 20)


async def test_a_page_takes_a_fixed_number_of_statements(api: Api) -> None:
    ada = await api.person("ada")
    people = [ada, *[await api.person(f"person{n}") for n in range(19)]]
    others = [await api.person(f"other{n}") for n in range(5)]
    small, large = await ada.paper("small"), await ada.paper("large")
    await ada.paper("mentioned")
    for paper, writers, comments in ((small, people[:2], 1), (large, people, 5)):
        for writer in writers:
            summary = await writer.summary(paper, "See \\cite{mentioned}.")
            for other in others[:comments]:
                await ada.comment(summary, "Yes.", await other.comment(summary))
    few = await _statements(ada, PAPER_PAGE, key="small")
    many = await _statements(ada, PAPER_PAGE, key="large")
    assert len(many) == len(few) > 10
    as_of = written_date_time(ada.tools.clock())
    few_then = await _statements(ada, PAPER_PAGE, key="small", asOf=as_of)
    many_then = await _statements(ada, PAPER_PAGE, key="large", asOf=as_of)
    assert len(many_then) == len(few_then) <= len(few) + 1  # it counts revisions


FRONT_PAGE = """
query ($n: Int!) {
  papers(first: $n) {
    totalCount
    nodes {
      title bibtex viewerSummary { id }
      authors { name papers(first: 2) { totalCount nodes { title } } }
      venue { name editions { year paperCount } papers(first: 2, year: 2015) { totalCount nodes { title } } }
      summaries(first: 2) { totalCount nodes { excerpt author { __typename } } }
    }
  }
  feed(first: $n, kind: HOT) { nodes { paper { title venue { name } } mentions { title } } }
  venues(first: $n) { totalCount nodes { papers(first: 2) { totalCount nodes { title } } } }
  statistics { paperCount }
}
"""


async def test_lists_take_a_fixed_number_of_statements(api: Api) -> None:
    ada = await api.person("ada")
    await ada.paper("mentioned", venueKey="conf/v", year=2014)  # in none of the lists
    for number in range(9):
        more = {"venueKey": f"conf/v{number}", "year": 2015, "authors": [f"Author {number}", "Ada"]}
        await ada.summary(await ada.paper(f"k{number}", **more), "See \\cite{mentioned}.")
    few = await _statements(ada, FRONT_PAGE, n=1)
    many = await _statements(ada, FRONT_PAGE, n=9)
    assert len(many) == len(few) > 15


async def _statements(person: Api, query: str, **variables: Any) -> list[str]:
    """What the operation asks the database; the runner, which has nothing to do, names no such table."""
    asked: list[str] = []
    pool = person.tools.pool

    def listen(record: Any) -> None:
        asked.append(record.query)

    held = [await pool.acquire() for _ in range(pool.get_max_size())]
    for conn in held:
        conn.add_query_logger(listen)
        await pool.release(conn)
    data = await person.read(query, **variables)
    assert "nodes" in str(data)
    return [one for one in asked if "read." in one or "payloads" in one]
