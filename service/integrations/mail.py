"""The channels of mail: one makes notifications and mails them, one asks the owners of addresses.

A mail brings all that its reader waits for by then, so a burst of comments is one mail, and a digest is a
mail that waits. Which notifications it brings is noted before it is sent: a second try brings the same, under
the same Message-ID.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg

from projections.comment import comments_by_id
from projections.paper import papers_by_id
from projections.reading import Reader
from projections.summary import summaries_by_id
from projections.text import texts_by_payload
from projections.user import users_by_id
from projections.writing import Writer
from service.integrations import mail_preferences, notification, notifications
from service.integrations.mail_preferences import QUESTIONS, MailRow
from service.integrations.mail_server import AddressRefused, MailServer, send
from service.integrations.mail_text import Item, Letterhead
from service.integrations.notification import NotificationRow
from service.integrations.outbox import (
    Channel,
    Delivered,
    Delivery,
    Happened,
    Outcome,
    Planned,
    Refused,
    Retry,
    Skip,
)

TRIED = timedelta(hours=20)  # less than what the outbox takes for a reason to give up a reader
ANONYMOUS = "Somebody"


@dataclass(frozen=True, slots=True)
class Post:
    """How mail leaves this installation."""

    server: MailServer
    letterhead: Letterhead


def next_digest(after: datetime, hour: int) -> datetime:
    """When the clock next strikes this hour, in UTC; a notification made just then waits a day."""
    today = after.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > after else today + timedelta(days=1)


class Notifications:
    """Makes notifications, and mails them to who wants that. Shape: post None: there is no mail."""

    name = notifications.CHANNEL
    ordered = False
    at_most_once = False

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post | None) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        """Notifications are made the first time; mails of them are planned for who has room."""
        if only is None:
            await notifications.make(conn, events)
        if self._post is None:
            return []
        records = await conn.fetch(
            _TO_MAIL, [one.position for one in events], None if only is None else list(only)
        )
        now = self._clock()
        return [Planned(one["user_id"], one["position"], None, _not_before(one, now)) for one in records]

    async def send(self, delivery: Delivery) -> Outcome:
        if self._post is None:
            return Retry("This process has no mail server.")
        async with self._pool.acquire() as conn:
            wants = await self._taken(conn, delivery)
            if isinstance(wants, Skip):
                return wants
            items = await _items(conn, delivery, self._post.letterhead.base_url)
        if not items:
            return Skip("Nothing of it may be seen any more, or all was read.")
        to = str(wants.address)
        message = self._post.letterhead.notes(to, delivery.delivery_id, items, wants.token, self._clock())
        outcome = await send(self._post.server, message, self._post.letterhead.sender.addr_spec, to)
        await self._note(wants, outcome)
        return await _final(self._pool, delivery, outcome)

    async def _taken(self, conn: asyncpg.Connection, delivery: Delivery) -> MailRow | Skip:
        """How its reader wants mail, once it is noted what this mail brings."""
        async with conn.transaction():
            sql = "SELECT FROM notices.mail WHERE user_id = $1 FOR UPDATE"  # one mail at a time decides
            await conn.execute(sql, delivery.target)
            wants = await mail_preferences.preferences_of(conn, delivery.target)
            if wants is None or wants.mode == "NONE" or not wants.reachable:
                return Skip("Its reader wants no mail there any more.")
            found = await conn.fetch(_MAIL, delivery.target, delivery.position)
            if not found or found[0]["mail_id"] not in (None, delivery.delivery_id):
                return Skip("Another mail brings it, or it was read.")
            if found[0]["mail_id"] is None:
                await conn.execute(_TAKE, delivery.target, delivery.delivery_id)
        return wants

    async def _note(self, wants: MailRow, outcome: Outcome) -> None:
        """Mail servers that refuse one after another are left alone; one taken, and all is well."""
        if isinstance(outcome, AddressRefused):
            sql = "UPDATE notices.mail SET refusals = refusals + 1 WHERE user_id = $1 AND address = $2"
        elif isinstance(outcome, Delivered):
            sql = "UPDATE notices.mail SET refusals = 0 WHERE user_id = $1 AND address = $2 AND refusals > 0"
        else:
            return
        await self._pool.execute(sql, wants.user_id, wants.address)


_TO_MAIL = """
SELECT n.user_id, n.position, m.mode, m.digest_hour
  FROM notices.notifications n JOIN notices.mail m USING (user_id)
 WHERE n.position = ANY($1::bigint[]) AND ($2::uuid[] IS NULL OR n.user_id = ANY($2::uuid[]))
   AND n.by_mail AND n.mail_id IS NULL AND m.mode <> 'NONE'
