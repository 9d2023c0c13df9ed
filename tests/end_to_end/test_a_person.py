"""A person's way through the service, and two servers that agree."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.client import PASSWORD, Person, paper_fields
from tests.end_to_end.server import dsn_of, serving
from tests.postgres import execute

PAGE = """
query($key: String!) {
  viewer { username }
  paper(by: { bibtexKey: $key }) {
    title authors { name }
    viewerSummary { id }
    summaries(orderBy: TOP) {
      totalCount
      nodes {
        id body bodyHtml revisionNumber viewerCanEdit score { net up down viewerVote }
        author { ... on User { username } }
        revisions { nodes { number body note } }
        comments {
          totalCount
          nodes { body author { ... on User { username } } replies { nodes { body score { net } } } }
        }
      }
    }
  }
}
"""


@pytest.fixture
async def there(shared_data_dir: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A way to a second server on the same database."""
    with serving("--data-dir", shared_data_dir, "--no-samples", output=tmp_path / "second.txt") as second:
        async with httpx.AsyncClient(base_url=second.url, timeout=60) as client:
            yield client


async def test_from_signing_up_to_the_paper_page(http: httpx.AsyncClient) -> None:
    ada, bob = await Person(http).sign_up("ada1"), await Person(http).sign_up("bob1")
    paper = await ada.paper("journals/corr/SchroffKP15")
    summary = await ada.summary(paper, "Faces as $x$.")
    await ada.do(
        "reviseSummary", summaryId=summary, body="Faces as points $y$.", note="Better", expectedRevision=1
    )
    await bob.do("castVote", subjectId=summary, value="UP")
    comment = await bob.comment(summary, "Why triplets?")
    reply = await ada.comment(summary, "Because of **margins**.", parent=comment)
    await bob.do("castVote", subjectId=reply, value="UP")

    page = await bob.read(PAGE, key="journals/corr/SchroffKP15")

    assert page["viewer"] == {"username": "bob1"}
    assert page["paper"]["title"] == "On journals/corr/SchroffKP15"
    assert page["paper"]["viewerSummary"] is None
    assert page["paper"]["summaries"]["totalCount"] == 1
    [shown] = page["paper"]["summaries"]["nodes"]
    assert shown["id"] == summary
    assert shown["body"] == "Faces as points $y$."
    assert "<math" in shown["bodyHtml"]
    assert shown["author"] == {"username": "ada1"}
    assert shown["score"] == {"net": 2, "up": 2, "down": 0, "viewerVote": "UP"}
    assert (shown["revisionNumber"], shown["viewerCanEdit"]) == (2, False)
    assert shown["revisions"]["nodes"] == [
        {"number": 1, "body": "Faces as $x$.", "note": None},
        {"number": 2, "body": "Faces as points $y$.", "note": "Better"},
    ]
    [thread] = shown["comments"]["nodes"]
    assert (thread["body"], thread["author"]) == ("Why triplets?", {"username": "bob1"})
    assert thread["replies"]["nodes"] == [{"body": "Because of **margins**.", "score": {"net": 1}}]


async def test_a_replayed_key_gives_the_first_outcome_and_another_request_is_refused(
    http: httpx.AsyncClient,
) -> None:
    ada = await Person(http).sign_up("ada2")
    first = await ada.do("registerPaper", fields=paper_fields("a2"), idempotencyKey="k")
    again = await ada.do("registerPaper", fields=paper_fields("a2"), idempotencyKey="k")
    other = await ada.do("registerPaper", fields=paper_fields("b2"), idempotencyKey="k")

    assert first["__typename"] == "PaperPayload"
    assert again == first
    assert (other["__typename"], other["code"]) == ("ValidationError", "CONFLICT")
    assert await ada.read('{ paper(by: { bibtexKey: "b2" }) { id } }') == {"paper": None}


async def test_a_stale_revision_is_refused_with_the_current_one(http: httpx.AsyncClient) -> None:
    ada = await Person(http).sign_up("ada3")
    summary = await ada.summary(await ada.paper("a3"), "One.")
    await ada.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=1)

    refused = await ada.do("reviseSummary", summaryId=summary, body="Three.", expectedRevision=1)

    assert (refused["__typename"], refused["currentRevision"]) == ("RevisionConflict", 2)
    found = await ada.read("query($id: ID!) { summary(id: $id) { body revisionNumber } }", id=summary)
    assert found["summary"] == {"body": "Two.", "revisionNumber": 2}


async def test_an_expired_token_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, shared_data_dir: Path
) -> None:
    ada = await Person(http).sign_up("ada4")
    past = "UPDATE accounts.sessions SET expires_at = now() - interval '1 second'"
    await execute(dsn_of(shared_data_dir), past)

    answer = await ada.attempt("registerPaper", fields=paper_fields("a4"))

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert await Person(http).read('{ paper(by: { bibtexKey: "a4" }) { id } }') == {"paper": None}
    back = await Person(http).do("signIn", username="Ada4", password=PASSWORD)
    assert back["user"]["id"] == ada.id


async def test_two_servers_show_each_others_writes(http: httpx.AsyncClient, there: httpx.AsyncClient) -> None:
    ada, bob = await Person(http).sign_up("ada5"), await Person(there).sign_up("bob5")
    paper = await ada.paper("a5")
    for number in range(10):
        here, other = (http, there) if number % 2 else (there, http)
        outcome = await ada.at(here).do("registerPaper", fields=paper_fields(f"key{number}"))
        seen = await bob.at(other).ask(
            f'{{ paper(by: {{ bibtexKey: "key{number}" }}) {{ id }} }}', min_position=outcome["position"]
        )
        assert seen.data["paper"] == outcome["thing"]
        assert seen.headers["Position"] >= outcome["position"]

    summary = await bob.summary(paper, "Seen by both.")
    comment = await ada.comment(summary, "Indeed.")
    last = await bob.do("castVote", subjectId=comment, value="UP")
    pages = [await Person(at).ask(PAGE, min_position=last["position"], key="a5") for at in (http, there)]

    assert pages[0].data == pages[1].data
    assert pages[0].data["paper"]["summaries"]["nodes"][0]["comments"]["totalCount"] == 1
    assert pages[0].headers["Position"] == pages[1].headers["Position"]
