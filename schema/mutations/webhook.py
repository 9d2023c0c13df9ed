"""Creating webhooks, and all that their owners do with them."""

import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
import strawberry
from strawberry import ID

from schema.context import Info, Operation
from schema.errors import AccessError, NotFoundError, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.ids import NodeId, uuid_of
from schema.mutations.keys import KEY
from schema.scalars import LogPosition, named
from schema.webhook import Webhook, load_webhook
from schema.webhook_filter import WebhookFilter, wanted_from
from schema.webhook_message import test_message
from service.domain import ids, limits
from service.domain.errors import Invalid
from service.integrations import webhook_changes as changes
from service.integrations import webhook_channel, webhook_owners, webhook_secrets, webhooks
from service.integrations.posting import NotSent
from service.integrations.webhooks import Asked, Changed

DESCRIPTION = 200


@strawberry.input(description="A webhook to create. It is told of what is recorded from then on.")
class CreateWebhookInput:
    url: str = strawberry.field(description="Where to post: https, on the public internet.")
    filter: WebhookFilter | None = strawberry.field(default=ABSENT, description="Which events.")
    ordered: bool = strawberry.field(
        default=True,
        description="In the order of the log: a delivery that fails holds up those that come after it.",
    )
    description: str | None = strawberry.field(default=ABSENT, description="A note, at most 200 characters.")
    idempotency_key: ID | None = KEY


@strawberry.input(description="What to change of a webhook; what is left out stays.")
class UpdateWebhookInput:
    webhook_id: ID = strawberry.field(description="The webhook.")
    url: str | None = strawberry.field(default=ABSENT, description="Where to post.")
    filter: WebhookFilter | None = strawberry.field(
        default=ABSENT, description="Which events, the whole of it: what is planned already stays."
    )
    ordered: bool | None = strawberry.field(default=ABSENT, description="In the order of the log, or not.")
    description: str | None = strawberry.field(default=ABSENT, description="A note; empty: none.")
    active: bool | None = strawberry.field(
        default=ABSENT, description="false pauses it; true goes on where it was, and misses nothing."
    )


@strawberry.input(description="A webhook.")
class WebhookInput:
    webhook_id: ID = strawberry.field(description="The webhook.")


@strawberry.input(description="A webhook that is to sign with a new secret.")
class RotateSecretInput:
    webhook_id: ID = strawberry.field(description="The webhook.")
    idempotency_key: ID | None = strawberry.field(
        default=ABSENT,
        description="The same key from the same user rotates once. A call that repeats it says that it was "
        "done, with secret null: the secret is shown once. If that answer was lost, rotate again with "
        "another key: what the receiver has signs on for its 24 hours.",
    )


@strawberry.input(description="A delivery to send once more.")
class RedeliverInput:
    delivery_id: ID = strawberry.field(description="The delivery.")


@strawberry.input(description="A delivery to go on without.")
class SkipDeliveryInput:
    delivery_id: ID = strawberry.field(description="The delivery.")


@strawberry.input(description="From where a webhook is to be told again.")
class ReplayFromInput:
    webhook_id: ID = strawberry.field(description="The webhook.")
    position: LogPosition = strawberry.field(description="Everything after this position of the log.")


@strawberry.type(description="The webhook is as asked.")
class WebhookPayload:
    webhook_id: strawberry.Private[UUID]
    secret: str | None = strawberry.field(
        description="What its messages are signed with. Shown when it is made, and never again: null "
        "otherwise, also when a call is repeated with its idempotencyKey."
    )

    @resolved(description="The webhook as it is now.")
    async def webhook(self, info: Info) -> Webhook:
        found = await load_webhook(info.context, self.webhook_id)
        if found is None:
            raise changes.unknown()
        return found


@strawberry.type(description="The webhook is deleted.")
class DeletedWebhook:
    id: ID = strawberry.field(description="The id that it had.")


@strawberry.type(description="A message of the type webhook.test was sent, and this came of it.")
class WebhookTest:
    delivered: bool = strawberry.field(description="Whether the receiver answered 2xx.")
    status: int | None = strawberry.field(description="The HTTP status of the answer, if there was one.")
    error: str | None = strawberry.field(description="What was wrong.")
    response: str | None = strawberry.field(description="The beginning of the answer.")


