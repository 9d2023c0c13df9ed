"""Versions of a summary's text."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Optional
from uuid import UUID

import strawberry
from strawberry import ID

from projections.revision import RevisionRow
from schema.blame import BlameSpan, blame_of
from schema.citation import Citation, citation_of
from schema.context import Info, Operation
from schema.copies import copies_of, wanted_words
from schema.diff import Diff, diff_of
from schema.fields import ABSENT, later, resolved
from schema.ids import NodeId
from schema.node import Node
from schema.scalars import HTML, LogPosition
from schema.user import Actor, load_actor
from schema.verification import RevisionProof, proof_from

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
    permalink: str = strawberry.field(
        description="The address of this version's page. It never changes, and stays when the text goes."
    )
    redacted_at: datetime | None = strawberry.field(
        description="When its text was erased for good; null while it is there."
    )

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

    @resolved(
        description="The proof that the log has held this text since it was recorded; null until it is "
        "sealed, a moment after that. A redacted one proves that it was there."
    )
    async def proof(self, info: Info) -> RevisionProof | None:
        row = await info.context.loaders.proof.load((self.row.position, self.row.body_payload))
        return None if row is None else proof_from(row, self.row.position, info.context)

    @resolved(
        description="Against the revision before it; for the first one, everything is inserted. Revisions "
        "without text, and those that were not there as of the time asked for, are stepped over: `from` says "
        "which one it is against. When this one has no text itself, nothing is compared, and `redacted` says "
        "so."
    )
    async def diff(self, info: Info) -> Diff:
        return await diff_of(info.context, self.row, self.as_of)

    @resolved(
        description="Its text cut into spans, in order, each with the revision that introduced it; empty "
        "when it was redacted. One of the last moments may come late: then this waits, in the end with the "
        "error NOT_YET_VISIBLE."
    )
    async def blame(self, info: Info) -> list[BlameSpan]:
        row = self.row
        return await blame_of(info.context, (row.summary_id, row.number), row.body_payload, self.as_of)

    @resolved(description="How to cite it: it stays as it is, whatever comes after it.")
    async def citation(self, info: Info) -> Citation:
        return await citation_of(info.context, self.row, self.permalink)

    @resolved(description="The revision whose text it has again; null when it was written.")
    def restored_from(self, info: Info) -> Optional["Revision"]:
        number = self.row.restored
        if number is None:
            return None
        return later(load_revision(info.context, self.row.summary_id, number, self.as_of))

    @resolved(description="Who had its text erased; null while it is there.")
    async def redacted_by(self, info: Info) -> Actor | None:
        return await load_actor(info.context, self.row.redacted_by) if self.row.redacted_at else None

    @resolved(description="Why its text was erased, as far as whoever did it says.")
    def redaction_reason(self, info: Info) -> str | None:
        payload = self.row.redaction_payload
        return None if payload is None else later(info.context.loaders.source.load(payload))

    @resolved(
        description="For the summary's author, who may redact it; nobody else has any. Other revisions, "
        "before it and after it, whose texts are still there and have words of this one, in order: any line "
        "of it of two words or more, or four words in a row of a longer line, or fewer that this one was the "
        "first to say. Rather too many: with `words`, only those that hold these. The nearest revisions are "
        "looked at, at most 200 and four million characters. Without `words`, none when it was redacted."
    )
    async def copies(
        self,
        info: Info,
        words: Annotated[
            str | None,
            strawberry.argument(
                description="What is not to be seen, whatever the case and the white space in it: exactly "
                "the revisions that hold this are wanted."
            ),
        ] = ABSENT,
    ) -> list["Revision"]:
        row = self.row
        numbers = await copies_of(info.context, row.summary_id, row.number, wanted_words(words, ("words",)))
        return await load_revisions(info.context, row.summary_id, numbers, self.as_of)


def revision_from(row: RevisionRow, operation: Operation, as_of: datetime | None = None) -> Revision:
    return Revision(
        id=ID(str(NodeId("Revision", row.summary_id, row.number))),
        row=row,
        as_of=as_of,
        number=row.number,
        created_at=row.created_at,
        recorded_at=row.recorded_at,
        position=operation.log_position(row.position),
        redacted_at=row.redacted_at,
        permalink=f"{operation.tools.base_url}/summaries/{row.summary_id}/revisions/{row.number}",
    )


async def load_revision(
    operation: Operation, summary_id: UUID, number: int, as_of: datetime | None = None
) -> Revision | None:
    """Of a summary that the viewer may see."""
    row = await operation.loaders_at(as_of).revision.load((summary_id, number))
    return None if row is None else revision_from(row, operation, as_of)


async def load_revisions(
    operation: Operation, summary_id: UUID, numbers: list[int], as_of: datetime | None = None
) -> list[Revision]:
    """Of a summary that the viewer may see, without those that were not there yet."""
    keys = [(summary_id, number) for number in numbers]
    rows = await operation.loaders_at(as_of).revision.load_many(keys)
    return [revision_from(row, operation, as_of) for row in rows if row is not None]
