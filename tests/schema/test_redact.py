"""Erasing a revision's text for good: it is nowhere any more, and that it was there stays."""

import asyncio
from typing import Any

import pytest

from tests.schema.people import Api
from tests.schema.revisions import redacted, revised, written

NOW = """query ($id: ID!) { summary(id: $id) {
  body bodyHtml excerpt mentions { id }
  revisions(first: 4) { totalCount nodes {
    number body bodyHtml note redactedAt redactionReason copies { number }
    redactedBy { __typename ... on User { username } ... on AnonymousActor { label } }
  } } } }"""
SECRET = "The password of the lab is swordfish, of all words."


async def now(person: Api, summary: str) -> Any:
    return (await person.read(NOW, id=summary))["summary"]


async def refusal(person: Api, *code: str, **input: Any) -> Any:
    """Why it was refused; and nothing was appended."""
    head = await person.tools.store.head()
    outcome = await person.do("redactRevision", **input)
    assert (outcome["__typename"], outcome["code"]) == code
    assert await person.tools.store.head() == head
    return outcome


async def held(api: Api, words: str) -> int:
    """How many texts in the database hold these words, rendered ones among them."""
    count: int = await api.tools.pool.fetchval(
        """SELECT (SELECT count(*) FROM payloads WHERE position($1::bytea IN content) > 0)
                + (SELECT count(*) FROM rendered WHERE position($2::text IN html || plain) > 0)""",
        words.encode(),
        words,
    )
    return count


async def test_the_text_is_gone_and_its_place_stays(api: Api) -> None:
    ada = await api.person("ada")
    await ada.paper("mentioned")
    summary = await written(ada, SECRET + " See \\cite{mentioned}.")
    assert await held(api, "swordfish") == 2
    await redacted(ada, summary, 1, reason="It tells a password.")
    assert await held(api, "swordfish") == 0
    found = await now(api, summary)
    [revision] = found["revisions"]["nodes"]
    assert revision.pop("redactedAt") > "20"
    assert found == {
        "body": None,
        "bodyHtml": None,
        "excerpt": "",
        "mentions": [],
        "revisions": {
            "totalCount": 1,
            "nodes": [
                {
                    "number": 1,
                    "body": None,
                    "bodyHtml": None,
                    "note": None,
                    "redactionReason": "It tells a password.",
                    "copies": [],
                    "redactedBy": {"__typename": "User", "username": "ada"},
                }
            ],
        },
    }