WebhookResult = Annotated[
    WebhookPayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("WebhookResult", description="The webhook, or why it was not changed."),
]
DeleteWebhookResult = Annotated[
    DeletedWebhook | ValidationError | NotFoundError | AccessError,
    strawberry.union("DeleteWebhookResult", description="What was deleted, or why not."),
]
TestWebhookResult = Annotated[
    WebhookTest | ValidationError | NotFoundError | AccessError,
    strawberry.union("TestWebhookResult", description="How the test went, or why there was none."),
]

Create = Annotated[CreateWebhookInput, strawberry.argument(description="What to create.")]
Update = Annotated[UpdateWebhookInput, strawberry.argument(description="What to change.")]
Which = Annotated[WebhookInput, strawberry.argument(description="Which webhook.")]
Rotate = Annotated[RotateSecretInput, strawberry.argument(description="Which webhook.")]
Redeliver = Annotated[RedeliverInput, strawberry.argument(description="Which delivery.")]
SkipOne = Annotated[SkipDeliveryInput, strawberry.argument(description="Which delivery.")]
Replay = Annotated[ReplayFromInput, strawberry.argument(description="From where.")]


@strawberry.type
class WebhookMutations:
    @mutation(description="Post events to an address from now on. At most 20 for each user.")
    async def create_webhook(self, info: Info, input: Create) -> WebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        wanted = await wanted_from(operation, input.filter)
        asked = Asked(input.url, _note(input.description), wanted, input.ordered)
        webhook_id, request = _id(operation, owner, given(input.idempotency_key), b"webhook"), _hash(asked)
        await operation.release()
        tools, now = operation.tools, operation.tools.clock()
        if not await changes.begin_create(tools.pool, webhook_id, owner, request, now):
            return WebhookPayload(webhook_id=webhook_id, secret=None)
        await tools.poster.check(input.url, changes.URL)
        secret = tools.random(changes.SECRET_BYTES)
        async with tools.pool.acquire() as conn:
            made = await changes.create(conn, webhook_id, owner, asked, secret, request, tools.clock())
        return WebhookPayload(webhook_id=webhook_id, secret=webhooks.written(secret) if made else None)

    @mutation(description="Change a webhook, pause it, or let it go on.")
    async def update_webhook(self, info: Info, input: Update) -> WebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        webhook_id, filter = _of(input.webhook_id), given(input.filter)
        if await operation.loaders.webhook.load(webhook_id) is None:
            raise changes.unknown()
        asked = Changed(
            url=given(input.url),
            description=None if input.description is ABSENT else _note(input.description) or "",
            wanted=None if filter is None else await wanted_from(operation, filter),
            ordered=given(input.ordered),
            active=given(input.active),
        )
        await operation.release()
        tools = operation.tools
        if asked.url is not None:
            await webhook_owners.begin_look_up(tools.pool, owner, changes.URL, tools.clock())
            await tools.poster.check(asked.url, changes.URL)
        async with tools.pool.acquire() as conn:
            await changes.update(conn, webhook_id, owner, asked)
        return WebhookPayload(webhook_id=webhook_id, secret=None)

    @mutation(description="Delete a webhook and what is known of its deliveries.")
    async def delete_webhook(self, info: Info, input: Which) -> DeleteWebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        webhook_id = _of(input.webhook_id)
        await operation.release()
        async with operation.tools.pool.acquire() as conn:
            await changes.delete(conn, webhook_id, owner)
        return DeletedWebhook(id=ID(str(NodeId("Webhook", webhook_id))))

    @mutation(
        description="Sign with a new secret. The one that it replaces signs too for 24 hours, also when the "
        "secret is rotated again meanwhile. At most 10 times in 24 hours."
    )
    async def rotate_secret(self, info: Info, input: Rotate) -> WebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        webhook_id, secret = _of(input.webhook_id), operation.tools.random(changes.SECRET_BYTES)
        rotation_id = _id(operation, owner, given(input.idempotency_key), b"rotation")
        await operation.release()
        async with operation.tools.pool.acquire() as conn:
            now = operation.tools.clock()
            done = await webhook_secrets.rotate(conn, webhook_id, owner, rotation_id, secret, now)
        return WebhookPayload(webhook_id=webhook_id, secret=webhooks.written(secret) if done else None)

    @mutation(description="Send a test message now. At most one in 5 seconds, of all webhooks of a user.")
    async def test_webhook(self, info: Info, input: Which) -> TestWebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        tools, webhook_id = operation.tools, _of(input.webhook_id)
        await operation.release()
        await changes.begin_test(tools.pool, webhook_id, owner, tools.clock())
        found = await webhook_secrets.with_secrets(tools.pool, webhook_id, tools.clock())
        if found is None:
            raise changes.unknown()
        (row, secrets), now = found, tools.clock()
        message, message_id = test_message(row, now), webhooks.message_id(uuid4())
        try:
            answer = await webhook_channel.send(tools.poster, row.url, message_id, message, secrets, now)
        except NotSent as error:
            return WebhookTest(delivered=False, status=None, error=str(error), response=None)
        why = webhook_channel.problem(answer)
        return WebhookTest(
            delivered=why is None, status=answer.status, error=why, response=answer.text[:1_000]
        )

    @mutation(
        description="Send a delivery once more, with the same webhook-id: before all that waits, or, to an "
        "ordered webhook, before all that comes after it. There, one that waits already behind an earlier "
        "one is refused: skip that one. What has ended takes its place in line."
    )
    async def redeliver(self, info: Info, input: Redeliver) -> WebhookResult:
        return await _change_delivery(info.context, input.delivery_id, changes.redeliver)

    @mutation(
        description="Go on without a delivery that did not arrive, such as one that its receiver cannot "
        "take: what comes after it waits no longer. A try that is under way goes on, and if that arrives, it "
        "counts as delivered. It is sent after all by redeliver and by replayFrom."
    )
    async def skip_delivery(self, info: Info, input: SkipOne) -> WebhookResult:
        return await _change_delivery(info.context, input.delivery_id, changes.skip)

    @mutation(
        description="Send everything after a position again, with the same webhook-ids, to an ordered "
        "webhook in order; also what was recorded before the webhook was created."
    )
    async def replay_from(self, info: Info, input: Replay) -> WebhookResult:
        operation, owner = info.context, _signed_in(info.context)
        webhook_id = _of(input.webhook_id)
        with named(argument="input.position"):
            after = await operation.place(input.position)
        if after > (await operation.tools.store.head()).position:
            raise Invalid("position is beyond the end of the log.", path=("input", "position"))
        await operation.release()
        async with operation.tools.pool.acquire() as conn:
            await changes.replay(conn, webhook_id, owner, after)
        return WebhookPayload(webhook_id=webhook_id, secret=None)


