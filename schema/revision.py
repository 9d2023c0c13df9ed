"""Versions of a summary's text."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from projections.revision import RevisionRow
from schema.context import Info, Operation
from schema.fields import later, resolved
from schema.ids import NodeId
from schema.node import Node
from schema.scalars import HTML, LogPosition
from schema.user import Actor, load_actor

if TYPE_CHECKING:
    from schema.summary import Summary


@strawberry.type(description="One version of a summary's text.")
class Revision(Node):
    row: strawberry.Private[RevisionRow]
    as_of: strawberry.Private[datetime | None] = None  # the time that its summary is shown as of
    number: int = strawberry.field(description="Counted from 1, without gaps.")
    created_at: datetime = strawberry.field(
        description="As claimed by an import, otherwise when it was recorded."
    )
    recorded_at: datetime = strawberry.field(
        description="When the log took it: differs from createdAt for imported history."
    )
    position: LogPosition = strawberry.field(description="Its place in the log.")
    permalink: str = strawberry.field(description="The address of this version's page.")

    @resolved(description="The summary that it is a version of.")
    async def summary(self, info: Info) -> Annotated["Summary", strawberry.lazy("schema.summary")]:
        from schema.summary import load_summary

        found = await load_summary(info.context, self.row.summary_id, self.as_of)
        if found is None:
            raise LookupError(f"revision of summary {self.row.summary_id}, which is not there")
        return found

    @resolved(description="Who wrote this version.")
    async def editor(self, info: Info) -> Actor:
        return await load_actor(info.context, self.row.editor_id)

    @resolved(description="What its editor says about the change; null without a note.")
    def note(self, info: Info) -> str | None:
        payload = self.row.note_payload
        return None if payload is None else later(info.context.loaders.source.load(payload))

    @resolved(description="The text as written. Null when the revision was redacted.")
    async def body(self, info: Info) -> str | None:
        text = await info.context.loaders.text.load(self.row.body_payload)
        return None if text is None else text.source

    @resolved(description="The text to show. Null when the revision was redacted.")
    async def body_html(self, info: Info) -> HTML | None:
        text = await info.context.loaders.text.load(self.row.body_payload)
        return None if text is None else HTML(text.html)


def revision_from(row: RevisionRow, operation: Operation, as_of: datetime | None = None) -> Revision:
    return Revision(
        id=ID(str(NodeId("Revision", row.summary_id, row.number))),
        row=row,
        as_of=as_of,
        number=row.number,
        created_at=row.created_at,
        recorded_at=row.recorded_at,
        position=operation.log_position(row.position),
        permalink=f"{operation.tools.base_url}/summaries/{row.summary_id}/revisions/{row.number}",
    )


async def load_revision(
    operation: Operation, summary_id: UUID, number: int, as_of: datetime | None = None
) -> Revision | None:
    """Of a summary that the viewer may see."""
    row = await operation.loaders_at(as_of).revision.load((summary_id, number))
    return None if row is None else revision_from(row, operation, as_of)
