"""Webhooks in tests of the API: made, sent to a receiver, and read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from schema.context import Tools
from schema.webhook_message import describing
from service.integrations.backoff import Backoff
from service.integrations.planner import Planner
from service.integrations.sender import Bell, Sender
from service.integrations.webhook_channel import Webhooks
from tests.integrations.outgoing import QUICK, settled
from tests.schema.people import REFUSAL, Api

WEBHOOK = """
fragment Whole on Webhook {
  id url description ordered active disabledReason createdAt
  filter { types subject papers venueKey year keyword username }
  deliveries(first: 50) { totalCount nodes {
    id position messageId state attempts status error response nextTryAt createdAt finishedAt } }
}
"""
PAYLOAD = f"{{ __typename ... on WebhookPayload {{ secret webhook {{ ...Whole }} }} {REFUSAL} }}"
DELETED = f"{{ __typename ... on DeletedWebhook {{ id }} {REFUSAL} }}"
TESTED = f"{{ __typename ... on WebhookTest {{ delivered status error response }} {REFUSAL} }}"
MUTATIONS = {
    "createWebhook": ("CreateWebhookInput", PAYLOAD),
    "updateWebhook": ("UpdateWebhookInput", PAYLOAD),
    "deleteWebhook": ("WebhookInput", DELETED),
    "rotateSecret": ("RotateSecretInput", PAYLOAD),
    "testWebhook": ("WebhookInput", TESTED),
    "redeliver": ("RedeliverInput", PAYLOAD),
    "skipDelivery": ("SkipDeliveryInput", PAYLOAD),
    "replayFrom": ("ReplayFromInput", PAYLOAD),
}


async def do(person: Api, mutation: str, **input: Any) -> Any:
    """The outcome of a mutation of webhooks."""
    type_, selection = MUTATIONS[mutation]
    fragment = WEBHOOK if "Whole" in selection else ""
    query = f"{fragment} mutation ($input: {type_}!) {{ outcome: {mutation}(input: $input) {selection} }}"
    return (await person.read(query, input=input))["outcome"]


async def webhooks(person: Api) -> Any:
    """Their own."""
    return (await person.read(f"{WEBHOOK} {{ viewer {{ webhooks {{ ...Whole }} }} }}"))["viewer"]["webhooks"]


async def deliveries(person: Api) -> Any:
    """Of their only webhook, the newest first."""
    [webhook] = await webhooks(person)
    return webhook["deliveries"]["nodes"]


@asynccontextmanager
async def sending(tools: Tools, backoff: Backoff = QUICK, holder: str = "test") -> AsyncIterator[Sender]:
    """What goes outwards does so until the end of the body."""
    bell, channels = Bell(), [Webhooks(tools.pool, describing(tools), tools.poster, tools.clock)]
    planner = Planner(tools.pool, tools.store, channels, holder=holder, shown=tools.progress, bell=bell)
    sender = Sender(tools.pool, channels, bell, backoff=backoff)
    tasks = [asyncio.create_task(one.run()) for one in (planner, sender)]
    try:
        yield sender
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_sent(api: Api) -> None:
    """Wait until nothing that is recorded by now waits to be sent."""
    await settled(api.tools.pool, (await api.tools.store.head()).position)
