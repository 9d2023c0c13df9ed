"""How people want mail, and whether the owner of an address wants it at all.

An address gets nothing but a question before its owner has answered it, and few of those.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import asyncpg
from msgspec import Struct

from projections.reading import Reader, row_maker
from projections.writing import Writer
from service.domain.errors import Invalid
from service.integrations import targets
from service.integrations.mail_questions import ADDRESS, ask, new_token
from service.integrations.mail_schedule import Mode, move, not_before
from service.integrations.mail_server import is_mailable
from service.integrations.notification_writer import CHANNEL, REFUSALS

FIRST_HOUR = 7
_LOCK = 0x53_53_6D_61_69_6C  # any number will do


class MailRow(Struct, frozen=True):
    """How somebody wants mail. Shape: token unsubscribes. Units: digest_hour is in UTC."""

    user_id: UUID
    mode: Mode
    digest_hour: int
    address: str | None
    confirmed_at: datetime | None
    refusals: int
    token: str

    @property
    def reachable(self) -> bool:
        """The address is of somebody who said yes, and takes mail."""
        return self.confirmed_at is not None and self.refusals < REFUSALS


_mail = row_maker(MailRow)


async def preferences_of(conn: Reader, user_id: UUID) -> MailRow | None:
    """None when nothing was ever chosen: then there is no mail. Source: notices.mail."""
    found = await conn.fetch("SELECT * FROM notices.mail WHERE user_id = $1", user_id)
    return _mail(found[0]) if found else None


async def choose(
    pool: asyncpg.Pool,
    user_id: UUID,
    mode: Mode,
    digest_hour: int | None,
    address: str | None,
    now: datetime,
    random: Callable[[int], bytes],
) -> None:
    """From now on. The owner of an address that is new here is asked, by mail.

    Shape:  None of digest_hour and address is as before; at first 7, and the account's address.
    Errors: Invalid, RateLimited: then nothing changes.
    """
    if digest_hour is not None and not 0 <= digest_hour <= 23:
        raise Invalid("digestHour is from 0 to 23, in UTC.", path=("input", "digestHour"))
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        await targets.hold(conn, CHANNEL, user_id)
        before = await preferences_of(conn, user_id)
        to = address or (before.address if before else None) or await _of_account(conn, user_id)
        if address is not None or mode != "NONE":
            _check(to)
        asked = before.digest_hour if digest_hour is None and before else digest_hour
        hour = FIRST_HOUR if asked is None else asked
        same = before is not None and before.address == to and before.reachable
        await conn.execute(_CHOOSE, user_id, mode, hour, to, same, new_token(random))
        if before is not None and (before.mode, before.digest_hour) != (mode, hour):
            await move(conn, user_id, not_before(mode, hour, now))
        if mode == "NONE":
            await _hold_back(conn, user_id)
        elif same:
            await targets.enable(conn, CHANNEL, user_id)
        elif to is not None:
            await ask(conn, user_id, to, now, random)


_CHOOSE = """
INSERT INTO notices.mail AS m (user_id, mode, digest_hour, address, token) VALUES ($1, $2, $3, $4, $6)
ON CONFLICT (user_id) DO UPDATE
   SET mode = $2, digest_hour = $3, address = $4,
       confirmed_at = CASE WHEN $5 THEN m.confirmed_at END, refusals = CASE WHEN $5 THEN m.refusals ELSE 0 END
"""


async def unsubscribe(pool: asyncpg.Pool, token: str) -> bool:
    """No mail any more for whoever has this token. False when nobody has."""
    async with pool.acquire() as conn, conn.transaction():
        sql = "UPDATE notices.mail SET mode = 'NONE' WHERE token = $1 RETURNING user_id"
        user_id = await conn.fetchval(sql, token)
        if user_id is not None:
            await _hold_back(conn, user_id)
    return user_id is not None


async def is_subscriber(conn: Reader, token: str) -> bool:
    """Whether somebody has this token, and could unsubscribe."""
    return bool(await conn.fetch("SELECT FROM notices.mail WHERE token = $1", token))


async def _of_account(conn: Reader, user_id: UUID) -> str | None:
    found = await conn.fetch("SELECT email FROM accounts.passwords WHERE user_id = $1", user_id)
    return found[0]["email"] if found else None


def _check(address: str | None) -> None:
    """Errors: Invalid; the message never repeats the address."""
    if address is None:
        raise Invalid("There is no address to send mail to: give one.", path=ADDRESS)
    if not is_mailable(address):
        raise Invalid(
            "Mail cannot be sent to this address: give one such as name@example.org, in plain letters.",
            path=ADDRESS,
        )


async def _hold_back(conn: Writer, user_id: UUID) -> None:
    """What waits for a mail waits no more."""
    await conn.execute(
        "UPDATE notices.notifications SET by_mail = false WHERE user_id = $1 AND by_mail AND mail_id IS NULL",
        user_id,
    )
