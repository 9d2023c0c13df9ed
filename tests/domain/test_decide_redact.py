from dataclasses import replace
from uuid import UUID

import pytest

from service.domain.errors import Forbidden, Invalid, NotFound
from service.domain.events import (
    PayloadsErased,
    RevisionRedacted,
    SummaryPublished,
    SummaryRetracted,
    SummaryRevised,
    Visibility,
)
from service.domain.summary import decide_redact, decide_revise, summary_from
from tests.domain.given import given

PAPER, SUMMARY, ADA, BOB, ERASURE, BODY, NOTE = (UUID(int=n) for n in range(1, 8))
SUMMARY_ID, NUMBER = ("input", "summaryId"), ("input", "number")

PUBLISHED = SummaryPublished(
    originator_id=SUMMARY,
    originator_version=1,
    paper_id=PAPER,
    author_id=ADA,
    visibility=Visibility.PUBLIC,
    body="First.",
)
REVISED = SummaryRevised(originator_id=SUMMARY, originator_version=2, revision=2, body="Better.")
REDACTED = RevisionRedacted(originator_id=SUMMARY, originator_version=3, revision=1, reason="why")
RETRACTED = SummaryRetracted(originator_id=SUMMARY, originator_version=3)
ERASED = PayloadsErased(
    originator_id=ERASURE, originator_version=1, payload_ids=(BODY, NOTE), subject_id=SUMMARY
)
HISTORY = given(summary_from, PUBLISHED, REVISED)


def redact(
    number: int, editor: UUID = ADA, reason: str | None = "why", payloads: tuple[UUID, ...] = (BODY, NOTE)
):
    return lambda state: decide_redact(state, editor, number, reason, ERASURE, payloads)


def test_redacting_says_which_revision_and_erases_what_it_holds() -> None:
    HISTORY.when(redact(1)).then(REDACTED, ERASED)


def test_without_a_reason() -> None:
    HISTORY.when(redact(2, reason=None)).then(replace(REDACTED, revision=2, reason=None), ERASED)


def test_without_anything_left_nothing_changes_whatever_the_reason() -> None:
    HISTORY.when(redact(1, payloads=())).then()
    again = given(summary_from, PUBLISHED, REVISED, REDACTED)
    again.when(redact(1, payloads=())).then()
    again.when(redact(1, reason="other", payloads=())).then()


def test_again_erases_what_is_left_and_leaves_the_first_one_s_word() -> None:
    again = given(summary_from, PUBLISHED, REVISED, REDACTED)
    again.when(redact(1, reason="other", payloads=(NOTE,))).then(replace(ERASED, payload_ids=(NOTE,)))
    again.when(redact(2)).then(replace(REDACTED, originator_version=4, revision=2), ERASED)


def test_it_is_no_new_revision() -> None:
    redacted = given(summary_from, PUBLISHED, REVISED, REDACTED)
    assert (redacted.state.revision, redacted.state.redacted) == (2, {1})
    redacted.when(lambda state: decide_revise(state, ADA, "Best.", None, 2)).then(
        SummaryRevised(originator_id=SUMMARY, originator_version=4, revision=3, body="Best.")
    )


def test_a_retracted_summary_s_text_can_go_too() -> None:
    given(summary_from, PUBLISHED, REVISED, RETRACTED).when(redact(1)).then(
        replace(REDACTED, originator_version=4), ERASED
    )


def test_an_anonymous_author_s_too() -> None:
    anonymous = replace(PUBLISHED, author_id=None, anonymous_author_id=ADA)
    given(summary_from, anonymous, REVISED).when(redact(1)).then(REDACTED, ERASED)
    given(summary_from, anonymous, REVISED).when(redact(1, BOB)).refused(Forbidden, *SUMMARY_ID)
    forgotten = replace(anonymous, anonymous_author_id=None)
    given(summary_from, forgotten, REVISED).when(redact(1)).refused(Forbidden, *SUMMARY_ID)


@pytest.mark.parametrize("number", [-(2**31), -1, 0, 3, 2**31 - 1])
def test_a_revision_that_is_not_there(number: int) -> None:
    assert "1 to 2" in HISTORY.when(redact(number)).refused(NotFound, *NUMBER).message


@pytest.mark.parametrize("number", [0, 1, 2])
def test_only_its_author_redacts(number: int) -> None:
    HISTORY.when(redact(number, BOB)).refused(Forbidden, *SUMMARY_ID)


@pytest.mark.parametrize("reason", ["", " \n", "x" * 1_001, "a\x00b", "half \ud83d"])
def test_a_reason_that_is_no_text(reason: str) -> None:
    HISTORY.when(redact(1, reason=reason)).refused(Invalid, "input", "reason")
    HISTORY.when(redact(1, BOB, reason)).refused(Invalid, "input", "reason")
