"""Who introduced which words: a text cut into spans, each with its revision."""

from datetime import datetime
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from schema.awaiting import Number
from schema.context import Info, Operation
from schema.fields import later, resolved
from service.text.blame import BlameRow

if TYPE_CHECKING:
    from schema.revision import Revision


@strawberry.type(description="A stretch of a text, and where its words come from.")
class BlameSpan:
    summary_id: strawberry.Private[UUID]
    number: strawberry.Private[int]
    as_of: strawberry.Private[datetime | None]
    text: str = strawberry.field(description="The stretch as written. Joined, the spans are the text.")

    @resolved(description="The revision that introduced it: the first surviving one that has it.")
    def revision(self, info: Info) -> Annotated["Revision", strawberry.lazy("schema.revision")]:
        return later(_introducing(info.context, self))


async def blame_of(
    operation: Operation, number: Number, payload: UUID, as_of: datetime | None
) -> list[BlameSpan]:
    """A revision's text in spans; none when it was redacted. Errors: GraphQLError NOT_YET_VISIBLE."""
    text = await operation.loaders.source.load(payload)
    if text is None:
        return []
    row: BlameRow = await operation.blame.load(number)
    cuts = pairwise(accumulate(row.lengths, initial=0))
    return [
        BlameSpan(summary_id=number[0], number=origin, as_of=as_of, text=text[start:end])
        for (start, end), origin in zip(cuts, row.origins, strict=True)
    ]


async def _introducing(operation: Operation, span: BlameSpan) -> "Revision":
    from schema.revision import revision_from

    row = await operation.loaders.revision.load((span.summary_id, span.number))
    if row is None:
        raise LookupError(f"revision {span.number} of summary {span.summary_id}, which is not there")
    return revision_from(row, operation, span.as_of)
