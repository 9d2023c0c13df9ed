"""How people want mail, and whether the owner of an address wants it at all.

An address gets nothing but a question before its owner has answered it, and few of those.
"""

import base64
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import asyncpg
from msgspec import Struct

from projections.reading import Reader, row_maker
from projections.writing import Writer
from service.domain import ids
from service.domain.errors import Invalid, RateLimited
from service.integrations import targets
from service.integrations.mail_server import is_mailable
from service.integrations.notifications import CHANNEL, REFUSALS
from service.integrations.outbox import Planned

QUESTIONS = "confirmation"  # the channel that asks
ANSWERED_WITHIN = timedelta(days=2)
PAUSE = timedelta(minutes=10)  # in which the same is not asked again
COUNTED = timedelta(days=7)
OF_USER, TO_ADDRESS, OF_ALL = 5, 3, 300  # questions in COUNTED, in COUNTED, and in an hour
FIRST_HOUR = 7
ADDRESS = ("input", "address")
_LOCK = 0x53_53_6D_61_69_6C  # any number will do

Mode = Literal["NONE", "AT_ONCE", "DAILY"]


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


class Question(Struct, frozen=True):
    """Asked of the owner of an address: whether mail for a user is to go there."""

    confirmation_id: UUID
    token: str
    user_id: UUID
    address: str
    asked_at: datetime


_mail, _question = row_maker(MailRow), row_maker(Question)


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
        before = await preferences_of(conn, user_id)
        to = address or (before.address if before else None) or await _of_account(conn, user_id)
        if address is not None or mode != "NONE":
            _check(to)
        hour = before.digest_hour if digest_hour is None and before else digest_hour
        same = before is not None and before.address == to and before.reachable
        await conn.execute(
            _CHOOSE, user_id, mode, FIRST_HOUR if hour is None else hour, to, same, _token(random)
        )
        if mode == "NONE":
            await _hold_back(conn, user_id)
        elif not same and to is not None:
            key = ids.uuid7(now, random(10))
            await _ask(conn, Question(key, _token(random), user_id, to, now))


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


async def question(conn: Reader, token: str, now: datetime) -> Question | None:
    """What was asked with this token, as long as it can be answered. Source: notices.confirmations."""
    sql = "SELECT * FROM notices.confirmations WHERE token = $1 AND asked_at > $2"
    found = await conn.fetch(sql, token, now - ANSWERED_WITHIN)
    return _question(found[0]) if found else None


async def question_by_id(conn: Reader, confirmation_id: UUID) -> Question | None:
    """What is to be asked. Source: notices.confirmations."""
    sql = "SELECT * FROM notices.confirmations WHERE confirmation_id = $1"
    found = await conn.fetch(sql, confirmation_id)
    return _question(found[0]) if found else None


async def confirm(pool: asyncpg.Pool, token: str, now: datetime) -> bool:
    """The owner of an address said yes. False when they were not asked, too long ago, or of another one."""
    async with pool.acquire() as conn, conn.transaction():
        if (asked := await question(conn, token, now)) is None:
            return False
        await targets.enable(conn, CHANNEL, asked.user_id)
        sql = """
            UPDATE notices.mail SET confirmed_at = $3, refusals = 0 WHERE user_id = $1 AND address = $2
        """
        return bool(await conn.execute(sql, asked.user_id, asked.address, now) == "UPDATE 1")


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


async def _ask(conn: Writer, asked: Question) -> None:
    """Errors: RateLimited."""
    await _sweep(conn, asked.asked_at)
    [counted] = await conn.fetch(
        """
        SELECT count(*) FILTER (WHERE user_id = $1) AS of_user,
               count(*) FILTER (WHERE lower(address) = lower($2)) AS to_address,
               count(*) FILTER (WHERE asked_at > $3) AS of_all,
               count(*) FILTER (WHERE user_id = $1 AND address = $2 AND asked_at > $4) AS just_now
          FROM notices.confirmations WHERE asked_at > $5
        """,
        asked.user_id,
        asked.address,
        asked.asked_at - timedelta(hours=1),
        asked.asked_at - PAUSE,
        asked.asked_at - COUNTED,
    )
    if counted["just_now"]:
        return
    if counted["of_user"] >= OF_USER or counted["to_address"] >= TO_ADDRESS or counted["of_all"] >= OF_ALL:
        raise RateLimited(
            "Too many mails were sent to confirm addresses: look for one that came already, or try again "
            "in some days.",
            path=ADDRESS,
        )
    sql = "INSERT INTO notices.confirmations VALUES ($1, $2, $3, $4, $5)"
    key = asked.confirmation_id
    await conn.execute(sql, key, asked.token, asked.user_id, asked.address, asked.asked_at)
    await targets.open_targets(conn, QUESTIONS, False, [Planned(key, 0)], 0)
    sql = "INSERT INTO outwards.deliveries (delivery_id, channel, target, position, next_at) "
    await conn.execute(sql + "VALUES ($1, $2, $1, 0, now())", key, QUESTIONS)


async def _sweep(conn: Writer, now: datetime) -> None:
    old = await conn.fetch(
        "DELETE FROM notices.confirmations WHERE asked_at < $1 RETURNING confirmation_id", now - COUNTED
    )
    for one in old:
        await targets.forget(conn, QUESTIONS, one["confirmation_id"])


def _token(random: Callable[[int], bytes]) -> str:
    return base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
