"""Venues: where papers appeared, year by year."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from projections.paper import PaperOrder
from projections.venue import VenueRow
from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.fields import ABSENT, given, resolved
from schema.ids import VenueId
from schema.node import Node

if TYPE_CHECKING:
    from schema.paper import Paper

ALL = Order("venues", (str,))
OF_VENUE = Order("venue.papers", (int, UUID))

Year = Annotated[int | None, strawberry.argument(description="Only those of this year.")]


@strawberry.type(description="A year of a venue.")
class VenueEdition:
    year: int = strawberry.field(description="Which year.")
    paper_count: int = strawberry.field(description="How many papers it has.")
    summary_count: int = strawberry.field(description="How many public summaries its papers have.")


@strawberry.type(description="Where papers appeared, such as a conference or a journal.")
class Venue(Node):
    key: str = strawberry.field(description="e.g. conf/cvpr, journals/corr")
    name: str = strawberry.field(
        description="As the paper registered last calls it; its key when no paper says."
    )

    @resolved(
        description="Newest year first: a venue's papers are organised by year. Papers without a year are in "
        "none."
    )
    async def editions(self, info: Info) -> list[VenueEdition]:
        rows = await info.context.loaders.editions_of_venue.load(self.key)
        return [
            VenueEdition(year=row.year, paper_count=row.paper_count, summary_count=row.summary_count)
            for row in rows
        ]

    @resolved(description="Its papers, those of the newest year first and those without a year last.")
    def papers(
        self, info: Info, first: First = 20, after: After = ABSENT, year: Year = ABSENT
    ) -> Connection[Annotated["Paper", strawberry.lazy("schema.paper")]]:
        from schema.paper import paper_from

        order, loaders = OF_VENUE.narrowed(self.key, of := given(year)), info.context.loaders
        asked = page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.papers_of_venue.load((self.key, asked, of)),
                count=lambda: loaders.count_of_venue.load((self.key, of)),
                node=paper_from,
                cursor=lambda row: order.cursor(row.key(PaperOrder.YEAR)),
                page=asked,
            )
        )


def venue_from(row: VenueRow) -> Venue:
    return Venue(id=ID(str(VenueId(row.venue_key))), key=row.venue_key, name=row.name)


async def load_venue(operation: Operation, key: str) -> Venue | None:
    row = await operation.loaders.venue.load(key)
    return None if row is None else venue_from(row)


def all_venues(operation: Operation, first: int, after: str | None) -> Connection[Venue]:
    """By key, in the order of code points."""
    asked, loaders = page(ALL, first, after), operation.loaders
    return Connection(
        source=Source(
            load=lambda: loaders.venues.load((asked,)),
            count=lambda: loaders.count_venues.load(()),
            node=venue_from,
            cursor=lambda row: ALL.cursor(row.key()),
            page=asked,
        )
    )
