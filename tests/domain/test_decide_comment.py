from dataclasses import replace
from uuid import UUID

import pytest

from service.domain.comment import comment_from, decide_edit, decide_post, decide_remove
from service.domain.errors import Forbidden, Invalid
from service.domain.events import CommentEdited, CommentPosted, CommentRemoved, Visibility
from service.domain.summary import Summary
from tests.domain.given import given

SUMMARY, PAPER, ADA, BOB, COMMENT, REPLY, OTHER = (UUID(int=n) for n in range(1, 8))
SUMMARY_NOW = Summary(SUMMARY, 4, PAPER, ADA, Visibility.PUBLIC, 3, "text")

POSTED = CommentPosted(
    originator_id=COMMENT, originator_version=1, summary_id=SUMMARY, author_id=BOB, on_revision=3, body="Why?"
)
EDITED = CommentEdited(originator_id=COMMENT, originator_version=2, body="Why not?")
REMOVED = CommentRemoved(originator_id=COMMENT, originator_version=2)


def reply(body: str = "Because.", summary: Summary = SUMMARY_NOW):
    return lambda parent: decide_post(REPLY, summary, parent, ADA, body)


def test_a_comment_is_pinned_to_the_revision_that_it_was_written_on() -> None:
    given(comment_from).when(lambda _: decide_post(COMMENT, SUMMARY_NOW, None, BOB, "Why?")).then(POSTED)


def test_a_reply_names_its_parent() -> None:
    given(comment_from, POSTED).when(reply()).then(
        CommentPosted(
            originator_id=REPLY,
            originator_version=1,
            summary_id=SUMMARY,
            author_id=ADA,
            on_revision=3,
            parent_id=COMMENT,
            body="Because.",
        )
    )


def test_a_parent_must_be_on_the_same_summary_and_still_there() -> None:
    elsewhere = replace(SUMMARY_NOW, id=OTHER)
    given(comment_from, POSTED).when(reply(summary=elsewhere)).refused(Invalid, "input", "parentId")
    given(comment_from, POSTED, REMOVED).when(reply()).refused(Invalid, "input", "parentId")


def test_a_retracted_summary_takes_no_comments() -> None:
    retracted = replace(SUMMARY_NOW, retracted=True)
    given(comment_from).when(reply(summary=retracted)).refused(Invalid, "input", "summaryId")


@pytest.mark.parametrize("body", ["", "\n", "\x00", "x" * 20_001, "\udfff"])
def test_a_comment_is_a_text(body: str) -> None:
    given(comment_from).when(reply(body)).refused(Invalid, "input", "body")
    given(comment_from, POSTED).when(lambda c: decide_edit(c, BOB, body)).refused(Invalid, "input", "body")


def test_editing_with_the_same_text_appends_nothing() -> None:
    given(comment_from, POSTED).when(lambda c: decide_edit(c, BOB, "Why not?")).then(EDITED)
    given(comment_from, POSTED, EDITED).when(lambda c: decide_edit(c, BOB, "Why not?")).then()


def test_removing_twice_appends_nothing() -> None:
    given(comment_from, POSTED).when(lambda c: decide_remove(c, BOB)).then(REMOVED)
    given(comment_from, POSTED, REMOVED).when(lambda c: decide_remove(c, BOB)).then()


def test_a_removed_comment_cannot_be_edited() -> None:
    given(comment_from, POSTED, REMOVED).when(lambda c: decide_edit(c, BOB, "Again")).refused(
        Invalid, "input", "commentId"
    )


@pytest.mark.parametrize("events", [(POSTED,), (POSTED, REMOVED)])
def test_only_the_author_changes_a_comment(events: tuple[CommentPosted, ...]) -> None:
    changed = given(comment_from, *events)
    changed.when(lambda c: decide_edit(c, ADA, "Mine")).refused(Forbidden, "input", "commentId")
    changed.when(lambda c: decide_remove(c, ADA)).refused(Forbidden, "input", "commentId")


def test_a_stream_that_begins_in_its_middle_is_an_error() -> None:
    with pytest.raises(ValueError, match="CommentPosted"):
        comment_from([EDITED])
