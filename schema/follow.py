"""What people want to hear of."""

from datetime import datetime
from uuid import UUID

import strawberry

from schema.connections import Connection, Order, Source, page
from schema.context import Info, Operation
from schema.fields import resolved
from schema.paper import Paper, load_paper
from schema.user import User, load_user
from schema.venue import Venue, load_venue
from service.integrations.follows import FollowRow

OF_USER = Order("user.follows", (datetime, UUID))


@strawberry.type(
    description="Somebody wants to hear of summaries that become public: by a user, of a paper, of a "
    "venue's papers, or of papers with a keyword. Exactly one of these is not null. Only they know of it."
)
class Follow:
    row: strawberry.Private[FollowRow]
    followed_at: datetime = strawberry.field(description="Since when.")

    @resolved(description="The paper, if it is one.")
    async def paper(self, info: Info) -> Paper | None:
        return await load_paper(info.context, UUID(self.row.subject)) if self.row.kind == "PAPER" else None

    @resolved(description="The user, if it is one. Of what they write anonymously, nobody hears.")
    async def user(self, info: Info) -> User | None:
        return await load_user(info.context, UUID(self.row.subject)) if self.row.kind == "USER" else None

    @resolved(description="The venue, if it is one.")
    async def venue(self, info: Info) -> Venue | None:
        return await load_venue(info.context, self.row.subject) if self.row.kind == "VENUE" else None

    @resolved(description="The keyword, if it is one, in lower case.")
    def keyword(self) -> str | None:
        return self.row.subject if self.row.kind == "KEYWORD" else None


def follow_from(row: FollowRow) -> Follow:
    return Follow(row=row, followed_at=row.created_at)


def follows_of(
    operation: Operation, user_id: UUID, first: int, after: str | None
) -> Connection[Follow] | None:
    """None for everybody but the user."""
    if operation.viewer != user_id:
        return None
    order, loaders = OF_USER.narrowed(user_id), operation.loaders
    asked = page(order, first, after)
    return Connection(
        source=Source(
            load=lambda: loaders.follows.load((user_id, asked)),
            count=lambda: loaders.count_of_follows.load((user_id,)),
            node=follow_from,
            cursor=lambda row: order.cursor(row.key()),
            page=asked,
        )
    )
