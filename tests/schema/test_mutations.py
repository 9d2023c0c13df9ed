"""What is done, and how it is refused."""

from dataclasses import replace

import asyncpg
import pytest
import strawberry

from schema.context import Tools
from service.database import connector
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from tests.schema.people import Api

BODY = "query ($id: ID!) { summary(id: $id) { body revisionNumber score { net up down viewerVote } } }"

PUBLISH = """mutation ($id: ID!) { publishSummary(input: {paperId: $id, body: "A text."}) {
  ... on SummaryPayload { summary { id } } } }"""


async def test_sessions(api: Api) -> None:
    ada = await api.person("Ada")
    assert (await ada.read("{ viewer { id username displayName } }"))["viewer"] == {
        "id": ada.id,
        "username": "Ada",
        "displayName": "Ada",
    }
    taken = await api.do("signUp", username="ada", password="a long enough password")
    assert (taken["code"], taken["existing"]) == ("ALREADY_EXISTS", {"__typename": "User", "id": ada.id})
    wrong = await api.do("signIn", username="ada", password="not the right one")
    assert (wrong["__typename"], wrong["code"]) == ("AccessError", "UNAUTHENTICATED")
    again = await api.do("signIn", username="ada", password="a long enough password")
    assert again["user"]["id"] == ada.id
    assert (await ada.read("mutation { signOut }"))["signOut"] is True
    assert (await api.read("mutation { signOut }"))["signOut"] is False
    assert "sign in again" in (await ada.refused("{ viewer { id } }"))["message"]


async def test_too_many_tries_to_sign_in(api: Api) -> None:
    await api.person("ada")
    for _ in range(100):
        outcome = await api.do("signIn", username="ada", password="not the right one")
        if outcome["code"] != "UNAUTHENTICATED":
            break
    assert (outcome["__typename"], outcome["code"]) == ("ValidationError", "RATE_LIMITED")


async def test_revising(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"), "One.")
    assert (await ada.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=1))["summary"]
    stale = await ada.do("reviseSummary", summaryId=summary, body="Other.", expectedRevision=1)
    assert (stale["__typename"], stale["code"], stale["currentRevision"]) == (
        "RevisionConflict",
        "CONFLICT",
        2,
    )
    same = await ada.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=2)
    assert same["summary"]
    found = (await ada.read(BODY, id=summary))["summary"]
    assert (found["body"], found["revisionNumber"]) == ("Two.", 2)


