"""What a mail brings, in words."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from projections.comment import comments_by_id
from projections.paper import papers_by_id
from projections.reading import Reader
from projections.summary import summaries_by_id
from projections.text import texts_by_payload
from projections.user import users_by_id
from service.integrations import notification
from service.integrations.mail_text import Item
from service.integrations.notification import NotificationRow
from service.integrations.outbox import Delivery


async def items_of(conn: asyncpg.Connection, delivery: Delivery, base_url: str) -> list[Item]:
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
            row.summary_id,
            names.get(row.actor_id) if row.actor_id else None,
            titles[row.paper_id],
            text.plain,
            f"{base_url}/summaries/{row.summary_id}"
            + (f"#comment-{row.comment_id}" if row.comment_id else ""),
        )
        for row, thing in zip(rows, things, strict=True)
        if thing and (text := sources[thing.body_payload])
    ]
