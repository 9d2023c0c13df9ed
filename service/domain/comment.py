"""Comments: threads on a summary. A removed one keeps its place."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from service.domain import limits, policy
from service.domain.errors import Forbidden, Invalid, NotFound
from service.domain.events import CommentEdited, CommentPosted, CommentRemoved, DomainEvent
from service.domain.limits import Path
from service.domain.summary import Summary

CommentEvent = CommentPosted | CommentEdited | CommentRemoved


@dataclass(frozen=True, slots=True)
class Comment:
    """What decisions need to know. body is None when it was erased or not loaded."""

    id: UUID
    version: int
    summary_id: UUID
    author_id: UUID
    body: str | None
    removed: bool = False


def evolve(state: Comment | None, event: CommentEvent) -> Comment:
    if isinstance(event, CommentPosted):
        return _posted(event)
    if state is None:
        raise ValueError(f"comment {event.originator_id} does not begin with CommentPosted")
    state = replace(state, version=event.originator_version)
    match event:
        case CommentEdited():
            return replace(state, body=event.body)
        case CommentRemoved():
            return replace(state, removed=True)
        case _:
            assert_never(event)


def comment_from(events: Iterable[DomainEvent]) -> Comment | None:
    """A comment's state; None for an empty stream, or for that of another thing."""
    state: Comment | None = None
    for event in events:
        if not isinstance(event, CommentEvent):
            return None
        state = evolve(state, event)
    return state


def found(state: Comment | None, path: Path) -> Comment:
    """The comment. Errors: NotFound. Whether the viewer may see its summary is asked apart."""
    if state is None:
        raise not_found(path)
    return state


def not_found(path: Path) -> NotFound:
    """The same for a comment that is hidden and for one that is unknown."""
    return NotFound(f"There is no comment with this {path[-1]}, or you may not see it.", path=path)


def decide_post(
    comment_id: UUID, summary: Summary, parent: Comment | None, author_id: UUID, body: str
) -> tuple[CommentPosted, ...]:
    """Comment on a summary as it is now, or reply to one of its comments.

    A removed comment takes no replies: nobody could tell what they answer. Those it has stay.

    Errors: Invalid.
    """
    kept = limits.text(body, limits.COMMENT, ("input", "body"))
    _check_open(summary, author_id)
    if parent is not None:
        _check_parent(summary, parent)
    return (
        CommentPosted(
            originator_id=comment_id,
            originator_version=1,
            summary_id=summary.id,
            author_id=author_id,
            on_revision=summary.revision,
            parent_id=None if parent is None else parent.id,
            body=kept,
        ),
    )


def decide_edit(state: Comment, editor: UUID, body: str) -> tuple[CommentEdited, ...]:
    """Change the text; the same text changes nothing. Errors: Forbidden, Invalid."""
    kept = limits.text(body, limits.COMMENT, ("input", "body"))
    _check_author(state, editor)
    if kept == state.body:
        return ()
    return (CommentEdited(originator_id=state.id, originator_version=state.version + 1, body=kept),)


def decide_remove(state: Comment, editor: UUID) -> tuple[CommentRemoved, ...]:
    """Take the text away; twice changes nothing. Errors: Forbidden."""
    if state.removed and editor == state.author_id:
        return ()
    _check_author(state, editor)
    return (CommentRemoved(originator_id=state.id, originator_version=state.version + 1),)


def _posted(event: CommentPosted) -> Comment:
    return Comment(
        id=event.originator_id,
        version=event.originator_version,
        summary_id=event.summary_id,
        author_id=event.author_id,
        body=event.body,
    )


def _check_open(summary: Summary, author_id: UUID) -> None:
    if not policy.may_take_part(author_id, summary.retracted):
        raise Invalid("This summary is retracted: it takes no more comments.", path=("input", "summaryId"))


def _check_parent(summary: Summary, parent: Comment) -> None:
    path = ("input", "parentId")
    if parent.summary_id != summary.id:
        raise Invalid("This comment is on another summary: reply to it there.", path=path)
    if parent.removed:
        raise Invalid("This comment was removed: reply to another one, or leave parentId out.", path=path)


def _check_author(state: Comment, editor: UUID) -> None:
    path = ("input", "commentId")
    if policy.may_edit_comment(editor, state.author_id, state.removed):
        return
    if editor == state.author_id:
        raise Invalid("This comment was removed and cannot be changed: post a new one.", path=path)
    raise Forbidden("Only its author may change a comment: reply to it instead.", path=path)
