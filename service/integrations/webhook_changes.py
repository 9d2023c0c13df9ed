"""Changing webhooks, each by its owner."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from projections.paper import folded_keyword
from projections.papers import spelled
from projections.reading import Reader
from service.domain.errors import DomainError, Invalid, KeyReused, NotFound
from service.domain.limits import Path
from service.integrations import redelivery, targets, webhook_owners
from service.integrations.webhooks import (
    CHANNEL,
    Asked,
    Changed,
    DeliveryRow,
    Wanted,
    deliveries_by_id,
    webhooks_by_id,
)

SECRET_BYTES = 32
PAUSED = "Paused by its owner."
SKIPPED = "Skipped by its owner."
WAITS = (
    "This delivery is in line already: its webhook is ordered, and an earlier one goes first. If that fails, "
    "go on without it by skipDelivery: waitingFor of the webhook says which it is."
)
OWN_ID: Path = ("input", "webhookId")
OWN_DELIVERY: Path = ("input", "deliveryId")
URL: Path = ("input", "url")


async def begin_create(
    conn: Reader, webhook_id: UUID, owner: UUID, request_hash: bytes, now: datetime
) -> bool:
    """Before its address is looked up: whether it is to be made. False when it was there.

    Errors: as `create`; RateLimited.
    """
    if not await _is_new(conn, webhook_id, request_hash):
        return False
    await webhook_owners.check_room(conn, owner)
    await webhook_owners.begin_look_up(conn, owner, URL, now)
    return True


async def create(
    conn: asyncpg.Connection,
    webhook_id: UUID,
    owner: UUID,
    asked: Asked,
    secret: bytes,
    request_hash: bytes,
    now: datetime,
) -> bool:
    """A webhook for what is recorded from now on. False when it was there: this was asked before.

    Errors: KeyReused when something else was asked with this id; Invalid when there are too many.
    """
    async with conn.transaction():
        await webhook_owners.hold(conn, owner)
        if not await _is_new(conn, webhook_id, request_hash):
            return False
        await webhook_owners.check_room(conn, owner)
        await conn.execute(
            """
            INSERT INTO outwards.webhooks (
              webhook_id, owner_id, url, description, types, subject_kind, subject_id, paper_ids, venue_key,
              year, keyword, folded_keyword, username, folded_username, secret, since, request_hash,
              created_at)
            SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, position, $16, $17
              FROM log_head
            """,
            webhook_id,
            owner,
            asked.url,
            asked.description,
            *_filter(asked.wanted),
            secret,
            request_hash,
            now,
        )
        await conn.execute(
            "INSERT INTO outwards.targets (channel, target, ordered) VALUES ($1, $2, $3)",
            CHANNEL,
            webhook_id,
            asked.ordered,
        )
    return True


async def _is_new(conn: Reader, webhook_id: UUID, request_hash: bytes) -> bool:
    """False when this was asked before. Errors: KeyReused when something else was."""
    sql = "SELECT request_hash FROM outwards.webhooks WHERE webhook_id = $1"
    known = [record["request_hash"] for record in await conn.fetch(sql, webhook_id)]
    if known not in ([], [request_hash]):
        raise KeyReused
    return not known


async def update(conn: asyncpg.Connection, webhook_id: UUID, owner: UUID, asked: Changed) -> None:
    """It is as asked from now on; what is planned stays, and so does what others changed meanwhile.

    Errors: NotFound.
    """
    async with conn.transaction():
        done = await conn.execute(
            """
            UPDATE outwards.webhooks
               SET url = coalesce($3, url),
                   description = CASE WHEN $4::text IS NULL THEN description ELSE nullif($4, '') END
             WHERE webhook_id = $1 AND owner_id = $2
            """,
            webhook_id,
            owner,
            asked.url,
            asked.description,
        )
        if done != "UPDATE 1":
            raise unknown()
        if asked.wanted is not None:
            await conn.execute(_FILTER, webhook_id, *_filter(asked.wanted))
        await _update_target(conn, webhook_id, asked)


_FILTER = """
UPDATE outwards.webhooks
   SET types = $2, subject_kind = $3, subject_id = $4, paper_ids = $5, venue_key = $6, year = $7,
       keyword = $8, folded_keyword = $9, username = $10, folded_username = $11
 WHERE webhook_id = $1
