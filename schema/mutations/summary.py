"""Publishing, revising, hiding and retracting summaries."""

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar
from uuid import UUID

import strawberry
from strawberry import ID

from schema.context import Info, Operation, changed
from schema.enums import Visibility
from schema.errors import AccessError, AlreadyExists, NotFoundError, RevisionConflict, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.ids import uuid_of
from schema.mutations.keys import KEY
from schema.scalars import LogPosition
from schema.summary import Summary, load_summary
from service.commands import summary as commands
from service.commands.context import Context, Done
from service.domain import events

C = TypeVar("C")
SUMMARY_ID = ("input", "summaryId")


@strawberry.input(description="A summary to publish.")
class PublishSummaryInput:
    paper_id: ID = strawberry.field(
        description="The paper that it is about: one summary for each user and paper."
    )
    body: str = strawberry.field(description="Markdown with LaTeX, at most 100,000 characters.")
    visibility: Visibility = strawberry.field(default=Visibility.PUBLIC, description="Who sees it.")
    anonymous: bool = strawberry.field(
        default=False, description="Whether nobody is to learn who wrote it. It stays so."
    )
    idempotency_key: ID | None = KEY


@strawberry.input(description="A new text for a summary.")
class ReviseSummaryInput:
    summary_id: ID = strawberry.field(description="The summary to revise.")
    body: str = strawberry.field(description="The whole new text, at most 100,000 characters.")
    note: str | None = strawberry.field(default=ABSENT, description="What changed, for its history.")
    expected_revision: int = strawberry.field(description="The number of the revision that was read before.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="A summary to withdraw.")
class RetractSummaryInput:
    summary_id: ID = strawberry.field(description="The summary to withdraw.")
    reason: str | None = strawberry.field(default=ABSENT, description="Why, for the record.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="Who is to see a summary.")
class SetSummaryVisibilityInput:
    summary_id: ID = strawberry.field(description="The summary to show or hide.")
    visibility: Visibility = strawberry.field(description="Who sees it from now on.")
    idempotency_key: ID | None = KEY


@strawberry.type(description="The summary is changed.")
class SummaryPayload:
    summary_id: strawberry.Private[UUID]
    position: LogPosition = strawberry.field(description="Where the change is in the log.")

    @resolved(description="The summary as it is now.")
    async def summary(self, info: Info) -> Summary:
        return await changed(info.context, self.position, load_summary(info.context, self.summary_id))


SummaryResult = Annotated[
    SummaryPayload | ValidationError | NotFoundError | AccessError | AlreadyExists | RevisionConflict,
    strawberry.union("SummaryResult", description="The summary, or why it was not changed."),
]

Publish = Annotated[PublishSummaryInput, strawberry.argument(description="What to publish.")]
Revise = Annotated[ReviseSummaryInput, strawberry.argument(description="What to revise, and how.")]
Retract = Annotated[RetractSummaryInput, strawberry.argument(description="What to withdraw.")]
SetVisibility = Annotated[SetSummaryVisibilityInput, strawberry.argument(description="What to show to whom.")]


@strawberry.type
class SummaryMutations:
    @mutation(
        description="Publish a summary. It starts with its author's up vote. A second one of the same paper "
        "gives AlreadyExists. A private one is seen by its author alone, but all its revisions are kept, and "
        "whoever may see it later sees them all: redact what is not to be seen before you show it."
    )
    async def publish_summary(self, info: Info, input: Publish) -> SummaryResult:
        command = commands.PublishSummary(
            paper_id=uuid_of(input.paper_id, ("input", "paperId"), "Paper"),
            body=input.body,
            visibility=events.Visibility(input.visibility.value),
            anonymous=input.anonymous,
            idempotency_key=given(input.idempotency_key),
        )
        return await _perform(info.context, commands.publish_summary, command)

    @mutation(description="Give a summary a new text. The same text again appends nothing.")
    async def revise_summary(self, info: Info, input: Revise) -> SummaryResult:
        command = commands.ReviseSummary(
            summary_id=uuid_of(input.summary_id, SUMMARY_ID, "Summary"),
            body=input.body,
            note=given(input.note),
            expected_revision=input.expected_revision,
            idempotency_key=given(input.idempotency_key),
        )
        return await _perform(info.context, commands.revise_summary, command)

    @mutation(description="Withdraw a summary: only its author still sees it.")
    async def retract_summary(self, info: Info, input: Retract) -> SummaryResult:
        summary_id = uuid_of(input.summary_id, SUMMARY_ID, "Summary")
        command = commands.RetractSummary(summary_id, given(input.reason), given(input.idempotency_key))
        return await _perform(info.context, commands.retract_summary, command)

    @mutation(
        description="Show a summary to more or fewer people. With it they see its whole history, also what "
        "was written while it was private: its revisions and their notes, its comments and its events. "
        "Redact (redactRevision) what is not to be seen before you show it."
    )
    async def set_summary_visibility(self, info: Info, input: SetVisibility) -> SummaryResult:
        summary_id = uuid_of(input.summary_id, SUMMARY_ID, "Summary")
        visibility = events.Visibility(input.visibility.value)
        command = commands.SetSummaryVisibility(summary_id, visibility, given(input.idempotency_key))
        return await _perform(info.context, commands.set_summary_visibility, command)


async def _perform(
    operation: Operation, act: Callable[[Context, C], Awaitable[Done]], command: C
) -> SummaryPayload:
    done = await operation.perform(act, command)
    return SummaryPayload(summary_id=done.id, position=operation.log_position(done.position))
