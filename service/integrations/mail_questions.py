"""Asking the owner of an address whether they want mail there: nobody gets any before they have said yes."""

import base64
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
from msgspec import Struct

from projections.reading import Reader, row_maker
from projections.user import users_by_id
from projections.writing import Writer
from service.domain import ids
from service.domain.errors import RateLimited
from service.integrations import planning, targets
from service.integrations.mail_post import SECONDS, TRIED, Post
from service.integrations.mail_text import ANONYMOUS
from service.integrations.notification_writer import CHANNEL
from service.integrations.outbox import Delivery, Happened, Outcome, Planned, Skip

ADDRESS = ("input", "address")
QUESTIONS = "confirmation"  # the channel that asks
ANSWERED_WITHIN = timedelta(days=2)
PAUSE = timedelta(minutes=10)  # in which the same is not asked again
COUNTED = timedelta(days=7)
OF_USER, TO_ADDRESS, OF_ALL = 5, 3, 300  # questions in COUNTED, in COUNTED, and in an hour


class Question(Struct, frozen=True):
    """Asked of the owner of an address: whether mail for a user is to go there."""

    confirmation_id: UUID
    token: str
    user_id: UUID
    address: str
    asked_at: datetime


_question = row_maker(Question)


class Questions:
    """Asks the owners of addresses whether they want mail there. Nothing in the log leads to it."""

    name = QUESTIONS
    ordered = False
    seconds = SECONDS
    dropped_after = TRIED.total_seconds()

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        return []

    async def send(self, delivery: Delivery) -> Outcome:
        asked = await question_by_id(self._pool, delivery.target)
        if asked is None or asked.asked_at <= self._clock() - ANSWERED_WITHIN:
            return Skip("It is too late to ask.")
        [user] = await users_by_id(self._pool, [asked.user_id])
        letterhead, username = self._post.letterhead, user.username if user else ANONYMOUS
        message = letterhead.confirmation(
            asked.address, delivery.delivery_id, username, asked.token, self._clock()
        )
        return await self._post.send(message, asked.address)


async def ask(
    conn: Writer, user_id: UUID, address: str, now: datetime, random: Callable[[int], bytes]
) -> None:
    """Send a question, unless the same was asked just now. One transaction at a time. Errors: RateLimited."""
    await _sweep(conn, now)
    since = (now - timedelta(hours=1), now - PAUSE, now - COUNTED)
    [counted] = await conn.fetch(_COUNTED, user_id, address, *since)
    if counted["just_now"]:
        return
    if counted["of_user"] >= OF_USER or counted["to_address"] >= TO_ADDRESS or counted["of_all"] >= OF_ALL:
        raise RateLimited(
            "Too many mails were sent to confirm addresses: look for one that came already, or try again "
            "in some days.",
            path=ADDRESS,
        )
    key, sql = ids.uuid7(now, random(10)), "INSERT INTO notices.confirmations VALUES ($1, $2, $3, $4, $5)"
    await conn.execute(sql, key, new_token(random), user_id, address, now)
    await planning.open_targets(conn, QUESTIONS, False, [Planned(key, 0)], 0)
    sql = "INSERT INTO outwards.deliveries (delivery_id, channel, target, position, next_at) "
    await conn.execute(sql + "VALUES ($1, $2, $1, 0, now())", key, QUESTIONS)


_COUNTED = """
SELECT count(*) FILTER (WHERE user_id = $1) AS of_user,
       count(*) FILTER (WHERE lower(address) = lower($2)) AS to_address,
       count(*) FILTER (WHERE asked_at > $3) AS of_all,
       count(*) FILTER (WHERE user_id = $1 AND address = $2 AND asked_at > $4) AS just_now
  FROM notices.confirmations WHERE asked_at > $5
"""


async def _sweep(conn: Writer, now: datetime) -> None:
    old = await conn.fetch(
        "DELETE FROM notices.confirmations WHERE asked_at < $1 RETURNING confirmation_id", now - COUNTED
    )
    for one in old:
        await targets.forget(conn, QUESTIONS, one["confirmation_id"])


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


async def confirm(pool: asyncpg.Pool, token: str, now: datetime) -> str | None:
    """The owner of an address said yes; how they want mail there by now, which may be NONE.

    Shape: None when they were not asked, too long ago, or of another address.
    """
    async with pool.acquire() as conn, conn.transaction():
        if (asked := await question(conn, token, now)) is None:
            return None
        await targets.enable(conn, CHANNEL, asked.user_id)
        sql = """
            UPDATE notices.mail SET confirmed_at = $3, refusals = 0 WHERE user_id = $1 AND address = $2
            RETURNING mode
        """
        mode: str | None = await conn.fetchval(sql, asked.user_id, asked.address, now)
        return mode


def new_token(random: Callable[[int], bytes]) -> str:
    """Nobody can guess it."""
    return base64.urlsafe_b64encode(random(32)).decode().rstrip("=")
