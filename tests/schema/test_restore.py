"""Making an earlier text the current one."""

from typing import Any

import pytest

from tests.schema.people import Api
from tests.schema.revisions import redacted, written

NOW = """query ($id: ID!) { summary(id: $id) { body revisionNumber revisions { nodes {
  number body note restoredFrom { number body } } } } }"""


async def now(api: Api, summary: str) -> Any:
    return (await api.read(NOW, id=summary))["summary"]


async def refusal(person: Api, *code: str, **input: Any) -> Any:
    """Why it was refused; and nothing was appended."""
    head = await person.tools.store.head()
    outcome = await person.do("restoreRevision", **input)
    assert (outcome["__typename"], outcome["code"]) == code
    assert await person.tools.store.head() == head
    return outcome


async def test_the_text_comes_back_as_a_new_revision(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    outcome = await ada.do("restoreRevision", summaryId=summary, number=1, expectedRevision=2, note="better")
    assert outcome["summary"] == {"id": summary}
    found = await now(api, summary)
    assert (found["body"], found["revisionNumber"]) == ("First.", 3)
    assert found["revisions"]["nodes"] == [
        {"number": 1, "body": "First.", "note": None, "restoredFrom": None},
        {"number": 2, "body": "Second.", "note": None, "restoredFrom": None},
        {"number": 3, "body": "First.", "note": "better", "restoredFrom": {"number": 1, "body": "First."}},
    ]


async def test_the_text_as_it_is_already_appends_nothing(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.", "First.")
    head = await api.tools.store.head()
    for number in (1, 3):
        outcome = await ada.do("restoreRevision", summaryId=summary, number=number, expectedRevision=3)
        assert outcome["summary"] == {"id": summary}
    assert await api.tools.store.head() == head


async def test_the_same_key_again(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    given = {"summaryId": summary, "expectedRevision": 2, "idempotencyKey": "once"}
    first = await ada.do("restoreRevision", number=1, **given)
    head = await api.tools.store.head()
    assert await ada.do("restoreRevision", number=1, **given) == first
    assert await api.tools.store.head() == head
    other = await refusal(ada, "ValidationError", "CONFLICT", number=2, **given)
    assert other["path"] == ["input", "idempotencyKey"]


@pytest.mark.parametrize("number", [-1, 0, 3, 2**31 - 1])
async def test_a_revision_that_is_not_there(api: Api, number: int) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    input = {"summaryId": summary, "number": number, "expectedRevision": 2}
    assert (await refusal(ada, "NotFoundError", "NOT_FOUND", **input))["path"] == ["input", "number"]


async def test_what_was_redacted_does_not_come_back(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    await redacted(ada, summary, 1)
    input = {"summaryId": summary, "number": 1, "expectedRevision": 2}
    outcome = await refusal(ada, "ValidationError", "INVALID", **input)
    assert outcome["path"] == ["input", "number"]
    assert "redacted" in outcome["message"]


async def test_after_the_current_text_was_redacted_an_earlier_one_can_be_restored(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    await redacted(ada, summary, 2)
    assert (await now(api, summary))["body"] is None
    await ada.do("restoreRevision", summaryId=summary, number=1, expectedRevision=2)
    assert (await now(api, summary))["body"] == "First."


async def test_who_else_revised_first(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    input = {"summaryId": summary, "number": 1, "expectedRevision": 1}
    outcome = await refusal(ada, "RevisionConflict", "CONFLICT", **input)
    assert outcome["currentRevision"] == 2


async def test_who_may_not(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    summary = await written(ada, "First.", "Second.")
    input = {"summaryId": summary, "number": 1, "expectedRevision": 2}
    await refusal(api, "AccessError", "UNAUTHENTICATED", **input)
    await refusal(bob, "AccessError", "FORBIDDEN", **input)
    await ada.do("setSummaryVisibility", summaryId=summary, visibility="PRIVATE")
    await refusal(bob, "NotFoundError", "NOT_FOUND", **input)
    await ada.do("retractSummary", summaryId=summary)
    await refusal(ada, "ValidationError", "INVALID", **input)
    await refusal(ada, "ValidationError", "INVALID", **{**input, "summaryId": ada.id})
