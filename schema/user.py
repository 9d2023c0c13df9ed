"""People, and who wrote something."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from projections.summary import SummaryOrder
from projections.user import UserRow
from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.fields import ABSENT, resolved
from schema.ids import NodeId
from schema.node import Node

if TYPE_CHECKING:
    from schema.follow import Follow
    from schema.notification import MailPreferences, Notification
    from schema.summary import Summary
    from schema.webhook import Webhook

from datetime import datetime

UnreadOnly = Annotated[bool, strawberry.argument(description="Without those that they have read.")]

OF_USER = Order("user.summaries", (datetime, UUID))


@strawberry.type(description="Somebody who signed up.")
class User(Node):
    user_id: strawberry.Private[UUID]
    username: str = strawberry.field(description="Unique, whatever its case.")
    display_name: str = strawberry.field(description="The name to show; the username when there is no other.")
    joined_at: datetime = strawberry.field(
        description="As claimed by an import, otherwise when it was recorded."
    )

    @resolved(description="Their webhooks, the oldest first; null to everybody else.")
    async def webhooks(
        self, info: Info
    ) -> list[Annotated["Webhook", strawberry.lazy("schema.webhook")]] | None:
        from schema.webhook import load_webhooks_of

        return await load_webhooks_of(info.context, self.user_id)

    @resolved(description="What they follow, the latest first; null to everybody else.")
    def follows(
        self, info: Info, first: First = 20, after: After = ABSENT
    ) -> Connection[Annotated["Follow", strawberry.lazy("schema.follow")]] | None:
        from schema.follow import follows_of

        return follows_of(info.context, self.user_id, first, after)

    @resolved(
        description="What they were told and may still see, the newest first; null to everybody else. What "
        "was hidden, retracted, removed or erased since is left out, also of counts."
    )
    def notifications(
        self, info: Info, first: First = 20, after: After = ABSENT, unread_only: UnreadOnly = False
    ) -> Connection[Annotated["Notification", strawberry.lazy("schema.notification")]] | None:
        from schema.notification import notifications_of

        return notifications_of(info.context, self.user_id, first, after, unread_only)

    @resolved(description="How many notifications they have not read; null to everybody else.")
    async def unread_notification_count(self, info: Info) -> int | None:
        if info.context.viewer != self.user_id:
            return None
        return int(await info.context.loaders.count_of_notifications.load((self.user_id, True)))

    @resolved(description="How they want mail; null to everybody else.")
    async def mail_preferences(
        self, info: Info
    ) -> Annotated["MailPreferences", strawberry.lazy("schema.notification")] | None:
        from schema.notification import load_mail_preferences

        return await load_mail_preferences(info.context, self.user_id)

    @resolved(
        description="Their public summaries, without anonymous ones, the latest change of the text first; to "
        "themselves, all of them."
    )
    def summaries(
        self, info: Info, first: First = 20, after: After = ABSENT
    ) -> Connection[Annotated["Summary", strawberry.lazy("schema.summary")]]:
        from schema.summary import summary_from

        order, loaders = OF_USER.narrowed(self.user_id), info.context.loaders
        asked = page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.summaries_of_user.load((self.user_id, asked)),
                count=lambda: loaders.count_of_user.load(self.user_id),
                node=lambda row: summary_from(row, info.context),
                cursor=lambda row: order.cursor(row.key(SummaryOrder.LATEST)),
                page=asked,
            )
        )


@strawberry.type(description="An author who chose not to be named, or who is not known any more.")
class AnonymousActor:
    label: str = strawberry.field(description="What to show in place of a name.")


Actor = Annotated[
    User | AnonymousActor,
    strawberry.union(
        "Actor",
        description="Who wrote something: a user, or an author who chose not to be named and cannot be "
        "linked to one.",
    ),
]


def user_from(row: UserRow) -> User:
    return User(
        id=ID(str(NodeId("User", row.user_id))),
        user_id=row.user_id,
        username=row.username,
        display_name=row.display_name,
        joined_at=row.joined_at,
    )


async def load_user(operation: Operation, user_id: UUID) -> User | None:
    row = await operation.loaders.user.load(user_id)
    return None if row is None else user_from(row)


async def load_actor(operation: Operation, user_id: UUID | None) -> User | AnonymousActor:
    found = None if user_id is None else await load_user(operation, user_id)
    return found or AnonymousActor(label="Anonymous")