async def test_one_summary_for_each_user_and_paper(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    summary = await ada.summary(paper, visibility="PRIVATE")
    second = await ada.do("publishSummary", paperId=paper, body="Again.")
    assert (second["code"], second["existing"]["id"]) == ("ALREADY_EXISTS", summary)
    await ada.do("retractSummary", summaryId=summary)
    assert await ada.summary(paper, "Again.") != summary


async def test_a_known_identifier(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k", doi="10.1000/One")
    again = await ada.do(
        "registerPaper", fields={"bibtexKey": "l", "title": "T", "authors": [], "doi": "doi:10.1000/ONE"}
    )
    assert again["existing"] == {"__typename": "Paper", "id": paper}
    assert again["path"] == ["input", "fields", "doi"]


async def test_voting(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(await ada.paper("k"))
    comment = await ada.comment(summary)
    assert (await bob.do("castVote", subjectId=summary, value="DOWN"))["subject"]["score"] == {
        "net": 0,
        "viewerVote": "DOWN",
    }
    assert (await bob.do("castVote", subjectId=comment, value="UP"))["subject"]["score"]["net"] == 1
    assert (await bob.do("withdrawVote", subjectId=summary))["subject"]["score"] == {
        "net": 1,
        "viewerVote": None,
    }
    assert (await ada.read(BODY, id=summary))["summary"]["score"]["viewerVote"] == "UP"


async def test_the_same_key_again(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    first = await ada.do("postComment", summaryId=summary, body="Once.", idempotencyKey="a")
    assert await ada.do("postComment", summaryId=summary, body="Once.", idempotencyKey="a") == first
    other = await ada.do("postComment", summaryId=summary, body="Twice.", idempotencyKey="a")
    assert (other["__typename"], other["code"]) == ("ValidationError", "CONFLICT")


async def test_the_same_key_again_after_it_was_hidden(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await ada.summary(await ada.paper("k"))
    given = {"summaryId": summary, "body": "Once.", "idempotencyKey": "a"}
    first = await bob.do("postComment", **given)
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
    error = await bob.refused(
        """mutation ($input: PostCommentInput!) { postComment(input: $input) {
             ... on CommentPayload { comment { body } } } }""",
        input=given,
    )
    told = {"code": "NOT_FOUND", "position": first["position"], "committed": True}
    assert error["extensions"] == told


async def test_several_changes_in_one_request(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    data = await ada.read(
        """mutation ($id: ID!) {
          a: castVote(input: {subjectId: $id, value: DOWN}) { ...result }
          b: withdrawVote(input: {subjectId: $id}) { ...result }
          c: castVote(input: {subjectId: $id, value: UP}) { ...result }
        }
        fragment result on VotePayload { subject { score { net } } }""",
        id=summary,
    )
    assert [one["subject"]["score"]["net"] for one in data.values()] == [-1, 0, 1]


@pytest.mark.parametrize(
    ("mutation", "input", "path"),
    [
        ("publishSummary", {"paperId": "?", "body": "B"}, ["input", "paperId"]),
        ("publishSummary", {"paperId": "SUMMARY", "body": "B"}, ["input", "paperId"]),
        ("publishSummary", {"paperId": "PAPER", "body": " "}, ["input", "body"]),
        ("publishSummary", {"paperId": "PAPER", "body": "a\x00b"}, ["input", "body"]),
        ("publishSummary", {"paperId": "PAPER", "body": "a\ud800b"}, ["input", "body"]),
        ("publishSummary", {"paperId": "PAPER", "body": "x" * 100_001}, ["input", "body"]),
        ("reviseSummary", {"summaryId": "PAPER", "body": "B", "expectedRevision": 1}, ["input", "summaryId"]),
        ("castVote", {"subjectId": "PAPER", "value": "UP"}, ["input", "subjectId"]),
        ("postComment", {"summaryId": "SUMMARY", "body": "x" * 20_001}, ["input", "body"]),
        ("postComment", {"summaryId": "SUMMARY", "parentId": "PAPER", "body": "B"}, ["input", "parentId"]),
        ("editComment", {"commentId": "", "body": "B"}, ["input", "commentId"]),
        ("registerPaper", {}, ["input"]),
        (
            "registerPaper",
            {"fields": {"bibtexKey": "a b", "title": "T", "authors": []}},
            ["input", "fields", "bibtexKey"],
        ),
    ],
)
async def test_bad_input_is_told_and_changes_nothing(
    api: Api, mutation: str, input: dict[str, object], path: list[str]
) -> None:
    ada = await api.person("ada")
    bob = await api.person("bob")
    paper = await ada.paper("k")
    ids = {"PAPER": paper, "SUMMARY": await ada.summary(paper)}
    head = await api.tools.store.head()
    filled = {key: ids.get(value, value) if isinstance(value, str) else value for key, value in input.items()}
    outcome = await bob.do(mutation, **filled)
    assert (outcome["__typename"], outcome["code"], outcome["path"]) == ("ValidationError", "INVALID", path)
    assert await api.tools.store.head() == head


async def test_a_full_queue_is_busy(schema: strawberry.Schema, api: Api, database_url: str) -> None:
    ada = await api.person("ada")
    paper, head = await ada.paper("k"), await api.tools.store.head()
    async with PostgresStore.open(api.tools.pool, connector(database_url), limits=Limits(queue=0)) as full:
        busy = Api(schema, replace(api.tools, store=full), ada.token)
        error = await busy.refused(PUBLISH, id=paper)
    assert error["extensions"] == {"code": "BUSY"}
    assert "nothing was recorded" in error["message"]
    assert await api.tools.store.head() == head


async def test_a_database_that_is_away(schema: strawberry.Schema, api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    closed = await asyncpg.create_pool(host="127.0.0.1", port=9, user="nobody", min_size=0)
    away = Api(schema, replace(api.tools, pool=closed), ada.token)
    error = await away.refused("{ feed { nodes { id } } }")
    assert error["extensions"]["code"] == "BUSY"
    recorded = await away.refused(PUBLISH, id=paper)  # the log is there, only reading is not
    assert recorded["extensions"]["code"] == "NOT_YET_VISIBLE"
    assert recorded["extensions"]["committed"] is True
    assert len((await api.read("{ feed { nodes { id } } }"))["feed"]["nodes"]) == 1
    await closed.close()


async def test_a_change_that_cannot_be_read_yet_says_that_it_is_recorded(
    schema: strawberry.Schema, tools: Tools
) -> None:
    slow = Api(schema, replace(tools, wait_seconds=0.05))  # and nothing projects
    error = await slow.refused(
        """mutation { signUp(input: {username: "ada", password: "a long enough password"}) {
             ... on SessionPayload { position user { id } } } }"""
    )
    assert error["extensions"]["code"] == "NOT_YET_VISIBLE"
    assert error["extensions"]["committed"] is True
    assert error["extensions"]["position"].endswith("0000000000000001")
    data = await slow.read(
        """mutation { signUp(input: {username: "bob", password: "a long enough password"}) {
             ... on SessionPayload { position } } }"""
    )
    assert data["signUp"]["position"].endswith("0000000000000002")
    assert (await tools.store.head()).position == 2


async def test_what_a_mutation_shows_is_never_as_it_was_before(schema: strawberry.Schema, api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    hasty = Api(schema, replace(api.tools, wait_seconds=0.1), ada.token)
    revise = """mutation ($id: ID!) {
                  reviseSummary(input: {summaryId: $id, body: "new", expectedRevision: 1}) {
                  ... on SummaryPayload { position summary { revisionNumber body } } } }"""
    async with api.tools.pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT FROM read.checkpoint FOR UPDATE")  # the projections stand still
        error = await hasty.refused(revise, id=summary)
    assert (error["extensions"]["code"], error["extensions"]["committed"]) == ("NOT_YET_VISIBLE", True)
    assert (await api.tools.store.head()).position == hasty_position(error["extensions"]["position"])


async def test_a_refusal_tells_where_its_reason_can_be_read(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    stale = """mutation ($id: ID!) {
                 reviseSummary(input: {summaryId: $id, body: "new", expectedRevision: 7}) {
                 __typename ... on RevisionConflict { currentRevision } } }"""
    outcome = await ada.read(stale, id=summary)
    assert outcome["reviseSummary"] == {"__typename": "RevisionConflict", "currentRevision": 1}
    assert ada.context.position == (await api.tools.store.head()).position


def hasty_position(text: str) -> int:
    return int(text.rsplit("-", 1)[1])
