"""A person's way through the service, and two servers that agree."""

from pathlib import Path

import httpx

from tests.end_to_end.client import PASSWORD, Person, paper_fields
from tests.end_to_end.server import Server, dsn_of, serving
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


async def test_from_signing_up_to_the_paper_page(http: httpx.AsyncClient) -> None:
    ada, bob = await Person(http).sign_up("ada"), await Person(http).sign_up("bob")
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

    assert page["viewer"] == {"username": "bob"}
    assert page["paper"]["title"] == "On journals/corr/SchroffKP15"
    assert page["paper"]["viewerSummary"] is None
    assert page["paper"]["summaries"]["totalCount"] == 1
    [shown] = page["paper"]["summaries"]["nodes"]
    assert shown["id"] == summary
    assert shown["body"] == "Faces as points $y$."
    assert "<math" in shown["bodyHtml"]
    assert shown["author"] == {"username": "ada"}
    assert shown["score"] == {"net": 2, "up": 2, "down": 0, "viewerVote": "UP"}
    assert (shown["revisionNumber"], shown["viewerCanEdit"]) == (2, False)
    assert shown["revisions"]["nodes"] == [
        {"number": 1, "body": "Faces as $x$.", "note": None},
        {"number": 2, "body": "Faces as points $y$.", "note": "Better"},
    ]
    [thread] = shown["comments"]["nodes"]
    assert (thread["body"], thread["author"]) == ("Why triplets?", {"username": "bob"})
    assert thread["replies"]["nodes"] == [{"body": "Because of **margins**.", "score": {"net": 1}}]


async def test_a_replayed_key_gives_the_first_outcome_and_another_request_is_refused(
    http: httpx.AsyncClient,
) -> None:
    ada = await Person(http).sign_up("ada")
    first = await ada.do("registerPaper", fields=paper_fields("a"), idempotencyKey="k")
    again = await ada.do("registerPaper", fields=paper_fields("a"), idempotencyKey="k")
    other = await ada.do("registerPaper", fields=paper_fields("b"), idempotencyKey="k")

    assert first["__typename"] == "PaperPayload"
    assert again == first
    assert (other["__typename"], other["code"]) == ("ValidationError", "CONFLICT")
    assert await ada.read('{ paper(by: { bibtexKey: "b" }) { id } }') == {"paper": None}


async def test_a_stale_revision_is_refused_with_the_current_one(http: httpx.AsyncClient) -> None:
    ada = await Person(http).sign_up("ada")
    summary = await ada.summary(await ada.paper("a"), "One.")
    await ada.do("reviseSummary", summaryId=summary, body="Two.", expectedRevision=1)

    refused = await ada.do("reviseSummary", summaryId=summary, body="Three.", expectedRevision=1)

    assert (refused["__typename"], refused["currentRevision"]) == ("RevisionConflict", 2)
    found = await ada.read("query($id: ID!) { summary(id: $id) { body revisionNumber } }", id=summary)
    assert found["summary"] == {"body": "Two.", "revisionNumber": 2}


async def test_an_expired_token_is_refused_and_changes_nothing(
    http: httpx.AsyncClient, data_dir: Path
) -> None:
    ada = await Person(http).sign_up("ada")
    await execute(dsn_of(data_dir), "UPDATE accounts.sessions SET expires_at = now() - interval '1 second'")

    answer = await ada.attempt("registerPaper", fields=paper_fields("a"))

    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert await Person(http).read('{ paper(by: { bibtexKey: "a" }) { id } }') == {"paper": None}
    back = await Person(http).do("signIn", username="Ada", password=PASSWORD)
    assert back["user"]["id"] == ada.id


async def test_two_servers_show_each_others_writes(
    server: Server, http: httpx.AsyncClient, data_dir: Path, tmp_path: Path
) -> None:
    async with (
        serving("--data-dir", str(data_dir), "--no-samples", output=tmp_path / "second.txt") as second,
        httpx.AsyncClient(base_url=second.url, timeout=60) as there,
    ):
        ada, bob = await Person(http).sign_up("ada"), await Person(there).sign_up("bob")
        paper = await ada.paper("a")
        for number in range(10):
            writer, reader = (ada, bob.at(there)) if number % 2 else (ada.at(there), bob.at(http))
            outcome = await writer.do("registerPaper", fields=paper_fields(f"key{number}"))
            seen = await reader.ask(
                f'{{ paper(by: {{ bibtexKey: "key{number}" }}) {{ id }} }}', min_position=outcome["position"]
            )
            assert seen.data["paper"] == outcome["thing"]
            assert seen.headers["Position"] >= outcome["position"]
        summary = await bob.at(there).summary(paper, "Seen by both.")
        comment = await ada.comment(summary, "Indeed.")
        last = await bob.do("castVote", subjectId=comment, value="UP")
        pages = [
            await Person(client).ask(PAGE, min_position=last["position"], key="a") for client in (http, there)
        ]
        assert pages[0].data == pages[1].data
        assert pages[0].data["paper"]["summaries"]["nodes"][0]["comments"]["totalCount"] == 1
        assert pages[0].headers["Position"] == pages[1].headers["Position"]
