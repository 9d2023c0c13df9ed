"""The channel that makes notifications, and mails them.

A mail brings all that its reader waits for by then, so a burst of comments is one mail, and a digest is a
mail that waits. Which notifications it brings is noted before it is sent: a second try brings the same, under
the same Message-ID.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from projections.writing import Writer
from service.integrations import mail_preferences, notification_writer
from service.integrations.mail_answers import AddressRefused
from service.integrations.mail_items import items_of
from service.integrations.mail_post import SECONDS, TRIED, Post
from service.integrations.mail_preferences import MailRow
from service.integrations.mail_questions import Questions
from service.integrations.mail_schedule import not_before
from service.integrations.outbox import Channel, Delivered, Delivery, Happened, Outcome, Planned, Skip


class Notifications:
    """Makes notifications, and mails them to who wants that. Shape: post None: there is no mail."""

    name = notification_writer.CHANNEL
    ordered = False
    seconds = SECONDS
    dropped_after = TRIED.total_seconds()

    def __init__(self, pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post | None) -> None:
        self._pool = pool
        self._clock = clock
        self._post = post

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        """Notifications are made the first time; mails of them are planned for who has room."""
        if only is None:
            await notification_writer.make(conn, events, mailing=self._post is not None)
        if self._post is None:
            return []
        records = await conn.fetch(
            _TO_MAIL, [one.position for one in events], None if only is None else list(only)
        )
        now = self._clock()
        return [
            Planned(one["user_id"], one["position"], None, not_before(one["mode"], one["digest_hour"], now))
            for one in records
        ]

    async def send(self, delivery: Delivery) -> Outcome:
        if self._post is None:
            return Skip("There is no mail server any more.")
        async with self._pool.acquire() as conn:
            wants = await self._taken(conn, delivery)
            if isinstance(wants, Skip):
                return wants
            items = await items_of(conn, delivery, self._post.letterhead.base_url)
        if not items:
            return Skip("Nothing of it may be seen any more, or all was read.")
        to = str(wants.address)
        message = self._post.letterhead.notes(to, delivery.delivery_id, items, wants.token, self._clock())
        outcome = await self._post.send(message, to)
        await self._note(wants, outcome)
        return outcome

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


def channels(pool: asyncpg.Pool, clock: Callable[[], datetime], post: Post | None) -> list[Channel]:
    """What the outbox is to run for notifications. Shape: post None: there is no mail."""
    return [Notifications(pool, clock, post), *([Questions(pool, clock, post)] if post else [])]