async def test_the_others_stay(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", SECRET, "Third.")
    await redacted(ada, summary, 2)
    found = await now(api, summary)
    assert found["body"] == "Third."
    nodes = found["revisions"]["nodes"]
    assert [one["body"] for one in nodes] == ["First.", None, "Third."]
    assert [one["redactedBy"] and one["redactedAt"] is not None for one in nodes] == [None, True, None]
    assert nodes[1]["redactionReason"] is None


@pytest.mark.parametrize("too", [False, True])
async def test_the_note_stays_unless_it_is_to_go_too(api: Api, too: bool) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.")
    await revised(ada, summary, 1, SECRET, note="Says swordfish.")
    await redacted(ada, summary, 2, includeNote=too)
    revision = (await now(api, summary))["revisions"]["nodes"][1]
    assert revision["note"] == (None if too else "Says swordfish.")
    assert await held(api, "swordfish") == (0 if too else 1)


async def test_copies_are_offered_before_and_told_after(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    texts = ("Before.", f"Before.\n{SECRET}", f"Before, changed.\n{SECRET}\nMore.", "Before.")
    summary = await written(ada, *texts)
    copies = [one["copies"] for one in (await now(ada, summary))["revisions"]["nodes"]]
    assert copies[1] == [{"number": 3}]
    assert copies[3] == []
    for person in (api, bob):
        assert [one["copies"] for one in (await now(person, summary))["revisions"]["nodes"]] == [[]] * 4
    outcome = await redacted(ada, summary, 2)
    assert outcome["copies"] == [{"number": 3}]
    assert outcome["revision"] == {"number": 2}
    assert await held(api, "swordfish") == 2
    assert (await redacted(ada, summary, 3))["copies"] == []
    assert await held(api, "swordfish") == 0


PHONE = "My phone number is SECRET 555 1234 call me."
COPIES = """query ($id: ID!, $number: Int!, $words: String, $asOf: DateTime) {
  summary(id: $id, asOf: $asOf) { revision(number: $number) { copies(words: $words) { number } } } }"""


async def copies(person: Api, summary: str, number: int, words: str | None = None) -> list[int]:
    found = await person.read(COPIES, id=summary, number=number, words=words)
    return [one["number"] for one in found["summary"]["revision"]["copies"]]


async def test_earlier_ones_that_say_the_same_are_offered(api: Api) -> None:
    """What an author does on noticing what was said long ago: redact the newest one."""
    ada = await api.person("ada")
    summary = await written(ada, f"{PHONE}\nOne.", f"{PHONE}\nTwo.", f"{PHONE}\nThree.", "Nothing of it.")
    assert await copies(ada, summary, 3) == [1, 2]
    assert (await redacted(ada, summary, 3))["copies"] == [{"number": 1}, {"number": 2}]
    assert (await redacted(ada, summary, 2))["copies"] == [{"number": 1}]
    assert (await redacted(ada, summary, 1))["copies"] == []
    assert await held(api, "555 1234") == 0


async def test_words_say_exactly_which(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    line = "The same line stands in each of them."
    texts = (f"{line}\nCall 555\t1234.", f"{line}\nTwo.", f"{line}\ncall  555\n1234!", f"{line}\nFour.")
    summary = await written(ada, *texts)
    assert await copies(ada, summary, 3) == [1, 2, 4]
    assert await copies(ada, summary, 3, "CALL 555 1234") == [1]
    assert await copies(ada, summary, 2, "555 1234") == [1, 3]
    assert await copies(ada, summary, 3, "1235") == await copies(bob, summary, 3, "555 1234") == []
    for number in (3, 3):  # again: the text is gone, and the words are known
        assert (await redacted(ada, summary, number, words="555 1234"))["copies"] == [{"number": 1}]
    assert await copies(ada, summary, 3, "555 1234") == [1]


async def test_words_that_are_none(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET)
    for words in ("", " \n", "a\x00b", "x" * 100_001):
        input = {"summaryId": summary, "number": 1, "words": words}
        assert (await refusal(ada, "ValidationError", "INVALID", **input))["path"] == ["input", "words"]
        error = await ada.refused(COPIES, id=summary, number=1, words=words)
        assert error["extensions"]["code"] == "INVALID"


async def test_what_is_restored_meanwhile_is_told(api: Api) -> None:
    """Of a text that is redacted and restored at once, both come to know: it is gone, or it is a copy."""
    ada = await api.person("ada")
    for n in range(12):
        summary = await written(ada, f"{n} {SECRET}", "Something else.", key=f"k{n}")
        restore = ada.do("restoreRevision", summaryId=summary, number=1, expectedRevision=2)
        outcomes = await asyncio.gather(restore, redacted(ada, summary, 1))
        restored = outcomes[0]["__typename"] == "SummaryPayload"
        assert outcomes[1]["copies"] == ([{"number": 3}] if restored else [])


async def test_a_note_can_go_after_the_text(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.")
    await revised(ada, summary, 1, SECRET, note="Says swordfish.")
    await redacted(ada, summary, 2, reason="First.")
    before = (await now(ada, summary))["revisions"]["nodes"][1]
    await redacted(ada, summary, 2, includeNote=True, reason="Second.")
    assert (await now(ada, summary))["revisions"]["nodes"][1] == {**before, "note": None}
    assert before["note"] == "Says swordfish."
    assert await held(api, "swordfish") == 0


async def test_twice_changes_nothing(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET, f"{SECRET} More.")
    first = await redacted(ada, summary, 1, reason="First.")
    head, before = await api.tools.store.head(), await now(api, summary)
    second = await redacted(ada, summary, 1, reason="Second.")
    assert (first["copies"], second["copies"]) == ([{"number": 2}], [])
    assert await api.tools.store.head() == head
    assert await now(api, summary) == before


async def test_the_same_key_again(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET, f"{SECRET} More.")
    first = await redacted(ada, summary, 1, idempotencyKey="once")
    head = await api.tools.store.head()
    again = await redacted(ada, summary, 1, idempotencyKey="once")
    assert again == {**first, "copies": []}
    assert await api.tools.store.head() == head
    input = {"summaryId": summary, "number": 2, "idempotencyKey": "once"}
    await refusal(ada, "ValidationError", "CONFLICT", **input)


async def test_the_current_text_can_be_written_anew(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", SECRET)
    await redacted(ada, summary, 2)
    await revised(ada, summary, 2, "Third.")
    assert (await now(api, summary))["body"] == "Third."


async def test_a_retracted_summary_s_too(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET)
    await ada.do("retractSummary", summaryId=summary)
    await redacted(ada, summary, 1)
    assert await held(api, "swordfish") == 0


async def test_an_anonymous_author_stays_unnamed(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET, anonymous=True)
    await redacted(ada, summary, 1, reason="Why.")
    [revision] = (await now(api, summary))["revisions"]["nodes"]
    assert revision["redactedBy"] == {"__typename": "AnonymousActor", "label": "Anonymous"}
    assert revision["redactionReason"] == "Why."


@pytest.mark.parametrize("number", [-1, 0, 2, 2**31 - 1])
async def test_a_revision_that_is_not_there(api: Api, number: int) -> None:
    ada = await api.person("ada")
    summary = await written(ada, SECRET)
    outcome = await refusal(ada, "NotFoundError", "NOT_FOUND", summaryId=summary, number=number)
    assert outcome["path"] == ["input", "number"]


async def test_who_may_not(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await written(ada, SECRET, f"{SECRET} More.")
    input = {"summaryId": summary, "number": 1}
    await refusal(api, "AccessError", "UNAUTHENTICATED", **input)
    await refusal(bob, "AccessError", "FORBIDDEN", **input)
    await refusal(ada, "ValidationError", "INVALID", **input, reason=" ")
    await refusal(ada, "ValidationError", "INVALID", **input, reason="x" * 1_001)
    await refusal(ada, "ValidationError", "INVALID", summaryId=ada.id, number=1)
    for how in ("setSummaryVisibility", "retractSummary"):
        more = {"visibility": "PRIVATE"} if how == "setSummaryVisibility" else {}
        await ada.do(how, summaryId=summary, **more)
        hidden = await refusal(bob, "NotFoundError", "NOT_FOUND", **input)
        assert hidden["message"] == "There is no summary with this summaryId, or you may not see it."
    assert await held(api, "swordfish") == 4


async def test_the_reason_is_hidden_with_the_summary(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await written(ada, SECRET)
    await redacted(ada, summary, 1, reason="Why.")
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
    assert await now(bob, summary) is None
    assert (await now(ada, summary))["revisions"]["nodes"][0]["redactionReason"] == "Why."
