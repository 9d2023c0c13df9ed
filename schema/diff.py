"""What changed from one revision to another."""

from datetime import datetime
from uuid import UUID

import strawberry

from projections.revision import RevisionRow
from projections.survivors import Version
from schema.comparing import Pair
from schema.context import Info, Operation
from schema.enums import DiffOp
from schema.fields import resolved
from service.domain.errors import Invalid
from service.text.difference import Difference

NOTHING = Difference((), 0, 0)


@strawberry.type(
    description="A stretch of text that stayed, came or went. Stretches begin and end with words."
)
class DiffSpan:
    op: DiffOp = strawberry.field(description="What became of it.")
    text: str = strawberry.field(description="The text itself, as written.")


@strawberry.type(
    description="From one text to another, word by word. EQUAL and DELETE joined are the text `from`, EQUAL "
    "and INSERT the text `to`, byte for byte."
)
class Diff:
    pair: strawberry.Private[Pair | None]  # None: nothing can be compared
    from_: int | None = strawberry.field(
        name="from",
        description="The number of the older text's revision; null when there is none, and all is inserted.",
    )
    to: int = strawberry.field(description="The number of the newer text's revision.")
    redacted: list[int] = strawberry.field(
        description="Which of the two have no text any more: then there is nothing to compare, no spans, and "
        "an empty patch."
    )

    @resolved(description="How many words came.")
    async def inserted_words(self, info: Info) -> int:
        return (await self._difference(info.context)).inserted_words

    @resolved(description="How many words went.")
    async def deleted_words(self, info: Info) -> int:
        return (await self._difference(info.context)).deleted_words

    @resolved(
        description="The change by lines, as a unified diff of files revision-FROM and revision-TO; of "
        "/dev/null when there is no older text. With the older text in FILE, `patch FILE` reads it and makes "
        "the newer one, byte for byte. Empty when the texts are equal."
    )
    async def unified(self, info: Info) -> str:
        return "" if self.pair is None else str(await info.context.loaders.unified.load(self.pair))

    @resolved(
        description="All of both texts, in the order of reading. Where words were rewritten, DELETE comes "
        "before INSERT."
    )
    async def spans(self, info: Info) -> list[DiffSpan]:
        found = await self._difference(info.context)
        return [DiffSpan(op=DiffOp[span.op], text=span.text) for span in found.spans]

    async def _difference(self, operation: Operation) -> Difference:
        if self.pair is None:
            return NOTHING
        found: Difference = await operation.loaders.difference.load(self.pair)
        return found


async def diff_of(operation: Operation, row: RevisionRow, as_of: datetime | None) -> Diff:
    """A revision's, against the nearest one before it, of that time, whose text survives.

    Errors: as `Bench.enter`.
    """
    operation.bench.enter()
    loaders, version = operation.loaders_at(as_of), Version(row.number, row.body_payload)
    if await operation.loaders.source.load(version.payload) is None:
        return Diff(pair=None, from_=None, to=row.number, redacted=[row.number])
    before: Version | None = await loaders.survivor_before.load((row.summary_id, row.number))
    return Diff(pair=(before, version), from_=before.number if before else None, to=row.number, redacted=[])


async def diff_between(
    operation: Operation, summary_id: UUID, from_: int, to: int, as_of: datetime | None
) -> Diff:
    """Of two revisions of a summary that the viewer may see, in any order.

    Errors: Invalid for a revision that is not there, or was not as_of that time; as `Bench.enter`.
    """
    operation.bench.enter()
    loaders = operation.loaders_at(as_of)
    rows = await loaders.revision.load_many([(summary_id, from_), (summary_id, to)])
    older, newer = (_known(*one) for one in zip(("from", "to"), (from_, to), rows, strict=True))
    texts = await operation.loaders.source.load_many([older.payload, newer.payload])
    gone = {one.number for one, text in zip((older, newer), texts, strict=True) if text is None}
    return Diff(pair=None if gone else (older, newer), from_=from_, to=to, redacted=sorted(gone))


def _known(argument: str, number: int, row: RevisionRow | None) -> Version:
    if row is None:
        raise Invalid(
            f"{argument} is {number:,}, and this summary has no such revision: choose one from 1 to its "
            "revisionNumber.",
            path=(argument,),
        )
    return Version(row.number, row.body_payload)
