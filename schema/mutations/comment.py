"""Posting, editing and removing comments."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry
from strawberry import ID

from schema.comment import Comment, load_comment
from schema.context import Info, Operation, changed
from schema.errors import AccessError, NotFoundError, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.ids import uuid_of
from schema.mutations.keys import KEY
from schema.scalars import LogPosition
from service.commands import comment as commands
from service.commands.context import Context, Done

C = TypeVar("C")
COMMENT_ID = ("input", "commentId")


@strawberry.input(description="A comment to post.")
class PostCommentInput:
    summary_id: ID = strawberry.field(description="The summary that it is about.")
    parent_id: ID | None = strawberry.field(default=ABSENT, description="The comment of it to reply to.")
    body: str = strawberry.field(description="Markdown with LaTeX, at most 20,000 characters.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="A new text for a comment.")
class EditCommentInput:
    comment_id: ID = strawberry.field(description="The comment to edit.")
    body: str = strawberry.field(description="The whole new text, at most 20,000 characters.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="A comment to remove.")
class RemoveCommentInput:
    comment_id: ID = strawberry.field(description="The comment to remove.")
    idempotency_key: ID | None = KEY


@strawberry.type(description="The comment is changed.")
class CommentPayload:
    comment_id: strawberry.Private[UUID]
    position: LogPosition = strawberry.field(description="Where the change is in the log.")

    @resolved(description="The comment as it is now.")
    async def comment(self, info: Info) -> Comment:
        return await changed(info.context, self.position, load_comment(info.context, self.comment_id))


CommentResult = Annotated[
    CommentPayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("CommentResult", description="The comment, or why it was not changed."),
]

Post = Annotated[PostCommentInput, strawberry.argument(description="What to post.")]
Edit = Annotated[EditCommentInput, strawberry.argument(description="What to edit, and how.")]
Remove = Annotated[RemoveCommentInput, strawberry.argument(description="What to remove.")]


@strawberry.type
class CommentMutations:
    @mutation(description="Comment on a summary's current revision, or reply to a comment.")
    async def post_comment(self, info: Info, input: Post) -> CommentResult:
        parent = given(input.parent_id)
        command = commands.PostComment(
            summary_id=uuid_of(input.summary_id, ("input", "summaryId"), "Summary"),
            parent_id=None if parent is None else uuid_of(parent, ("input", "parentId"), "Comment"),
            body=input.body,
            idempotency_key=given(input.idempotency_key),
        )
        return await _perform(info.context, commands.post_comment, command)

    @mutation(description="Give a comment a new text. The same text again appends nothing.")
    async def edit_comment(self, info: Info, input: Edit) -> CommentResult:
        comment_id = uuid_of(input.comment_id, COMMENT_ID, "Comment")
        command = commands.EditComment(comment_id, input.body, given(input.idempotency_key))
        return await _perform(info.context, commands.edit_comment, command)

    @mutation(description="Remove a comment's text. Its place in the thread stays.")
    async def remove_comment(self, info: Info, input: Remove) -> CommentResult:
        comment_id = uuid_of(input.comment_id, COMMENT_ID, "Comment")
        command = commands.RemoveComment(comment_id, given(input.idempotency_key))
        return await _perform(info.context, commands.remove_comment, command)


async def _perform(
    operation: Operation, act: Callable[[Context, C], Awaitable[Done]], command: C
) -> CommentPayload:
    done = await operation.perform(act, command)
    return CommentPayload(comment_id=done.id, position=operation.log_position(done.position))
