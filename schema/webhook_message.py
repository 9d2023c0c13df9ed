"""What a webhook posts: an event as its owner sees it in the API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from projections import event
from projections.reading import Reader
from schema.context import Tools
from schema.event import event_from
from schema.ids import Kind, NodeId
from schema.scalars import written_date_time
from service.integrations.outbox import Delivery
from service.integrations.webhook_channel import Describe
from service.integrations.webhooks import PUBLISHED, WITHDRAWN, WebhookRow

TEST = "webhook.test"


def describing(tools: Tools) -> Describe:
    """Makes messages, with positions, ids and links as in the API."""

    async def describe(conn: Reader, webhook: WebhookRow, delivery: Delivery) -> Mapping[str, Any] | None:
        viewer, position, known = webhook.owner_id, delivery.position, delivery.by_address
        [row] = await event.events_at(conn, [position], event.ALL, viewer, tools.codec, by_address=known)
        if row is None:
            return None
        [place] = await conn.fetch(
            "SELECT summary_id, paper_id, publishes, withdraws FROM read.event WHERE position = $1", position
        )
        return _message(tools, webhook, row, place)

    return describe


def test_message(webhook: WebhookRow, now: datetime) -> dict[str, Any]:
    """What testWebhook sends."""
    return {
        "type": TEST,
        "timestamp": written_date_time(now),
        "data": {"webhook": _id("Webhook", webhook.webhook_id)},
    }


def _message(tools: Tools, webhook: WebhookRow, row: event.EventRow, place: Any) -> dict[str, Any]:
    shown, summary_id = event_from(row, tools), place["summary_id"]
    return {
        "type": _type(webhook, row.type, publishes=place["publishes"], withdraws=place["withdraws"]),
        "timestamp": written_date_time(row.recorded_at),
        "data": {
            "position": str(shown.position),
            "type": shown.type,
            "version": shown.version,
            "subject": shown.subject,
            "streamVersion": shown.stream_version,
            "recordedAt": written_date_time(shown.recorded_at),
            "occurredAt": written_date_time(shown.occurred_at),
            "actor": _id("User", row.actor),
            "paper": _id("Paper", place["paper_id"]),
            "summary": _id("Summary", summary_id),
            "permalink": f"{tools.base_url}/summaries/{summary_id}" if summary_id else None,
            "publishes": place["publishes"],
            "withdraws": place["withdraws"],
            "data": shown.data,
        },
    }


def _type(webhook: WebhookRow, recorded: str, *, publishes: bool, withdraws: bool) -> str:
    """What it was asked for by; of several names, what became of the lists."""
    asked = webhook.types or ()
    if publishes and PUBLISHED in asked:
        return PUBLISHED
    return WITHDRAWN if withdraws and WITHDRAWN in asked else recorded


def _id(kind: Kind, value: Any) -> str | None:
    return None if value is None else str(NodeId(kind, value))
