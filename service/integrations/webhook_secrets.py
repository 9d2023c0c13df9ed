"""What webhooks sign with: the newest secret, and each that it replaced less than a day ago."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from projections.reading import Reader
from projections.writing import Writer
from service.domain.errors import KeyReused, RateLimited
from service.integrations import webhook_owners
from service.integrations.webhook_changes import OWN_ID, unknown
from service.integrations.webhooks import WebhookRow, webhooks_by_id

SIGNS_ON = timedelta(hours=24)  # after it was replaced
MOST = 10  # rotations in that time: each is one more signature in the header


async def with_secrets(
    conn: Reader, webhook_id: UUID, now: datetime
) -> tuple[WebhookRow, list[bytes]] | None:
    """A webhook and the secrets that sign for it, the newest first."""
    found = await conn.fetch(_SIGNING, webhook_id, now)
    if not found:
        return None
    [row] = await webhooks_by_id(conn, [webhook_id], found[0]["owner_id"])
    return None if row is None else (row, [found[0]["secret"], *found[0]["replaced"]])


_SIGNING = """
SELECT owner_id, secret, ARRAY(
         SELECT r.secret FROM outwards.replaced_secrets r
          WHERE r.webhook_id = w.webhook_id AND r.signs_until > $2 ORDER BY r.signs_until DESC) AS replaced
  FROM outwards.webhooks w WHERE webhook_id = $1
"""


async def rotate(
    conn: asyncpg.Connection, webhook_id: UUID, owner: UUID, rotation_id: UUID, secret: bytes, now: datetime
) -> bool:
    """A new secret, and a day for the one that it replaces. False when this was asked before.

    Errors: NotFound; KeyReused when another webhook was asked with this id; RateLimited.
    """
    async with conn.transaction():
        await webhook_owners.hold(conn, owner)
        sql = "SELECT FROM outwards.webhooks WHERE webhook_id = $1 AND owner_id = $2 FOR NO KEY UPDATE"
        if not await conn.fetch(sql, webhook_id, owner):
            raise unknown()
        sql = "SELECT webhook_id FROM outwards.replaced_secrets WHERE rotation_id = $1"
        if (known := await conn.fetchval(sql, rotation_id)) is not None:
            if known != webhook_id:
                raise KeyReused
            return False
        await _forget(conn, webhook_id, now)
        await conn.execute(_REPLACE, rotation_id, webhook_id, now + SIGNS_ON, secret)
    return True


_REPLACE = """
WITH replaced AS (
  INSERT INTO outwards.replaced_secrets
  SELECT $1, webhook_id, secret, $3 FROM outwards.webhooks WHERE webhook_id = $2)
UPDATE outwards.webhooks SET secret = $4 WHERE webhook_id = $2
"""


async def _forget(conn: asyncpg.Connection, webhook_id: UUID, now: datetime) -> None:
    """What signs no more. Errors: RateLimited when too many still do."""
    sql = "UPDATE outwards.replaced_secrets SET secret = NULL WHERE webhook_id = $1 AND signs_until <= $2"
    await conn.execute(sql, webhook_id, now)
    sql = "SELECT count(*) FROM outwards.replaced_secrets WHERE webhook_id = $1 AND signs_until > $2"
    if await conn.fetchval(sql, webhook_id, now) >= MOST:
        raise RateLimited(
            f"Its secret was rotated {MOST} times in 24 hours: wait, or make a webhook anew.", path=OWN_ID
        )


async def forget_over(conn: Writer) -> None:
    """Secrets that sign no more, of all webhooks, are destroyed; those that somebody holds, another time."""
    await conn.execute(
        """
        UPDATE outwards.replaced_secrets SET secret = NULL WHERE rotation_id IN (
          SELECT rotation_id FROM outwards.replaced_secrets
           WHERE secret IS NOT NULL AND signs_until <= now() FOR UPDATE SKIP LOCKED)
        """
    )