"""


async def _update_target(conn: asyncpg.Connection, webhook_id: UUID, asked: Changed) -> None:
    await targets.hold(conn, CHANNEL, webhook_id)
    sql = "SELECT disabled_at IS NULL, ordered FROM outwards.targets WHERE channel = $1 AND target = $2"
    active, ordered = await conn.fetchrow(sql, CHANNEL, webhook_id)
    if asked.ordered not in (None, ordered):
        await targets.reorder(conn, CHANNEL, webhook_id, ordered=not ordered)
    if asked.active not in (None, active):
        if asked.active:
            await targets.enable(conn, CHANNEL, webhook_id)
        else:
            await targets.disable(conn, CHANNEL, webhook_id, PAUSED)


def _filter(wanted: Wanted) -> tuple[Any, ...]:
    keyword, username = wanted.keyword, wanted.username
    return (
        wanted.types,
        *(wanted.subject or (None, None)),
        wanted.paper_ids,
        wanted.venue_key,
        wanted.year,
        keyword,
        None if keyword is None else folded_keyword(spelled(keyword)),
        username,
        None if username is None else username.casefold(),
    )


async def delete(conn: asyncpg.Connection, webhook_id: UUID, owner: UUID) -> None:
    """It is no more, and nothing of it is kept. Errors: NotFound."""
    async with conn.transaction():
        sql = "DELETE FROM outwards.webhooks WHERE webhook_id = $1 AND owner_id = $2"
        if await conn.execute(sql, webhook_id, owner) != "DELETE 1":
            raise unknown()
        await targets.forget(conn, CHANNEL, webhook_id)


async def begin_test(conn: Reader, webhook_id: UUID, owner: UUID, now: datetime) -> None:
    """Errors: NotFound; RateLimited when the last test, of any of their webhooks, was just now."""
    [row] = await webhooks_by_id(conn, [webhook_id], owner)
    if row is None:
        raise unknown()
    await webhook_owners.begin_test(conn, owner, OWN_ID, now)


async def redeliver(conn: asyncpg.Connection, delivery_id: UUID, owner: UUID) -> UUID:
    """Once more, as `redelivery.again`; the webhook.

    Errors: NotFound; Invalid when it is disabled, and for what waits in line, which stays where it is.
    """
    async with conn.transaction():
        webhook_id = (await _delivery(conn, delivery_id, owner)).target
        await _hold_active(conn, webhook_id, owner, OWN_DELIVERY)
        if await redelivery.waits_in_line(conn, delivery_id):
            raise Invalid(WAITS, path=OWN_DELIVERY)
        if not await redelivery.again(conn, CHANNEL, webhook_id, delivery_id):
            raise _no_delivery()
    return webhook_id


async def skip(conn: asyncpg.Connection, delivery_id: UUID, owner: UUID) -> UUID:
    """It goes on without this one, or does already; the webhook.

    Errors: NotFound; Invalid when it has arrived.
    """
    async with conn.transaction():
        webhook_id = (await _delivery(conn, delivery_id, owner)).target
        await targets.hold(conn, CHANNEL, webhook_id)
        if not await redelivery.skip(conn, CHANNEL, webhook_id, delivery_id, SKIPPED):
            now = await _delivery(conn, delivery_id, owner)  # others may have changed it before the hold
            if now.state == "delivered":
                raise Invalid("This delivery has arrived already.", path=OWN_DELIVERY)
    return webhook_id


async def _delivery(conn: Reader, delivery_id: UUID, owner: UUID) -> DeliveryRow:
    """As it is now. Errors: NotFound."""
    [row] = await deliveries_by_id(conn, [delivery_id], owner)
    if row is None:
        raise _no_delivery()
    return row


def _no_delivery() -> DomainError:
    """Also for somebody else's."""
    return NotFound("There is no such delivery, or it is kept no more.", path=OWN_DELIVERY)


async def replay(conn: asyncpg.Connection, webhook_id: UUID, owner: UUID, after: int) -> None:
    """Everything after a position again. Errors: NotFound; Invalid when it is disabled."""
    async with conn.transaction():
        sql = "UPDATE outwards.webhooks SET since = least(since, $3) WHERE webhook_id = $1 AND owner_id = $2"
        if await conn.execute(sql, webhook_id, owner, after) != "UPDATE 1":
            raise unknown()
        await _hold_active(conn, webhook_id, owner, OWN_ID)
        await targets.replay(conn, CHANNEL, webhook_id, after)


async def _hold_active(conn: asyncpg.Connection, webhook_id: UUID, owner: UUID, path: Path) -> None:
    """Nobody disables it before the commit."""
    await targets.hold(conn, CHANNEL, webhook_id)
    [row] = await webhooks_by_id(conn, [webhook_id], owner)
    if row is None:
        raise unknown()
    if row.disabled_at is not None:
        state = "paused" if row.disabled_reason == PAUSED else "disabled"
        raise Invalid(f"The webhook is {state}: updateWebhook with active: true first.", path=path)


def unknown() -> DomainError:
    """Also for somebody else's."""
    return NotFound("There is no such webhook.", path=OWN_ID)
