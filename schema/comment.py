"""Comments and their threads."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Optional
from uuid import UUID

import strawberry
from strawberry import ID

from projections.comment import CommentRow
from projections.text import TextRow
from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.fields import ABSENT, later, resolved
from schema.ids import NodeId
from schema.node import Node
from schema.scalars import HTML
from schema.user import Actor, load_actor
from schema.vote import Votable, score_of
from service.domain.policy import may_edit_comment

if TYPE_CHECKING:
    from schema.summary import Summary

OF_SUMMARY = Order("summary.comments", (datetime, UUID))
OF_COMMENT = Order("comment.replies", (datetime, UUID))


@strawberry.type(description="A comment on a summary, or a reply to one.")
class Comment(Node, Votable):
    row: strawberry.Private[CommentRow]
    as_of: strawberry.Private[datetime | None] = None
    on_revision: int = strawberry.field(description="The summary's revision that the comment was written on.")
    viewer_can_edit: bool = strawberry.field(description="Whether the viewer may edit and remove it.")
    created_at: datetime = strawberry.field(description="When it was posted.")
    edited_at: datetime | None = strawberry.field(description="When its text last changed; null if never.")

    @resolved(description="The summary that it is about.")
    async def summary(self, info: Info) -> Annotated["Summary", strawberry.lazy("schema.summary")]:
        from schema.summary import load_summary

        found = await load_summary(info.context, self.row.summary_id, self.as_of)
        if found is None:
            raise LookupError(f"comment on summary {self.row.summary_id}, which is not there")
        return found

    @resolved(
        description="Its place on its summary's page, which shows 50 comments at each place of a thread, and "
        "eight levels of them."
    )
    def permalink(self, info: Info) -> str:
        base_url, row = info.context.tools.base_url, self.row
        return f"{base_url}/summaries/{row.summary_id}#comment-{row.comment_id}"

    @resolved(description="What it replies to; null at the top of a thread.")
    def parent(self, info: Info) -> Optional["Comment"]:
        parent = self.row.parent_id
        return None if parent is None else later(load_comment(info.context, parent, self.as_of))

    @resolved(description="Who wrote it.")
    async def author(self, info: Info) -> Actor:
        return await load_actor(info.context, self.row.author_id)

    @resolved(description="The text as written. Null when removed; the place in the thread stays.")
    async def body(self, info: Info) -> str | None:
        text = await self._text(info.context)
        return None if text is None else text.source

    @resolved(description="The text to show. Null when removed.")
    async def body_html(self, info: Info) -> HTML | None:
        text = await self._text(info.context)
        return None if text is None else HTML(text.html)

    @resolved(description="Replies to it, oldest first.")
    def replies(self, info: Info, first: First = 20, after: After = ABSENT) -> Connection["Comment"]:
        loaders, of = info.context.loaders_at(self.as_of), self.row.comment_id
        asked = page(order := OF_COMMENT.narrowed(of).narrowed(self.as_of), first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.replies_of_comment.load((of, asked)),
                count=lambda: loaders.count_of_replies.load(of),
                node=lambda row: comment_from(row, info.context, self.as_of),
                cursor=lambda row: order.cursor(row.key()),
                page=asked,
            )
        )

    async def _text(self, operation: Operation) -> TextRow | None:
        return None if self.row.removed else await operation.loaders.text.load(self.row.body_payload)


def comment_from(row: CommentRow, operation: Operation, as_of: datetime | None = None) -> Comment:
    return Comment(
        id=ID(str(NodeId("Comment", row.comment_id))),
        row=row,
        as_of=as_of,
        score=score_of(row.comment_id, row.up, row.down, as_of),
        on_revision=row.on_revision,
        viewer_can_edit=may_edit_comment(operation.viewer, row.author_id, row.removed),
        created_at=row.created_at,
        edited_at=row.edited_at,
    )


def comments_of(
    operation: Operation, summary_id: UUID, first: int, after: str | None, as_of: datetime | None = None
) -> Connection[Comment]:
    """The top of a summary's threads."""
    order, loaders = OF_SUMMARY.narrowed(summary_id).narrowed(as_of), operation.loaders_at(as_of)
    asked = page(order, first, after)
    return Connection(
        source=Source(
            load=lambda: loaders.comments_of_summary.load((summary_id, asked)),
            count=lambda: loaders.count_of_summary.load(summary_id),
            node=lambda row: comment_from(row, operation, as_of),
            cursor=lambda row: order.cursor(row.key()),
            page=asked,
        )
    )


async def load_comment(
    operation: Operation, comment_id: UUID, as_of: datetime | None = None
) -> Comment | None:
    row = await operation.loaders_at(as_of).comment.load(comment_id)
    return None if row is None else comment_from(row, operation, as_of)
