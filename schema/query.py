"""What can be read."""

import asyncio
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry import ID

from projections.summary import SummaryOrder
from schema.connections import MOST, After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.enums import FeedKind
from schema.fields import ABSENT, resolved
from schema.ids import parse_id, uuid_of
from schema.lookup import PaperLookup, find_paper
from schema.node import Node
from schema.nodes import load_node
from schema.paper import Paper
from schema.preview import Preview, preview_of
from schema.summary import Summary, load_summary, summary_from
from schema.user import User, load_user
from service.domain import limits
from service.domain.errors import Invalid

LATEST = Order("feed.LATEST", (datetime, UUID))

NodeIdArgument = Annotated[ID, strawberry.argument(description="An id, as the field id gives it.")]
NodeIds = Annotated[list[ID], strawberry.argument(description="Ids, at most 100.")]
By = Annotated[PaperLookup, strawberry.argument(description="Exactly one name of the paper.")]
Username = Annotated[str, strawberry.argument(description="In any case.")]
Body = Annotated[str, strawberry.argument(description="Markdown with LaTeX, at most 100,000 characters.")]
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

    @resolved(description="A paper by one of its names; null if none is registered.")
    async def paper(self, info: Info, by: By) -> Paper | None:
        return await find_paper(info.context, by)

    @resolved(description="A summary by its id; null if there is none that the viewer may see.")
    async def summary(self, info: Info, id: NodeIdArgument) -> Summary | None:
        return await load_summary(info.context, uuid_of(id, ("id",), "Summary"))

    @resolved(description="A user by name; null if nobody has it.")
    async def user(self, info: Info, username: Username) -> User | None:
        limits.check_characters(username, ("username",))
        user_id = await info.context.loaders.user_of_name.load(username)
        return None if user_id is None else await load_user(info.context, user_id)

    @resolved(description="Public summaries of all papers.")
    def feed(
        self, info: Info, kind: Kind = FeedKind.LATEST, first: First = 20, after: After = ABSENT
    ) -> Connection[Summary]:
        asked, loaders = page(LATEST, first, after), info.context.loaders
        return Connection(
            source=Source(
                load=lambda: loaders.latest.load(asked),
                count=lambda: loaders.count_latest.load(None),
                node=lambda row: summary_from(row, info.context),
                cursor=lambda row: LATEST.cursor(row.key(SummaryOrder.LATEST)),
                page=asked,
            )
        )

    @resolved(
        description="Renders Markdown as a summary would be, for an editor's preview. Stores nothing, and "
        "needs no account."
    )
    async def preview(self, body: Body) -> Preview:
        return await preview_of(body)


async def _node_or_error(operation: Operation, at: int, id: str) -> Node | None:
    """A bad id takes its own place only: graphql-core makes an error of an exception in a list."""
    try:
        return await load_node(operation, parse_id(id, (f"ids[{at}]",)))
    except Invalid as invalid:
        return invalid  # type: ignore[return-value]
