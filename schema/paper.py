"""Papers."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from projections import summary
from projections.paper import PaperOrder, PaperRow
from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.enums import IdentifierScheme, MetadataSource, SummaryOrder
from schema.event import AfterPosition, EventConnection, EventsOnly, events_of
from schema.fields import ABSENT, later, resolved
from schema.ids import NodeId
from schema.node import Node
from schema.venue import Venue, load_venue
from service.domain import events
from service.domain.paper import PaperFields
from service.importers.bibtex_writing import to_bibtex

if TYPE_CHECKING:
    from schema.summary import Summary

SummaryType = Annotated["Summary", strawberry.lazy("schema.summary")]

OF_AUTHOR = Order("author.papers", (int, UUID))
OF_PAPER = {
    SummaryOrder.TOP: Order("paper.summaries.TOP", (float, UUID)),
    SummaryOrder.LATEST: Order("paper.summaries.LATEST", (datetime, UUID)),
    SummaryOrder.OLDEST: Order("paper.summaries.OLDEST", (datetime, UUID)),
}


@strawberry.type(description="One of the names that a paper goes by.")
class PaperIdentifier:
    scheme: IdentifierScheme = strawberry.field(description="What kind of name it is.")
    value: str = strawberry.field(
        description="The name in its one form: a DOI in lower case, an arXiv id without version."
    )


@strawberry.type(description="Who wrote a paper.")
class Author:
    name: str = strawberry.field(description="The name as printed on the paper.")

    @resolved(
        description="Papers with an author of this name, letter by letter, the newest year first. Names are "
        "not people: several may have the same."
    )
    def papers(self, info: Info, first: First = 20, after: After = ABSENT) -> Connection["Paper"]:
        order, loaders = OF_AUTHOR.narrowed(self.name), info.context.loaders
        asked = page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.papers_of_author.load((self.name, asked)),
                count=lambda: loaders.count_of_author.load(self.name),
                node=paper_from,
                cursor=lambda row: order.cursor(row.key(PaperOrder.YEAR)),
                page=asked,
            )
        )


@strawberry.type(description="A scientific paper.")
class Paper(Node):
    row: strawberry.Private[PaperRow]
    as_of: strawberry.Private[datetime | None] = None  # shown as it stood then; None: as it is
    bibtex_key: str = strawberry.field(
        description="The primary BibTeX key, e.g. journals/corr/SchroffKP15. One of the paper's identifiers, "
        "never its identity."
    )
    doi: str | None = strawberry.field(description="Its DOI, in lower case.")
    arxiv_id: str | None = strawberry.field(description="Its arXiv id, without version.")
    title: str = strawberry.field(description="Its title.")
    abstract: str | None = strawberry.field(description="Its abstract.")
    authors: list[Author] = strawberry.field(description="Its authors, in the order printed.")
    year: int | None = strawberry.field(description="The year in which it appeared.")
    published_on: date | None = strawberry.field(description="When version 1 first appeared.")
    keywords: list[str] = strawberry.field(description="What it is about.")
    source: MetadataSource = strawberry.field(
        description="Where the metadata came from, e.g. ARXIV: shown to readers as 'via arXiv'."
    )
    url: str | None = strawberry.field(description="Where to read about it.")
    pdf_url: str | None = strawberry.field(description="Its PDF: that of arXiv, for papers that are there.")
    created_at: datetime = strawberry.field(
        description="As claimed by an import, otherwise when it was recorded."
    )

    @resolved(description="The address of its page. Its feed: the same path behind /feeds, with .atom.")
    def permalink(self, info: Info) -> str:
        return f"{info.context.tools.base_url}/papers/{self.row.paper_id}"

    @resolved(description="Where it appeared; null when that is not known.")
    def venue(self, info: Info) -> Venue | None:
        key = self.row.venue_key
        return None if key is None else later(load_venue(info.context, key))

    @resolved(description="A BibTeX entry that parses back to the same metadata.")
    def bibtex(self) -> str:
        return to_bibtex(_metadata(self.row))

    @resolved(description="All names that it goes by, ordered by scheme and value.")
    async def identifiers(self, info: Info) -> list[PaperIdentifier]:
        rows = await info.context.loaders.identifiers.load(self.row.paper_id)
        return [PaperIdentifier(scheme=IdentifierScheme[row.scheme], value=row.value) for row in rows]

    @resolved(description="Its public summaries.")
    def summaries(
        self,
        info: Info,
        first: First = 20,
        after: After = ABSENT,
        order_by: Annotated[
            SummaryOrder, strawberry.argument(description="Which ones come first.")
        ] = SummaryOrder.TOP,
    ) -> Connection[SummaryType]:
        from schema.summary import summary_from

        of, by = self.row.paper_id, summary.SummaryOrder(order_by.value)
        order, loaders = (
            OF_PAPER[order_by].narrowed(of).narrowed(self.as_of),
            info.context.loaders_at(self.as_of),
        )
        asked = page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.summaries_of_paper.load((of, asked, by)),
                count=lambda: loaders.count_of_paper.load(of),
                node=lambda row: summary_from(row, info.context, self.as_of),
                cursor=lambda row: order.cursor(row.key(by)),
                page=asked,
            )
        )

    @resolved(description="The viewer's own summary of this paper, whatever its visibility.")
    async def viewer_summary(self, info: Info) -> SummaryType | None:
        from schema.summary import summary_from

        row = await info.context.loaders_at(self.as_of).own_summary(self.row.paper_id)
        return None if row is None else summary_from(row, info.context, self.as_of)

    @resolved(
        description="The log of the paper, its summaries, their comments and all votes on these, oldest "
        "first, as far as the viewer may see it; whole, also on a view of the past."
    )
    async def events(
        self, info: Info, first: First = 100, after: AfterPosition = ABSENT, filter: EventsOnly = ABSENT
    ) -> EventConnection:
        of, loaders = self.row.paper_id, info.context.loaders
        return await events_of(
            info.context, first, after, filter, lambda *asked: loaders.events_of_paper.load((of, *asked))
        )


def paper_from(row: PaperRow, as_of: datetime | None = None) -> Paper:
    return Paper(
        id=ID(str(NodeId("Paper", row.paper_id))),
        row=row,
        as_of=as_of,
        bibtex_key=row.bibtex_key,
        doi=row.doi,
        arxiv_id=row.arxiv_id,
        title=row.title,
        abstract=row.abstract,
        authors=[Author(name=name) for name in row.authors],
        year=row.year,
        published_on=row.published_on,
        keywords=list(row.keywords),
        source=MetadataSource[row.source],
        url=row.url,
        pdf_url=None if row.arxiv_id is None else f"https://arxiv.org/pdf/{row.arxiv_id}",
        created_at=row.created_at,
    )


def _metadata(row: PaperRow) -> PaperFields:
    return PaperFields(
        bibtex_key=row.bibtex_key,
        title=row.title,
        authors=tuple(row.authors),
        abstract=row.abstract,
        venue_key=row.venue_key,
        venue_name=row.venue_name,
        year=row.year,
        published_on=row.published_on,
        keywords=tuple(row.keywords),
        doi=row.doi,
        arxiv_id=row.arxiv_id,
        url=row.url,
        source=events.MetadataSource[row.source],
    )


async def load_paper(operation: Operation, paper_id: UUID, as_of: datetime | None = None) -> Paper | None:
    """Also before its date: summaries of it may claim earlier ones."""
    row = await operation.loaders.paper.load(paper_id)
    return None if row is None else paper_from(row, as_of)


async def load_paper_then(operation: Operation, paper_id: UUID, as_of: datetime | None) -> Paper | None:
    """None before its date, and before that of its first summary which the viewer may see then."""
    row = await operation.loaders_at(as_of).paper.load(paper_id)
    return None if row is None else paper_from(row, as_of)
