"""How a subscription runs: it is opened once, and executed as an operation of its own for each event.

What is to happen is said by the root value: an Opening, or what is to be Shown. So each event has all the
limits that other operations have, and what it reads with ends before it is sent.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from graphql import ExecutionResult, Executor, create_source_event_stream
from strawberry.extensions import SchemaExtension
from strawberry.types.graphql import OperationType
from strawberry.utils.await_maybe import await_maybe

from projections.following import Happening, Publication
from schema.context import Operation
from schema.cursor import Cursor, Occasion
from schema.following import Hub
from schema.scalars import LogPosition, beyond_end, named, parsed_position
from service.integrations.notification import Told


@dataclass(slots=True)
class Opening:
    """Where a subscription finds what it follows, and leaves its cursor.

    Shape:  resume is a position that goes before what the document says; cursor is None for what is no
            subscription.
    """

    publications: Hub[Publication]
    happenings: Hub[Happening]
    notifications: Hub[Told]
    resume: str | None = None
    cursor: Cursor[Any] | None = None


@dataclass(slots=True)
class Shown:
    """An Occasion that is executed. Shape: skipped: there was nothing to show."""

    occasion: Occasion
    skipped: bool = False


class Subscribing(SchemaExtension):
    """Opens subscriptions, and shows their events."""

    async def on_execute(self) -> AsyncIterator[None]:
        run = self.execution_context
        match run.root_value:
            case Opening() as opening if run.operation_type is OperationType.SUBSCRIPTION:
                run.result = await self._opened(opening)
            case Shown() as shown:
                run.root_value = await shown.occasion.show(run.context)
                if run.root_value is None:
                    shown.skipped = True
                    run.result = ExecutionResult(None)
        yield

    async def _opened(self, opening: Opening) -> ExecutionResult:
        run = self.execution_context
        if run.graphql_document is None:
            raise TypeError("nothing was parsed")
        executor = Executor.build(
            run.schema._schema,
            run.graphql_document,
            opening,
            run.context,
            run.variables,
            run._provided_operation_name,
        )
        if isinstance(executor, list):
            return ExecutionResult(None, executor)
        found: Any = await await_maybe(create_source_event_stream(executor))
        if isinstance(found, ExecutionResult):
            return found
        opening.cursor = found
        return ExecutionResult({})


async def beginning(opening: Opening, operation: Operation, after: LogPosition | None) -> int:
    """After which position to begin: without one, after what is recorded by now.

    Errors: GraphQLError INVALID with a Reason for a position of another log, one that a restore has lost,
            and one beyond the end; of what goes before the document also for another form.
    """
    head = (await operation.tools.store.head()).position
    resume = opening.resume
    with named(**({"argument": "after"} if resume is None else {"header": "Last-Event-ID"})):
        begin = after if resume is None else parsed_position(resume)
        if begin is None:
            return head
        if (place := await operation.place(begin)) > head:
            raise beyond_end()
    return place
