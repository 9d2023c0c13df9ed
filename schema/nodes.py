"""Anything by its id, as far as the viewer may see it."""

from typing import assert_never

from schema.comment import load_comment
from schema.context import Operation
from schema.ids import NodeId, VenueId
from schema.node import Node
from schema.notification import load_notification
from schema.paper import load_paper
from schema.revision import load_revision
from schema.summary import load_summary
from schema.user import load_user
from schema.venue import load_venue
from schema.vote import Votable
from schema.webhook import load_delivery, load_webhook


async def load_votable(operation: Operation, node_id: NodeId) -> Votable | None:
    """As `load_node`, for what can be voted on."""
    node = await load_node(operation, node_id)
    return node if isinstance(node, Votable) else None


async def load_node(operation: Operation, node_id: NodeId | VenueId) -> Node | None:
    """None for what does not exist and for what the viewer may not see."""
    if isinstance(node_id, VenueId):
        return await load_venue(operation, node_id.key)
    match node_id.kind:
        case "Paper":
            return await load_paper(operation, node_id.uuid)
        case "Summary":
            return await load_summary(operation, node_id.uuid)
        case "Comment":
            return await load_comment(operation, node_id.uuid)
        case "User":
            return await load_user(operation, node_id.uuid)
        case "Revision":
            if node_id.number is None or await load_summary(operation, node_id.uuid) is None:
                return None
            return await load_revision(operation, node_id.uuid, node_id.number)
        case "Webhook":
            return await load_webhook(operation, node_id.uuid)
        case "Notification":
            return await load_notification(operation, node_id.uuid)
        case "WebhookDelivery":
            return await load_delivery(operation, node_id.uuid)
        case _:
            assert_never(node_id.kind)
