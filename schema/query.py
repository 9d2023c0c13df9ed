"""What can be read."""

import asyncio
from typing import Annotated

import strawberry
from graphql import GraphQLError
from strawberry import ID

from schema.citation import Licence, licence_of
from schema.connections import MOST, After, Connection, First
from schema.context import Info, Operation
from schema.enums import FeedKind, PaperOrder
from schema.event import AfterPosition, EventConnection, EventsOnly, events_of
from schema.feed import FeedFilter, feed_of
from schema.fields import ABSENT, resolved
from schema.ids import parse_id, uuid_of
from schema.lookup import PaperLookup, find_paper
from schema.node import Node
from schema.nodes import load_node
from schema.paper import Paper
from schema.papers import PaperFilter, all_papers
from schema.past import AsOf, time_asked
from schema.preview import Preview, preview_of
from schema.statistics import Statistics, load_statistics
from schema.summary import Summary, load_summary
from schema.user import User, load_user
from schema.venue import Venue, all_venues, load_venue
from schema.verification import LogCheckpoint, load_checkpoint
from service.domain import identifiers, limits
from service.domain.errors import Invalid

NodeIdArgument = Annotated[ID, strawberry.argument(description="An id, as the field id gives it.")]
NodeIds = Annotated[list[ID], strawberry.argument(description="Ids, at most 100.")]
By = Annotated[PaperLookup, strawberry.argument(description="Exactly one name of the paper.")]
Username = Annotated[str, strawberry.argument(description="In any case.")]
Body = Annotated[str, strawberry.argument(description="Markdown with LaTeX, at most 100,000 characters.")]
PapersOnly = Annotated[PaperFilter | None, strawberry.argument(description="Which papers.")]
PapersBy = Annotated[PaperOrder, strawberry.argument(description="Which ones come first.")]
VenueKey = Annotated[str, strawberry.argument(description="Such as conf/cvpr.")]
FeedOnly = Annotated[FeedFilter | None, strawberry.argument(description="Which summaries.")]
Kind = Annotated[FeedKind, strawberry.argument(description="Which feed.")]


@strawberry.type(description="What can be read. Reading needs no account.")
class Query:
    @resolved(description="Anything by its id; null if there is no such thing for the viewer.")
    async def node(self, info: Info, id: NodeIdArgument) -> Node | None:
        return await load_node(info.context, parse_id(id, ("id",)))

    @resolved(description="Several things by their ids, each in its place. A bad id is null, with an error.")
    async def nodes(self, info: Info, ids: NodeIds) -> list[Node | None]:
        if len(ids) > MOST:
            raise GraphQLError(
                f"There are {len(ids):,} ids, and at most {MOST} are taken: ask in several requests.",
                extensions={"code": "INVALID", "argument": "ids", "limit": MOST, "amount": len(ids)},
            )
        found = await asyncio.gather(*(_node_or_error(info.context, at, one) for at, one in enumerate(ids)))
        return list(found)

    @resolved(description="The signed-in user, or null.")
    async def viewer(self, info: Info) -> User | None:
        viewer = info.context.viewer
        return None if viewer is None else await load_user(info.context, viewer)

    @resolved(description="A paper by one of its names; null if none is registered, or none was then.")
    async def paper(self, info: Info, by: By, as_of: AsOf = ABSENT) -> Paper | None:
        tools = info.context.tools
        return await find_paper(info.context, by, time_asked(as_of, tools.clock()))

    @resolved(description="All papers, also those without summaries.")
    def papers(
        self,
        info: Info,
        first: First = 20,
        after: After = ABSENT,
        filter: PapersOnly = ABSENT,
        order_by: PapersBy = PaperOrder.LATEST_SUMMARY,
    ) -> Connection[Paper]:
        return all_papers(info.context, first, after, filter, order_by)

    @resolved(description="A venue by its exact key; null if no paper has it.")
    async def venue(self, info: Info, key: VenueKey) -> Venue | None:
        return await load_venue(info.context, identifiers.venue_key(key, ("key",)))

    @resolved(description="All venues, by key.")
    def venues(self, info: Info, first: First = 20, after: After = ABSENT) -> Connection[Venue]:
        return all_venues(info.context, first, after)

    @resolved(
        description="A summary by its id; null if there is none that the viewer may see, today and then."
    )
    async def summary(self, info: Info, id: NodeIdArgument, as_of: AsOf = ABSENT) -> Summary | None:
        summary_id, tools = uuid_of(id, ("id",), "Summary"), info.context.tools
        return await load_summary(info.context, summary_id, time_asked(as_of, tools.clock()))

    @resolved(description="A user by name; null if nobody has it.")
    async def user(self, info: Info, username: Username) -> User | None:
        limits.check_characters(username, ("username",))
        user_id = await info.context.loaders.user_of_name.load(username)
        return None if user_id is None else await load_user(info.context, user_id)

    @resolved(description="Public summaries of all papers.")
    def feed(
        self,
        info: Info,
        kind: Kind = FeedKind.LATEST,
        first: First = 20,
        after: After = ABSENT,
        filter: FeedOnly = ABSENT,
    ) -> Connection[Summary]:
        return feed_of(info.context, kind, first, after, filter)

    @resolved(description="The event log itself, oldest first, as far as the viewer may see it.")
    async def events(
        self, info: Info, first: First = 100, after: AfterPosition = ABSENT, filter: EventsOnly = ABSENT
    ) -> EventConnection:
        loaders = info.context.loaders
        return await events_of(info.context, first, after, filter, lambda *asked: loaders.events.load(asked))

    @resolved(description="How much there is of everything.")
    async def statistics(self, info: Info) -> Statistics:
        return await load_statistics(info.context)

    @resolved(description="The newest signed checkpoint of the log; null before the first.")
    async def log_checkpoint(self, info: Info) -> LogCheckpoint | None:
        return await load_checkpoint(info.context)

    @resolved(description="The terms on which everybody may use the texts; null when none are given.")
    def licence(self, info: Info) -> Licence | None:
        return licence_of(info.context.tools)

    @resolved(
        description="Renders Markdown as a summary would be, for an editor's preview. Stores nothing, and "
        "needs no account."
    )
    async def preview(self, info: Info, body: Body) -> Preview:
        return await preview_of(info.context, body)


async def _node_or_error(operation: Operation, at: int, id: str) -> Node | None:
    """A bad id takes its own place only: graphql-core makes an error of an exception in a list."""
    try:
        return await load_node(operation, parse_id(id, (f"ids[{at}]",)))
    except Invalid as invalid:
        return invalid  # type: ignore[return-value]