def _signed_in(operation: Operation) -> UUID:
    return operation.command_context().signed_in()


def _of(value: str) -> UUID:
    return uuid_of(value, changes.OWN_ID, "Webhook")


async def _change_delivery(
    operation: Operation, value: str, change: Callable[[asyncpg.Connection, UUID, UUID], Awaitable[UUID]]
) -> WebhookPayload:
    owner, delivery_id = _signed_in(operation), uuid_of(value, changes.OWN_DELIVERY, "WebhookDelivery")
    await operation.release()
    async with operation.tools.pool.acquire() as conn:
        webhook_id = await change(conn, delivery_id, owner)
    return WebhookPayload(webhook_id=webhook_id, secret=None)


def _id(operation: Operation, owner: UUID, key: str | None, made: bytes) -> UUID:
    """The same for the same user, key and kind of thing made."""
    if key is None:
        return operation.command_context().new_id()
    limits.text(key, limits.IDEMPOTENCY_KEY, ("input", "idempotencyKey"))
    return ids.derived_id(operation.tools.secret, made, owner.bytes, key.encode())


def _hash(asked: Asked) -> bytes:
    return hashlib.sha256(json.dumps(asdict(asked), default=str).encode()).digest()


def _note(value: str | None) -> str | None:
    note = given(value)
    return limits.line(note, DESCRIPTION, ("input", "description"), optional=True) if note else None
