"""Restoring revisions, and redacting them."""

from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from schema.context import Info, Operation, changed
from schema.copies import copies_left, wanted_words
from schema.errors import AccessError, NotFoundError, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.ids import uuid_of
from schema.mutations.keys import KEY
from schema.mutations.summary import SUMMARY_ID, SummaryPayload, SummaryResult
from schema.revision import Revision, load_revision, load_revisions
from schema.scalars import LogPosition
from schema.summary import Summary, load_summary
from service.commands import summary as commands
from service.commands.copies import text_held


@strawberry.input(description="An earlier text of a summary, to be its current one again.")
class RestoreRevisionInput:
    summary_id: ID = strawberry.field(description="The summary to change.")
    number: int = strawberry.field(description="The number of the revision whose text is wanted back.")
    note: str | None = strawberry.field(default=ABSENT, description="What changed, for its history.")
    expected_revision: int = strawberry.field(description="The number of the revision that was read before.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="A revision whose text is to be erased.")
class RedactRevisionInput:
    summary_id: ID = strawberry.field(description="The summary that it is a revision of.")
    number: int = strawberry.field(description="Its number.")
    reason: str | None = strawberry.field(
        default=ABSENT, description="Why, for the record: whoever sees the revision sees it."
    )
    include_note: bool = strawberry.field(
        default=False,
        description="Whether what its editor said about it is erased too. It can be when the text is gone.",
    )
    words: str | None = strawberry.field(
        default=ABSENT,
        description="What is not to be seen, such as a telephone number. It is erased with the rest of this "
        "revision and kept nowhere; `copies` are then the revisions that hold these very words.",
    )
    idempotency_key: ID | None = KEY


@strawberry.type(description="The revision's text is erased.")
class RedactionPayload:
    summary_id: strawberry.Private[UUID]
    number: strawberry.Private[int]
    text: strawberry.Private[str | None]  # what was there; None: it was gone before
    words: strawberry.Private[str | None]
    position: LogPosition = strawberry.field(description="Where the redaction is in the log.")

    @resolved(description="The summary as it is now.")
    async def summary(self, info: Info) -> Summary:
        return await changed(info.context, self.position, load_summary(info.context, self.summary_id))

    @resolved(description="The revision as it is now.")
    async def revision(self, info: Info) -> Revision:
        return await changed(info.context, self.position, self._revision(info.context))

    @resolved(
        description="Other revisions that still have its words, before it and after it, as the log has them "
        "after the redaction: redact those too that hold what is not to be seen, or it stays. Found as by "
        "the revision's field `copies`: with `words`, those that hold these; else rather too many, and none "
        "when the text was gone before, also when the same idempotencyKey comes again."
    )
    async def copies(self, info: Info) -> list[Revision]:
        return await changed(info.context, self.position, self._copies(info.context))

    async def _revision(self, operation: Operation) -> Revision | None:
        seen = await load_summary(operation, self.summary_id)
        return None if seen is None else await load_revision(operation, self.summary_id, self.number)

    async def _copies(self, operation: Operation) -> list[Revision] | None:
        if await load_summary(operation, self.summary_id) is None:
            return None
        numbers = await copies_left(operation, self.summary_id, self.number, self.text, self.words)
        return await load_revisions(operation, self.summary_id, numbers)


RedactionResult = Annotated[
    RedactionPayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("RedactionResult", description="The revision, or why its text was not erased."),
]

Restore = Annotated[RestoreRevisionInput, strawberry.argument(description="What to restore.")]
Redact = Annotated[RedactRevisionInput, strawberry.argument(description="What to erase.")]


@strawberry.type
class RevisionMutations:
    @mutation(
        description="Make an earlier revision's text the current one, as a new revision. The text as it is "
        "already appends nothing."
    )
    async def restore_revision(self, info: Info, input: Restore) -> SummaryResult:
        command = commands.RestoreRevision(
            summary_id=uuid_of(input.summary_id, SUMMARY_ID, "Summary"),
            number=input.number,
            note=given(input.note),
            expected_revision=input.expected_revision,
            idempotency_key=given(input.idempotency_key),
        )
        done = await info.context.perform(commands.restore_revision, command)
        return SummaryPayload(summary_id=done.id, position=info.context.log_position(done.position))

    @mutation(
        description="Erase a revision's text for good, for its author: nobody can bring it back. That it was "
        "there stays known, and who erased it, when and why, of the first time. Again erases what is left of "
        "what is asked for; when nothing is, it appends nothing. Other revisions are left as they are, also "
        "earlier ones that say the same: `copies` says which of them have the same words."
    )
    async def redact_revision(self, info: Info, input: Redact) -> RedactionResult:
        operation = info.context
        command = commands.RedactRevision(
            summary_id=uuid_of(input.summary_id, SUMMARY_ID, "Summary"),
            number=input.number,
            reason=given(input.reason),
            note_too=input.include_note,
            idempotency_key=given(input.idempotency_key),
        )
        words = wanted_words(input.words, ("input", "words"))
        text = await text_held(operation.command_context(), command.summary_id, command.number)
        done = await operation.perform(commands.redact_revision, command)
        return RedactionPayload(
            summary_id=done.id,
            number=command.number,
            text=text,
            words=words,
            position=operation.log_position(done.position),
        )
