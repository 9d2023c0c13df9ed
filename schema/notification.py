"""What people were told, and how they want mail of it."""

from datetime import datetime
from enum import Enum
from typing import TypeVar
from uuid import UUID

import strawberry
from strawberry import ID

from schema.comment import Comment, load_comment
from schema.connections import Connection, Order, Source, page
from schema.context import Info, Operation
from schema.enums import described
from schema.fields import resolved
from schema.ids import NodeId
from schema.node import Node
from schema.paper import Paper, load_paper
from schema.scalars import LogPosition
from schema.summary import Summary, load_summary
from schema.user import Actor, load_actor
from service.integrations.mail_preferences import FIRST_HOUR, MailRow
from service.integrations.notification import NotificationRow

T = TypeVar("T")

OF_USER = Order("user.notifications", (int, int))


@strawberry.enum(description="Why somebody was told. Of several reasons, the first one here.")
class NotificationKind(Enum):
    REPLY = described("REPLY", "A reply to their comment.")
    COMMENT = described("COMMENT", "A comment on their summary.")
    SUMMARY_BY_USER = described("SUMMARY_USER", "A new summary by a user whom they follow.")
    SUMMARY_ON_PAPER = described("SUMMARY_PAPER", "A new summary of a paper that they follow.")
    SUMMARY_IN_VENUE = described("SUMMARY_VENUE", "A new summary of a paper of a venue that they follow.")
    SUMMARY_ON_KEYWORD = described(
        "SUMMARY_KEYWORD", "A new summary of a paper with a keyword that they follow."
    )


@strawberry.enum(description="How somebody wants mail of notifications.")
class MailMode(Enum):
    NONE = described("NONE", "Not at all.")
    AT_ONCE = described("AT_ONCE", "As soon as there is one.")
    DAILY = described("DAILY", "Once a day, if there are any.")


@strawberry.enum(description="Whether mail can go to an address.")
class MailAddressState(Enum):
    NONE = described("NONE", "There is no address.")
    UNCONFIRMED = described("UNCONFIRMED", "Its owner has not said yes yet: a mail that asks was sent there.")
    CONFIRMED = described("CONFIRMED", "Its owner has said yes.")
    REFUSED = described(
        "REFUSED", "Mail servers refused it several times. Choosing again asks its owner again."
    )


@strawberry.type(description="Something happened that somebody wants to hear of: told once.")
class Notification(Node):
    row: strawberry.Private[NotificationRow]
    kind: NotificationKind = strawberry.field(description="Why.")
    created_at: datetime = strawberry.field(description="When it happened.")
    read_at: datetime | None = strawberry.field(description="When it was marked as read.")
    position: LogPosition = strawberry.field(description="Where in the log it happened.")

    @resolved(description="The summary that became public, or that was commented on.")
    async def summary(self, info: Info) -> Summary:
        return _there(await load_summary(info.context, self.row.summary_id))

    @resolved(description="The comment; null if it is about a summary.")
    async def comment(self, info: Info) -> Comment | None:
        return None if self.row.comment_id is None else await load_comment(info.context, self.row.comment_id)

    @resolved(description="The paper that the summary is about.")
    async def paper(self, info: Info) -> Paper:
        return _there(await load_paper(info.context, self.row.paper_id))

    @resolved(description="Who did it.")
    async def actor(self, info: Info) -> Actor:
        return await load_actor(info.context, self.row.actor_id)


@strawberry.type(description="How somebody wants mail. The address is shown to nobody.")
class MailPreferences:
    email: MailMode = strawberry.field(description="When.")
    digest_hour: int = strawberry.field(description="The hour of the daily mail, in UTC, from 0 to 23.")
    address_state: MailAddressState = strawberry.field(
        description="Whether mail can go to the address; without CONFIRMED none does."
    )


def notification_from(row: NotificationRow, operation: Operation) -> Notification:
    return Notification(
        id=ID(str(NodeId("Notification", row.notification_id))),
        row=row,
        kind=NotificationKind(row.kind),
        created_at=row.created_at,
        read_at=row.read_at,
        position=operation.log_position(row.position),
    )


def notifications_of(
    operation: Operation, user_id: UUID, first: int, after: str | None, unread_only: bool
) -> Connection[Notification] | None:
    """None for everybody but the user."""
    if operation.viewer != user_id:
        return None
    order, loaders = OF_USER.narrowed(user_id, unread_only), operation.loaders
    asked = page(order, first, after)
    return Connection(
        source=Source(
            load=lambda: loaders.notifications.load((user_id, asked, unread_only)),
            count=lambda: loaders.count_of_notifications.load((user_id, unread_only)),
            node=lambda row: notification_from(row, operation),
            cursor=lambda row: order.cursor(row.key()),
            page=asked,
        )
    )


async def load_notification(operation: Operation, notification_id: UUID) -> Notification | None:
    row = await operation.loaders.notification.load(notification_id)
    return None if row is None else notification_from(row, operation)


async def load_mail_preferences(operation: Operation, user_id: UUID) -> MailPreferences | None:
    """None for everybody but the user."""
    if operation.viewer != user_id:
        return None
    row: MailRow | None = await operation.loaders.mail_preferences.load((user_id,))
    if row is None:
        return MailPreferences(
            email=MailMode.NONE, digest_hour=FIRST_HOUR, address_state=MailAddressState.NONE
        )
    return MailPreferences(
        email=MailMode(row.mode), digest_hour=row.digest_hour, address_state=_address_state(row)
    )


def _address_state(row: MailRow) -> MailAddressState:
    if row.address is None:
        return MailAddressState.NONE
    if row.confirmed_at is None:
        return MailAddressState.UNCONFIRMED
    return MailAddressState.CONFIRMED if row.reachable else MailAddressState.REFUSED


def _there(found: T | None) -> T:
    if found is None:
        raise LookupError("a notification is shown of what is not")
    return found