"""
_MAIL = """
SELECT mail_id FROM notices.notifications
 WHERE user_id = $1 AND position = $2 AND by_mail AND (mail_id IS NOT NULL OR read_at IS NULL)
"""
_TAKE = """
UPDATE notices.notifications SET mail_id = $2
 WHERE user_id = $1 AND by_mail AND mail_id IS NULL AND read_at IS NULL
"""


class Questions:
    """Asks the owners of addresses whether they want mail there. Nothing in the log leads to it."""

    name = QUESTIONS
    ordered = False
    at_most_once = False

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        return []

    async def send(self, delivery: Delivery) -> Outcome:
        asked = await mail_preferences.question_by_id(self._pool, delivery.target)
        if asked is None or asked.asked_at <= self._clock() - mail_preferences.ANSWERED_WITHIN:
            return Skip("It is too late to ask.")
        [user] = await users_by_id(self._pool, [asked.user_id])
        letterhead, username = self._post.letterhead, user.username if user else ANONYMOUS
        message = letterhead.confirmation(
            asked.address, delivery.delivery_id, username, asked.token, self._clock()
        )
        outcome = await send(self._post.server, message, letterhead.sender.addr_spec, asked.address)
        return await _final(self._pool, delivery, outcome)


def channels(pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post | None) -> list[Channel]:
    """What the outbox is to run for notifications. Shape: post None: there is no mail."""
    return [Notifications(pool, clock, post), *([Questions(pool, clock, post)] if post else [])]


def _not_before(one: Any, now: datetime) -> datetime | None:
    return next_digest(now, one["digest_hour"]) if one["mode"] == "DAILY" else None


async def _items(conn: asyncpg.Connection, delivery: Delivery, base_url: str) -> list[Item]:
    """What the mail says now, in one snapshot."""
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        await conn.execute("LOCK TABLE read.checkpoint IN ACCESS SHARE MODE")  # no rebuild switches meanwhile
        rows = await notification.of_mail(conn, delivery.target, delivery.delivery_id)
        return await _described(conn, rows, delivery.target, base_url)


async def _described(
    conn: Reader, rows: Sequence[NotificationRow], reader: UUID, base_url: str
) -> list[Item]:
    """In words, as far as their reader may see them."""
    summaries = await summaries_by_id(conn, [one.summary_id for one in rows], reader)
    ids = [one.comment_id for one in rows if one.comment_id]
    comments = dict(zip(ids, await comments_by_id(conn, ids, reader), strict=True))
    things = [comments[r.comment_id] if r.comment_id else s for r, s in zip(rows, summaries, strict=True)]
    texts = await texts_by_payload(conn, [one.body_payload for one in things if one])
    sources = dict(zip([one.body_payload for one in things if one], texts, strict=True))
    titles = {one.paper_id: one.title for one in await papers_by_id(conn, [r.paper_id for r in rows]) if one}
    people = await users_by_id(conn, [one.actor_id for one in rows if one.actor_id])
    names = {one.user_id: one.display_name for one in people if one}
    return [
        Item(
            row.kind,
            names.get(row.actor_id, ANONYMOUS) if row.actor_id else ANONYMOUS,
            titles[row.paper_id],
            text.plain,
            f"{base_url}/summaries/{row.summary_id}"
            + (f"#comment-{row.comment_id}" if row.comment_id else ""),
        )
        for row, thing in zip(rows, things, strict=True)
        if thing and (text := sources[thing.body_payload])
    ]


async def _final(conn: Reader, delivery: Delivery, outcome: Outcome) -> Outcome:
    """A mail is not tried for ever: that a mail server is away says nothing about a reader."""
    if not isinstance(outcome, Retry):
        return outcome
    sql = """
        SELECT FROM outwards.deliveries WHERE delivery_id = $1 AND first_tried_at < now() - $2::interval
    """
    late = await conn.fetch(sql, delivery.delivery_id, TRIED)
    return Refused(f"Not any more: {outcome.why}", outcome.status) if late else outcome
