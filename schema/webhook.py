"""Webhooks, as their owners see them."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry import ID

from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.fields import ABSENT, given, resolved
from schema.ids import NodeId
from schema.node import Node
from schema.scalars import LogPosition
from service.integrations.webhooks import DeliveryRow, WebhookRow, message_id

DELIVERIES = Order("webhook.deliveries", (int,))


@strawberry.enum(description="What became of a delivery.")
class DeliveryState(Enum):
    OPEN = strawberry.enum_value("open", description="It waits for its first or its next try.")
    DELIVERED = strawberry.enum_value("delivered", description="The receiver answered 2xx.")
    SKIPPED = strawberry.enum_value(
        "skipped",
        description="It is not sent any more: its owner may not see the event any more, or skipped it.",
    )
    FAILED = strawberry.enum_value(
        "failed", description="It did not arrive. It is tried again when the webhook is active again."
    )


States = Annotated[
    list[DeliveryState] | None, strawberry.argument(description="In one of these states; null: in any.")
]


@strawberry.type(description="Which events a webhook is told of: those that are all of what is not null.")
class WebhookScope:
    types: list[str] | None = strawberry.field(description="Of one of these types.")
    subject: ID | None = strawberry.field(description="About this.")
    papers: list[ID] | None = strawberry.field(description="Of one of these papers.")
    venue_key: str | None = strawberry.field(description="Of papers of this venue.")
    year: int | None = strawberry.field(description="Of papers of this year.")
    keyword: str | None = strawberry.field(description="Of papers with this keyword.")
    username: str | None = strawberry.field(description="Of summaries by this user.")


@strawberry.type(description="An event that a webhook is told of, and how that went.")
class WebhookDelivery(Node):
    row: strawberry.Private[DeliveryRow]
    position: LogPosition = strawberry.field(description="Of the event.")
    message_id: str = strawberry.field(
        description="The header webhook-id, the same in every try: by it a receiver knows what it has."
    )
    state: DeliveryState = strawberry.field(description="What became of it.")
    attempts: int = strawberry.field(
        description="How often it was tried, in all. A replay plans it anew, and counts from 0."
    )
    status: int | None = strawberry.field(description="The HTTP status of the last answer, if there was one.")
    error: str | None = strawberry.field(description="Why the last try failed, or why there was none.")
    response: str | None = strawberry.field(description="The beginning of the last answer.")
    next_try_at: datetime | None = strawberry.field(
        description="Not before then; null when nothing is to be tried."
    )
    created_at: datetime = strawberry.field(description="When it was planned.")
    finished_at: datetime | None = strawberry.field(description="When it ended.")


@strawberry.type(
    description="Posts events to an address, signed as Standard Webhooks says: at least once, with the same "
    "webhook-id in each try; in the order of the log, if it is ordered."
)
class Webhook(Node):
    row: strawberry.Private[WebhookRow]
    url: str = strawberry.field(description="Where it posts to.")
    description: str | None = strawberry.field(description="A note of its owner.")
    filter: WebhookScope = strawberry.field(description="Which events.")
    ordered: bool = strawberry.field(
        description="Whether a delivery that failed holds up those that come after it."
    )
    active: bool = strawberry.field(description="Whether anything is sent.")
    disabled_reason: str | None = strawberry.field(description="Why it is not active.")
    disabled_at: datetime | None = strawberry.field(description="Since when it is not active.")
    created_at: datetime = strawberry.field(description="When it was created.")

    @resolved(
        description="What it was told of, the newest event first. Kept for 30 days; what failed or was "
        "skipped also for as long as it, or something before it, is still to be sent."
    )
    def deliveries(
        self, info: Info, first: First = 20, after: After = ABSENT, states: States = ABSENT
    ) -> Connection[WebhookDelivery]:
        of, loaders, wanted = self.row.webhook_id, info.context.loaders, _states(given(states))
        order = DELIVERIES.narrowed(of, *(wanted or ()))
        asked = page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.deliveries_of.load((of, asked, wanted)),
                count=lambda: loaders.count_of_deliveries.load((of, wanted)),
                node=lambda row: delivery_from(row, info.context),
                cursor=lambda row: order.cursor((row.position,)),
                page=asked,
            )
        )

    @resolved(
        description="The delivery that holds up all that comes after it: of an ordered webhook the oldest "
        "open one, if it failed, until it arrives or is skipped; of one that is not active the oldest that "
        "failed and that it goes on with. null when none does: an active webhook that is not ordered waits "
        "for none."
    )
    async def waiting_for(self, info: Info) -> WebhookDelivery | None:
        row = await info.context.loaders.waiting_for.load(self.row.webhook_id)
        return None if row is None else delivery_from(row, info.context)


def _states(asked: list[DeliveryState] | None) -> tuple[str, ...] | None:
    """Each once. Errors: GraphQLError INVALID for none."""
    if asked is None:
        return None
    if not asked:
        raise GraphQLError(
            "states names none: leave it out for all.", extensions={"code": "INVALID", "argument": "states"}
        )
    return tuple(sorted({str(one.value) for one in asked}))


def webhook_from(row: WebhookRow) -> Webhook:
    return Webhook(
        id=ID(str(NodeId("Webhook", row.webhook_id))),
        row=row,
        url=row.url,
        description=row.description,
        filter=_scope(row),
        ordered=row.ordered,
        active=row.disabled_at is None,
        disabled_reason=row.disabled_reason,
        disabled_at=row.disabled_at,
        created_at=row.created_at,
    )


def _scope(row: WebhookRow) -> WebhookScope:
    subject = row.wanted.subject
    papers = None if row.paper_ids is None else [ID(str(NodeId("Paper", one))) for one in row.paper_ids]
    return WebhookScope(
        types=None if row.types is None else list(row.types),
        subject=None if subject is None else ID(str(NodeId(*subject))),
        papers=papers,
        venue_key=row.venue_key,
        year=row.year,
        keyword=row.keyword,
        username=row.username,
    )


def delivery_from(row: DeliveryRow, operation: Operation) -> WebhookDelivery:
    return WebhookDelivery(
        id=ID(str(NodeId("WebhookDelivery", row.delivery_id))),
        row=row,
        position=operation.log_position(row.position),
        message_id=message_id(row.delivery_id),
        state=DeliveryState(row.state),
        attempts=row.attempts,
        status=row.last_status,
        error=row.last_error,
        response=row.last_response,
        next_try_at=row.next_at if row.finished_at is None else None,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def load_webhook(operation: Operation, webhook_id: UUID) -> Webhook | None:
    """None also for somebody else's."""
    row = await operation.loaders.webhook.load(webhook_id)
    return None if row is None else webhook_from(row)


async def load_delivery(operation: Operation, delivery_id: UUID) -> WebhookDelivery | None:
    """None also for somebody else's."""
    row = await operation.loaders.delivery.load(delivery_id)
    return None if row is None else delivery_from(row, operation)


async def load_webhooks_of(operation: Operation, user_id: UUID) -> list[Webhook] | None:
    """None for everybody but the user."""
    if operation.viewer != user_id:
        return None
    return [webhook_from(row) for row in await operation.loaders.webhooks_of.load((user_id,))]
