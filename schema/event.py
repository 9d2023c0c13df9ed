"""The log, as far as the viewer may see it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry import ID

from projections import event
from projections.event import EventRow
from projections.reading import Page, Slice
from schema.connections import PageInfo, size
from schema.context import Info, Operation, Tools
from schema.fields import ABSENT, given, later, resolved
from schema.ids import Kind, NodeId, of_kind, uuid_of
from schema.scalars import JSON, LogPosition, beyond_end, named
from schema.user import Actor, load_actor
from service.domain.errors import Invalid
from service.domain.events import EVENTS
from service.domain.limits import Path

TYPES = sorted(one.__name__ for one in EVENTS)
LISTED = f"{', '.join(TYPES[:-1])} and {TYPES[-1]}"
KINDS: Mapping[str, Kind] = {
    "paper_id": "Paper",
    "author_id": "User",
    "summary_id": "Summary",
    "parent_id": "Comment",
}

AfterPosition = Annotated[
    LogPosition | None, strawberry.argument(description="A position of this log: what comes after it.")
]


@strawberry.input(description="Events that are all of what is given.")
class EventFilter:
    types: list[str] | None = strawberry.field(
        default=ABSENT,
        description=f"Of one of these types. There are {LISTED}; docs/events.md says what each is.",
    )
    subject: ID | None = strawberry.field(
        default=ABSENT,
        description="About this paper, summary, comment or user, and nothing that belongs to it but votes. "
        "Who names an unlisted summary, or a comment on it, knows its address and sees it.",
    )
    paper: ID | None = strawberry.field(
        default=ABSENT, description="About this paper, its summaries, their comments, and votes on those."
    )


EventsOnly = Annotated[EventFilter | None, strawberry.argument(description="Which events.")]


@strawberry.type(
    description="A fact that the log holds for ever. One that took back a summary which had been in the "
    "lists is shown also to those who may not see the summary today (it is private or retracted), as little "
    "as it takes to drop what was stored of it: data is empty, actor is null and streamVersion 0. One that "
    "is unlisted is in no list, and not this one either: look at `visibility` before you show what you "
    "stored."
)
class Event:
    row: strawberry.Private[EventRow]
    position: LogPosition = strawberry.field(description="Its place in the log.")
    type: str = strawberry.field(
        description="e.g. SummaryRevised: one of those that EventFilter.types names. New ones may come."
    )
    version: int = strawberry.field(description="The version of the type, which data has the shape of.")
    subject: ID = strawberry.field(
        description="The Node id of the paper, summary, comment or user that it is about; of a vote, of what "
        "was voted on; of an erasure, of what something was erased of."
    )
    stream_version: int = strawberry.field(
        description="Counts the events of its stream, from 1. Always 0 for votes: which of them are by the "
        "same person is not shown."
    )
    recorded_at: datetime = strawberry.field(description="When the log took it.")
    occurred_at: datetime = strawberry.field(
        description="As claimed by an import, otherwise when it was recorded."
    )
    data: JSON = strawberry.field(
        description="The event decoded in its current version, less what the viewer may not see: who voted "
        "and who wrote anonymously never appear. Ids are Node ids. What was erased or removed is null. "
        "docs/events.md lists the fields of each type; new ones may come."
    )

    @resolved(description="Who did it; null where that is not told, as for votes and papers.")
    def actor(self, info: Info) -> Actor | None:
        actor = self.row.actor
        return None if actor is None else later(load_actor(info.context, actor))


@strawberry.type(description="An event in its place in the log.")
class EventEdge:
    cursor: LogPosition = strawberry.field(description="The place, to go on with after.")
    node: Event = strawberry.field(description="What is there.")


@strawberry.type(description="A page of the log, oldest first.")
class EventConnection:
    load: strawberry.Private[Callable[[], Awaitable[Slice[EventRow]]]]
    after: strawberry.Private[int | None]

    @resolved(description="What is on the page, each with its cursor.")
    async def edges(self, info: Info) -> list[EventEdge]:
        found = [event_from(row, info.context) for row in (await self.load()).rows]
        return [EventEdge(cursor=one.position, node=one) for one in found]

    @resolved(description="What is on the page.")
    async def nodes(self, info: Info) -> list[Event]:
        return [event_from(row, info.context) for row in (await self.load()).rows]

    @resolved(description="Where the page lies in the log.")
    async def page_info(self, info: Info) -> PageInfo:
        found = await self.load()
        places = [str(info.context.log_position(row.position)) for row in found.rows]
        return PageInfo(
            has_next_page=found.has_next,
            has_previous_page=self.after is not None,
            start_cursor=places[0] if places else None,
            end_cursor=places[-1] if places else None,
        )


def event_from(row: EventRow, operation: Operation | Tools) -> Event:
    return Event(
        row=row,
        position=operation.log_position(row.position),
        type=row.type,
        version=row.version,
        subject=ID(str(NodeId(row.kind, row.subject_id))),
        stream_version=row.stream_version,
        recorded_at=row.recorded_at,
        occurred_at=row.occurred_at,
        data=JSON({_camel(name): _json(row, name, value) for name, value in row.data.items()}),
    )


async def events_of(
    operation: Operation,
    first: int,
    after: LogPosition | None,
    filter: EventFilter | None,
    load: Callable[[Page, event.EventFilter], Awaitable[Slice[EventRow]]],
) -> EventConnection:
    """A page of the log; `load` reads it. Errors: GraphQLError and Invalid for bad arguments."""
    begin = given(after)
    with named(argument="after"):
        place = None if begin is None else await operation.place(begin)
    asked = Page(size(first), None if place is None else (place,))
    wanted = filter_from(filter)

    async def read() -> Slice[EventRow]:
        found = await load(asked, wanted)
        if place is not None and place > operation.session.shown():
            await _check_recorded(operation, place)
        return found

    return EventConnection(load=read, after=place)


def checked_types(names: list[str], path: Path, more: Sequence[str] = ()) -> tuple[str, ...]:
    """Types of events, each once. Errors: Invalid."""
    known = f"There are {', '.join([*more, *TYPES])}."
    if not names:
        raise Invalid(f"{path[-1]} names none: leave it out for all. {known}", path=path)
    if not {*TYPES, *more}.issuperset(names):
        raise Invalid(f"{path[-1]} names what is no type of event. {known}", path=path)
    return tuple(sorted(set(names)))


def filter_from(filter: EventFilter | None) -> event.EventFilter:
    """What a client asked for. Errors: Invalid."""
    if (asked := given(filter)) is None:
        return event.ALL
    subject, paper = given(asked.subject), given(asked.paper)
    return event.EventFilter(
        types=None if (types := given(asked.types)) is None else checked_types(types, ("filter", "types")),
        subject=None if subject is None else subject_of(subject, ("filter", "subject")),
        paper_id=None if paper is None else uuid_of(paper, ("filter", "paper"), "Paper"),
    )


def subject_of(value: str, path: Path) -> tuple[event.SubjectKind, UUID]:
    """What events can be about. Errors: Invalid."""
    node_id = of_kind(value, path, *event.SUBJECTS.values())
    return event.SUBJECTS[node_id.kind], node_id.uuid


async def _check_recorded(operation: Operation, position: int) -> None:
    """A position that the read models do not show yet is that of an event, or nobody's."""
    if position > await operation.loaders.head.load(()):
        with named(argument="after"):
            raise beyond_end()


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


def _json(row: EventRow, name: str, value: Any) -> Any:
    match value:
        case UUID():
            return str(NodeId(row.kind if name == "subject_id" else KINDS[name], value))
        case Enum():
            return value.value
        case date():
            return value.isoformat()
        case tuple():
            return [_json(row, name, one) for one in value]
        case _:
            return value
