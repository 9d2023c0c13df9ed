"""What can be followed. A subscription is opened once, and then executed for each of its events."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Annotated, Any, TypeVar, cast

import strawberry

from projections import event, following
from projections.follower import followed_to
from projections.following import Happening, Publication
from projections.reading import Page
from schema.context import Info, Operation
from schema.cursor import Cursor
from schema.event import AfterPosition, Event, EventsOnly, event_from, filter_from
from schema.feed import FeedFilter, feed_filter
from schema.fields import ABSENT, given
from schema.notification import Notification, notification_from
from schema.opening import Opening, beginning
from schema.scalars import LogPosition
from schema.summary import Summary, summary_from
from service.integrations import notification, outbox
from service.integrations.notification import Told

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
        "visible later is not sent retroactively. Retracting, making private and erasing are events too: "
        "follow them to drop what you stored."
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

    @subscription(
        description="What the viewer is told: first the notifications after the given position, then live, "
        "once each; what may not be seen any more is skipped. Pass the position of the newest one that you "
        "have; without `after`, from now on."
    )
    async def notification_received(
        self, info: Info, after: AfterPosition = ABSENT
    ) -> AsyncIterator[Notification]:
        opening, operation, begin = _opening(info), info.context, given(after)
        viewer = operation.command_context().signed_in()
        place = await beginning(opening, operation, begin)
        if begin is None and opening.resume is None:
            place = min(place, await followed_to(operation.session, outbox.NAME))  # what is not made yet
        cursor = Cursor(
            opening.notifications,
            place,
            lambda one: viewer in one.users,
            partial(notification.told, user_id=viewer),
            _told,
        )
        return cast(AsyncIterator[Notification], cursor)


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
        row = await operation.loaders.event_at.load((one.position, wanted))
        return None if row is None else event_from(row, operation)

    return recorded


async def _told(operation: Operation, one: Told) -> Notification | None:
    """None for what the viewer may not see just now."""
    if operation.viewer is None:
        return None
    at = Page(1, notification.place(one.position + 1))
    found = await operation.loaders.notifications.load((operation.viewer, at, False))
    rows = [row for row in found.rows if row.position == one.position]
    return notification_from(rows[0], operation) if rows else None
