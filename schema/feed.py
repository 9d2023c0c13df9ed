"""The feeds: public summaries of all papers."""

from datetime import datetime
from uuid import UUID

import strawberry

from projections import feed
from schema.connections import Connection, Order, Source, page
from schema.context import Operation
from schema.enums import FeedKind
from schema.fields import ABSENT, given, text_given
from schema.summary import Summary, summary_from

ORDERS = {
    FeedKind.LATEST: Order("feed.LATEST", (datetime, UUID)),
    FeedKind.TOP: Order("feed.TOP", (float, UUID)),
    FeedKind.HOT: Order("feed.HOT", (float, UUID)),
    FeedKind.CONTROVERSIAL: Order("feed.CONTROVERSIAL", (float, UUID)),
}


@strawberry.input(description="Summaries that are all of what is given.")
class FeedFilter:
    venue_key: str | None = strawberry.field(
        default=ABSENT, description="Of papers of this venue, by its exact key."
    )
    year: int | None = strawberry.field(default=ABSENT, description="Of papers of this year.")
    keyword: str | None = strawberry.field(
        default=ABSENT, description="Of papers with this whole keyword, in any case."
    )
    username: str | None = strawberry.field(
        default=ABSENT,
        description="By this user, in any case; never what they wrote anonymously.",
    )


def feed_of(
    operation: Operation, kind: FeedKind, first: int, after: str | None, filter: FeedFilter | None
) -> Connection[Summary]:
    """Errors: Invalid for a filter with what is no text; GraphQLError INVALID for a page."""
    wanted, of, loaders = feed_filter(given(filter)), feed.FeedKind(kind.value), operation.loaders
    order = ORDERS[kind].narrowed(wanted.venue_key, wanted.year, wanted.keyword, wanted.username)
    asked = page(order, first, after)
    return Connection(
        source=Source(
            load=lambda: loaders.feed.load((of, asked, wanted)),
            count=lambda: loaders.count_feed.load((of, wanted)),
            node=lambda row: summary_from(row, operation),
            cursor=lambda row: order.cursor(feed.feed_key(row, of)),
            page=asked,
        )
    )


def feed_filter(asked: FeedFilter | None) -> feed.FeedFilter:
    """What a client asked for. Errors: Invalid."""
    if asked is None:
        return feed.FeedFilter()
    return feed.FeedFilter(
        venue_key=text_given(asked.venue_key, "filter", "venueKey"),
        year=given(asked.year),
        keyword=text_given(asked.keyword, "filter", "keyword"),
        username=text_given(asked.username, "filter", "username"),
    )
