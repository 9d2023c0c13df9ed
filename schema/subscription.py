"""What can be followed. A subscription is opened once, and then executed for each of its events."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, TypeVar, cast

import strawberry

from projections import event, following
from projections.following import Happening, Publication
from projections.reading import Page
from schema.context import Info, Operation
from schema.cursor import Cursor
from schema.event import AfterPosition, Event, EventsOnly, event_from, filter_from
from schema.feed import FeedFilter, feed_filter
from schema.fields import ABSENT, given
from schema.opening import Opening, beginning
from schema.scalars import LogPosition
from schema.summary import Summary, summary_from

F = TypeVar("F", bound=Callable[..., Any])

SummariesOnly = Annotated[FeedFilter | None, strawberry.argument(description="Which summaries.")]


def subscription(*, description: str) -> Callable[[F], F]:
    """A field that gives back what it follows: Occasions, of which it is executed for each."""
    return cast(Callable[[F], F], strawberry.subscription(description=description))


@strawberry.type(description="A summary that became public.")
class SummaryPublished:
    position: LogPosition = strawberry.field(
        description="Where it became public: keep it together with your effect, and resume after it."
    )
    summary: Summary = strawberry.field(description="As it is when this is sent.")


@strawberry.type(
    description="What can be followed, over graphql-transport-ws or graphql-sse: first what comes after a "
    "position, then what happens, without a seam."
)
class Subscription:
    @subscription(
        description="Summaries as they become public: first those after the given position, then live, in "
        "log order, once each time one becomes public, at that position; none missed; one that is no longer "
        "visible is skipped. Keep the position together with your effect and resume after it. Without "
        "`after`, from now on."
    )
    async def summary_published(
        self, info: Info, after: AfterPosition = ABSENT, filter: SummariesOnly = ABSENT
    ) -> AsyncIterator[SummaryPublished]:
        opening, wanted = _opening(info), feed_filter(given(filter))
        begin = await beginning(opening, info.context, given(after))
        cursor = Cursor(
            opening.publications,
            begin,
            lambda one: one.is_asked(wanted),
            partial(following.publications, filter=wanted),
            _published,
        )
        return cast(AsyncIterator[SummaryPublished], cursor)

    @subscription(
        description="Events that the viewer may see, in log order, at most once per position; what becomes "
        "visible later is not sent retroactively. Retracting, hiding and erasing are events too: follow "
        "them to drop what you stored."
    )
    async def event_recorded(
        self, info: Info, after: AfterPosition = ABSENT, filter: EventsOnly = ABSENT
    ) -> AsyncIterator[Event]:
        opening, wanted = _opening(info), filter_from(filter)
        begin = await beginning(opening, info.context, given(after))
        cursor = Cursor(
            opening.happenings,
            begin,
            lambda one: one.is_asked(wanted),
            partial(following.happenings, filter=wanted),
            _recorded(wanted),
        )
        return cast(AsyncIterator[Event], cursor)


def _opening(info: Info) -> Opening:
    opening: Any = info.root_value
    if not isinstance(opening, Opening):
        raise TypeError("a subscription is opened with an Opening")
    return opening


async def _published(operation: Operation, one: Publication) -> SummaryPublished | None:
    """None for a summary that is not in the lists just now."""
    row = await operation.loaders.summary.load(one.summary_id)
    if row is None or not row.listed:
        return None
    return SummaryPublished(
        position=operation.log_position(one.position), summary=summary_from(row, operation)
    )


def _recorded(wanted: event.EventFilter) -> Callable[[Operation, Happening], Awaitable[Event | None]]:
    """None for what the viewer may not see just now."""

    async def recorded(operation: Operation, one: Happening) -> Event | None:
        this, alone = Page(1, (one.position - 1,)), replace(wanted, to=one.position)
        found = await event.events(operation.session, this, alone, operation.viewer, operation.tools.codec)
        return event_from(found.rows[0], operation) if found.rows else None

    return recorded
