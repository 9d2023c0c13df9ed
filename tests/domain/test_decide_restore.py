from uuid import UUID

import pytest

from service.domain.errors import Forbidden, Invalid, NotFound, RevisedMeanwhile
from service.domain.events import (
    RevisionRedacted,
    SummaryPublished,
    SummaryRestored,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
)
from service.domain.summary import decide_restore, decide_revise, summary_from
from tests.domain.given import given

PAPER, SUMMARY, ADA, BOB = (UUID(int=n) for n in range(1, 5))
SUMMARY_ID, NUMBER = ("input", "summaryId"), ("input", "number")
FIRST = "Faces as points:\r\n\te\u0301 \u2028\n"

PUBLISHED = SummaryPublished(
    originator_id=SUMMARY,
    originator_version=1,
    paper_id=PAPER,
    author_id=ADA,
    visibility=Visibility.PUBLIC,
    body=FIRST,
)
REVISED = SummaryRevised(originator_id=SUMMARY, originator_version=2, revision=2, body="Better.")
RESTORED = SummaryRestored(
    originator_id=SUMMARY, originator_version=3, revision=3, restored=1, body=FIRST, note="why"
)
REDACTED = RevisionRedacted(originator_id=SUMMARY, originator_version=3, revision=1)
RETRACTED = SummaryRetracted(originator_id=SUMMARY, originator_version=3)
HIDDEN = SummaryVisibilitySet(originator_id=SUMMARY, originator_version=3, visibility=Visibility.PRIVATE)


def restore(number: int, body: str | None, expected: int, editor: UUID = ADA, note: str | None = "why"):
    return lambda state: decide_restore(state, editor, number, body, note, expected)


def test_restoring_is_a_new_revision_with_the_text_as_it_was() -> None:
    given(summary_from, PUBLISHED, REVISED).when(restore(1, FIRST, 2)).then(RESTORED)


def test_what_was_restored_is_the_current_text() -> None:
    restored = given(summary_from, PUBLISHED, REVISED, RESTORED)
    assert (restored.state.revision, restored.state.body) == (3, FIRST)
    restored.when(restore(1, FIRST, 3)).then()
    restored.when(lambda state: decide_revise(state, ADA, FIRST, None, 3)).then()
    restored.when(restore(2, "Better.", 3)).then(
        SummaryRestored(
            originator_id=SUMMARY, originator_version=4, revision=4, restored=2, body="Better.", note="why"
        )
    )


def test_the_current_text_again_appends_nothing() -> None:
    given(summary_from, PUBLISHED, REVISED).when(restore(2, "Better.", 2)).then()
    given(summary_from, PUBLISHED).when(restore(1, FIRST, 1)).then()


def test_visibility_counts_as_a_version_but_not_as_a_revision() -> None:
    given(summary_from, PUBLISHED, REVISED, HIDDEN).when(restore(1, FIRST, 2)).then(
        SummaryRestored(
            originator_id=SUMMARY, originator_version=4, revision=3, restored=1, body=FIRST, note="why"
        )
    )


@pytest.mark.parametrize("number", [-(2**31), -1, 0, 3, 2**31 - 1])
def test_a_revision_that_is_not_there(number: int) -> None:
    refused = given(summary_from, PUBLISHED, REVISED).when(restore(number, None, 2))
    assert "1 to 2" in refused.refused(NotFound, *NUMBER).message


@pytest.mark.parametrize("expected", [-1, 0, 1, 3])
@pytest.mark.parametrize("number", [1, 2])
def test_another_revision_than_the_current_one_is_told_the_current_one(number: int, expected: int) -> None:
    outcome = given(summary_from, PUBLISHED, REVISED).when(restore(number, "any", expected))
    error = outcome.refused(RevisedMeanwhile, "input", "expectedRevision")
    assert isinstance(error, RevisedMeanwhile)
    assert error.current_revision == 2


def test_what_was_redacted_stays_away() -> None:
    redacted = given(summary_from, PUBLISHED, REVISED, REDACTED)
    assert "redacted" in redacted.when(restore(1, None, 2)).refused(Invalid, *NUMBER).message


def test_when_the_current_text_is_gone_an_earlier_one_is_another_text() -> None:
    gone = SummaryRevised(originator_id=SUMMARY, originator_version=2, revision=2)
    redacted = RevisionRedacted(originator_id=SUMMARY, originator_version=3, revision=2)
    given(summary_from, PUBLISHED, gone, redacted).when(restore(1, FIRST, 2)).then(
        SummaryRestored(
            originator_id=SUMMARY, originator_version=4, revision=3, restored=1, body=FIRST, note="why"
        )
    )


def test_a_note_has_its_limit() -> None:
    given(summary_from, PUBLISHED, REVISED).when(restore(1, FIRST, 2, note="n" * 1_001)).refused(
        Invalid, "input", "note"
    )


def test_only_its_author_restores_and_not_when_it_is_retracted() -> None:
    given(summary_from, PUBLISHED, REVISED).when(restore(1, FIRST, 2, BOB)).refused(Forbidden, *SUMMARY_ID)
    retracted = given(summary_from, PUBLISHED, REVISED, RETRACTED)
    retracted.when(restore(1, FIRST, 2)).refused(Invalid, *SUMMARY_ID)
    retracted.when(restore(1, FIRST, 2, BOB)).refused(Forbidden, *SUMMARY_ID)
