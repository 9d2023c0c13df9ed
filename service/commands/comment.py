"""Posting, editing and removing comments."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from service.commands.context import Context, Decision, Done, execute
from service.commands.summary import summary_of
from service.domain import comment
from service.domain.comment import Comment
from service.domain.errors import NotFound
from service.domain.limits import Path
from service.eventstore.model import Contents

COMMENT_ID: Path = ("input", "commentId")
PARENT_ID: Path = ("input", "parentId")


@dataclass(frozen=True, slots=True)
class PostComment:
    summary_id: UUID
    parent_id: UUID | None
    body: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class EditComment:
    comment_id: UUID
    body: str
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class RemoveComment:
    comment_id: UUID
    idempotency_key: str | None = None


async def post_comment(ctx: Context, command: PostComment) -> Done:
    """Comment on a summary's current revision, or reply to a comment on it.

    Errors: Unauthenticated, NotFound, Invalid, KeyReused.
    """
    author, comment_id = ctx.signed_in(), ctx.new_id()

    async def decide() -> Decision:
        subject, parent = await asyncio.gather(
            summary_of(ctx, command.summary_id), _parent_of(ctx, command.parent_id)
        )
        return Decision(comment_id, comment.decide_post(comment_id, subject, parent, author, command.body))

    return await execute(ctx, command, decide)


async def edit_comment(ctx: Context, command: EditComment) -> Done:
    """The same text again appends nothing. Errors: as `post_comment`, and Forbidden."""
    editor = ctx.signed_in()

    async def decide() -> Decision:
        state = await comment_of(ctx, command.comment_id, contents="latest")
        return Decision(state.id, comment.decide_edit(state, editor, command.body))

    return await execute(ctx, command, decide)


async def remove_comment(ctx: Context, command: RemoveComment) -> Done:
    """Its place in the thread stays. Errors: Unauthenticated, NotFound, Forbidden, KeyReused."""
    editor = ctx.signed_in()

    async def decide() -> Decision:
        state = await comment_of(ctx, command.comment_id)
        return Decision(state.id, comment.decide_remove(state, editor))

    return await execute(ctx, command, decide)


async def comment_of(
    ctx: Context, comment_id: UUID, path: Path = COMMENT_ID, *, contents: Contents = "none"
) -> Comment:
    """A comment that the actor may see; its body only with the contents "latest".

    Errors: NotFound, the same for hidden and for unknown.
    """
    recorded = await ctx.store.load(comment_id, contents=contents)
    state = comment.found(comment.comment_from(item.event for item in recorded), path)
    try:
        await summary_of(ctx, state.summary_id)
    except NotFound:
        raise comment.not_found(path) from None
    return state


async def _parent_of(ctx: Context, parent_id: UUID | None) -> Comment | None:
    return None if parent_id is None else await comment_of(ctx, parent_id, PARENT_ID)
