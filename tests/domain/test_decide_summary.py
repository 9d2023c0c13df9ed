from dataclasses import replace
from uuid import UUID

import pytest

from service.domain import limits
from service.domain.errors import Forbidden, Invalid, NotFound, RevisedMeanwhile
from service.domain.events import (
    DomainEvent,
    PaperRegistered,
    SubjectKind,
    SummaryPublished,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
    VoteCast,
    VoteValue,
)
from service.domain.summary import (
    decide_publish,
    decide_retract,
    decide_revise,
    decide_set_visibility,
    seen,
    summary_from,
)
from tests.domain.given import given

PAPER, SUMMARY, ADA, BOB, VOTE = (UUID(int=n) for n in range(1, 6))
BODY = "Faces as points:\r\n\ttriplets of $x_i$ \u2028 e\u0301\n"

PUBLISHED = SummaryPublished(
    originator_id=SUMMARY,
    originator_version=1,
    paper_id=PAPER,
    author_id=ADA,
    visibility=Visibility.PUBLIC,
    body=BODY,
    note="first",
)
REVISED = SummaryRevised(originator_id=SUMMARY, originator_version=2, revision=2, body="Better.", note="why")
HIDDEN = SummaryVisibilitySet(originator_id=SUMMARY, originator_version=2, visibility=Visibility.PRIVATE)
RETRACTED = SummaryRetracted(originator_id=SUMMARY, originator_version=2, reason="wrong")


def publish(body: str, note: str | None = "first"):
    return lambda _: decide_publish(SUMMARY, PAPER, ADA, body, note, Visibility.PUBLIC, VOTE)


def revise(body: str, expected: int, editor: UUID = ADA, note: str | None = "why"):
    return lambda state: decide_revise(state, editor, body, note, expected)


def test_publishing_keeps_the_body_as_written_and_votes_for_it() -> None:
    vote = VoteCast(
        originator_id=VOTE,
        originator_version=1,
        subject_id=SUMMARY,
        subject_kind=SubjectKind.SUMMARY,
        value=VoteValue.UP,
        voter_id=ADA,
    )
    given(summary_from).when(publish(BODY)).then(PUBLISHED, vote)


@pytest.mark.parametrize(
    "body", ["", " \r\n\t", "\u200b\u2003", "a\x00b", "a\x1bb", "half \ud83d", "x" * 100_001]
)
def test_a_body_that_is_no_text_is_refused(body: str) -> None:
    given(summary_from).when(publish(body)).refused(Invalid, "input", "body")


def test_the_longest_body_is_taken_and_one_more_is_refused_with_both_numbers() -> None:
    assert len(given(summary_from).when(publish("é" * limits.BODY)).events) == 2
    error = given(summary_from).when(publish("é" * (limits.BODY + 1))).refused(Invalid, "input", "body")
    assert "100,001" in error.message
    assert "100,000" in error.message


def test_a_note_has_its_own_limit() -> None:
    given(summary_from).when(publish("x", "n" * 1_001)).refused(Invalid, "input", "note")
    given(summary_from, PUBLISHED).when(revise("x", 1, note=" ")).refused(Invalid, "input", "note")


def test_revising_counts_up() -> None:
    given(summary_from, PUBLISHED).when(revise("Better.", 1)).then(REVISED)


def test_the_same_text_again_appends_nothing() -> None:
    given(summary_from, PUBLISHED).when(revise(BODY, 1)).then()
    given(summary_from, PUBLISHED, REVISED).when(revise("Better.", 2)).then()


def test_a_text_that_was_erased_is_not_the_same_text() -> None:
    erased = SummaryPublished(
        originator_id=SUMMARY,
        originator_version=1,
        paper_id=PAPER,
        author_id=ADA,
        visibility=Visibility.PUBLIC,
    )
    given(summary_from, erased).when(revise("Better.", 1)).then(REVISED)


@pytest.mark.parametrize("expected", [-1, 0, 1, 3])
@pytest.mark.parametrize("body", ["Worse.", "Better."])
def test_another_revision_than_the_current_one_is_told_the_current_one(body: str, expected: int) -> None:
    error = (
        given(summary_from, PUBLISHED, REVISED)
        .when(revise(body, expected))
        .refused(RevisedMeanwhile, "input", "expectedRevision")
    )
    assert isinstance(error, RevisedMeanwhile)
    assert error.current_revision == 2


