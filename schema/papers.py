"""Lists of papers: all of them, and those of an author."""

from datetime import datetime
from uuid import UUID

import strawberry

from projections import paper, papers
from schema.connections import Connection, Order, Source, page
from schema.context import Operation
from schema.enums import PaperOrder
from schema.fields import ABSENT, given, text_given
from schema.paper import Paper, paper_from

ORDERS = {
    PaperOrder.LATEST_SUMMARY: Order("papers.LATEST_SUMMARY", (datetime, UUID)),
    PaperOrder.MOST_SUMMARIES: Order("papers.MOST_SUMMARIES", (int, UUID)),
    PaperOrder.YEAR: Order("papers.YEAR", (int, UUID)),
}


@strawberry.input(description="Papers that are all of what is given.")
class PaperFilter:
    venue_key: str | None = strawberry.field(default=ABSENT, description="Of this venue, by its exact key.")
    year: int | None = strawberry.field(default=ABSENT, description="Of this year.")
    keyword: str | None = strawberry.field(
        default=ABSENT, description="With this whole keyword, in any case."
    )
    author: str | None = strawberry.field(
        default=ABSENT, description="With an author of this whole name, letter by letter."
    )


def all_papers(
    operation: Operation, first: int, after: str | None, filter: PaperFilter | None, order_by: PaperOrder
) -> Connection[Paper]:
    """Errors: Invalid for a filter with what is no text; GraphQLError INVALID for a page."""
    wanted, by, loaders = _filter(given(filter)), paper.PaperOrder(order_by.value), operation.loaders
    order = ORDERS[order_by].narrowed(wanted.venue_key, wanted.year, wanted.keyword, wanted.author)
    asked = page(order, first, after)
    return Connection(
        source=Source(
            load=lambda: loaders.papers.load((asked, by, wanted)),
            count=lambda: loaders.count_papers.load((wanted,)),
            node=paper_from,
            cursor=lambda row: order.cursor(row.key(by)),
            page=asked,
        )
    )


def _filter(asked: PaperFilter | None) -> papers.PaperFilter:
    if asked is None:
        return papers.PaperFilter()
    return papers.PaperFilter(
        venue_key=text_given(asked.venue_key, "filter", "venueKey"),
        year=given(asked.year),
        keyword=text_given(asked.keyword, "filter", "keyword"),
        author=text_given(asked.author, "filter", "author"),
    )