def test_visibility_counts_as_a_version_but_not_as_a_revision() -> None:
    given(summary_from, PUBLISHED, HIDDEN).when(revise("Better.", 1)).then(
        SummaryRevised(originator_id=SUMMARY, originator_version=3, revision=2, body="Better.", note="why")
    )


def test_visibility_is_set_once() -> None:
    def hide(state):
        return decide_set_visibility(state, ADA, Visibility.PRIVATE)

    given(summary_from, PUBLISHED).when(hide).then(HIDDEN)
    given(summary_from, PUBLISHED, HIDDEN).when(hide).then()


def test_retracting_is_for_good() -> None:
    def retract(state):
        return decide_retract(state, ADA, "wrong")

    given(summary_from, PUBLISHED).when(retract).then(RETRACTED)
    given(summary_from, PUBLISHED, RETRACTED).when(retract).then()
    retracted = given(summary_from, PUBLISHED, RETRACTED)
    retracted.when(revise("Better.", 1)).refused(Invalid, "input", "summaryId")
    retracted.when(lambda state: decide_set_visibility(state, ADA, Visibility.PUBLIC)).refused(
        Invalid, "input", "summaryId"
    )


def test_only_the_author_changes_a_summary() -> None:
    published = given(summary_from, PUBLISHED)
    published.when(revise("Better.", 1, editor=BOB)).refused(Forbidden, "input", "summaryId")
    published.when(lambda state: decide_retract(state, BOB, None)).refused(Forbidden, "input", "summaryId")
    published.when(lambda state: decide_set_visibility(state, BOB, Visibility.PUBLIC)).refused(
        Forbidden, "input", "summaryId"
    )


def test_what_is_hidden_looks_like_what_is_unknown() -> None:
    with pytest.raises(NotFound) as unknown:
        seen(summary_from([]), BOB, ("input", "summaryId"))
    for events in ([PUBLISHED, HIDDEN], [PUBLISHED, RETRACTED]):
        state = summary_from(events)
        assert seen(state, ADA, ("input", "summaryId")) == state
        with pytest.raises(NotFound) as hidden:
            seen(state, BOB, ("input", "summaryId"))
        assert (hidden.value.message, hidden.value.path) == (unknown.value.message, unknown.value.path)


def test_another_thing_is_no_summary() -> None:
    paper = PaperRegistered(
        originator_id=PAPER, originator_version=1, bibtex_key="k", title="t", authors=("a",)
    )
    assert summary_from([paper]) is None


def test_a_stream_that_begins_in_its_middle_is_an_error() -> None:
    with pytest.raises(ValueError, match="SummaryPublished"):
        summary_from([REVISED])


ANONYMOUS = replace(PUBLISHED, author_id=None, anonymous_author_id=ADA)
FORGOTTEN = replace(PUBLISHED, author_id=None, anonymous_author_id=None)


def test_publishing_anonymously_names_the_author_only_where_it_can_be_erased() -> None:
    def decide(_: object) -> tuple[DomainEvent, ...]:
        return decide_publish(SUMMARY, PAPER, ADA, BODY, "first", Visibility.PUBLIC, VOTE, anonymous=True)

    outcome = given(summary_from).when(decide)
    assert outcome.events[0] == ANONYMOUS
    assert isinstance(outcome.events[1], VoteCast)


def test_the_anonymous_author_can_change_it() -> None:
    given(summary_from, ANONYMOUS).when(revise("Better.", 1)).then(REVISED)
    given(summary_from, ANONYMOUS).when(revise("x", 1, BOB)).refused(Forbidden, "input", "summaryId")


@pytest.mark.parametrize("editor", [ADA, BOB, None])
def test_nobody_can_when_it_is_forgotten_who_wrote_it(editor: UUID | None) -> None:
    path = ("input", "summaryId")
    state = given(summary_from, FORGOTTEN)
    assert (state.state.author_id, state.state.anonymous) == (None, True)
    state.when(lambda s: decide_revise(s, editor, "x", None, 1)).refused(Forbidden, *path)
    if editor is not None:
        state.when(lambda s: decide_retract(s, editor, None)).refused(Forbidden, *path)
        state.when(lambda s: decide_set_visibility(s, editor, Visibility.PRIVATE)).refused(Forbidden, *path)
