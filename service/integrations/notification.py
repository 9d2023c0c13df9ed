"""Notifications as their owner reads them; `notification_writer` makes them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.reading import Page, Reader, Slice, in_order, row_maker, slices
from projections.summary import VISIBLE
from projections.writing import Writer

KEPT_DAYS = 365.0  # read or not
HALF = 2**31  # a key of pages has whole numbers below it


class NotificationRow(Struct, frozen=True):
    """actor_id is None where nobody may learn who it was; comment_id is None of a summary's publication."""

    notification_id: UUID
    position: int
    kind: str
    summary_id: UUID
    comment_id: UUID | None
    paper_id: UUID
    actor_id: UUID | None
    created_at: datetime
    read_at: datetime | None

    def key(self) -> tuple[int, int]:
        """Its place in a list."""
        return place(self.position)


class Told(Struct, frozen=True):
    """Where people were told of something, whether they may still see it or not."""

    position: int
    users: list[UUID]


_notification, _told = row_maker(NotificationRow), row_maker(Told)


def place(position: int) -> tuple[int, int]:
    """A position as keys of pages have it."""
    return divmod(position, HALF)


async def told(conn: Reader, after: int, limit: int, user_id: UUID | None = None) -> list[Told]:
    """Where people, or one of them, were told of something, after a position, in order.

    Source: notices.notifications.
    """
    one = "AND user_id = $3" if user_id is not None else ""  # each of the two has an index
    sql = f"""
        SELECT position, array_agg(user_id) AS users FROM notices.notifications
         WHERE position > $1 {one} GROUP BY position ORDER BY position LIMIT $2
    """  # noqa: S608 (ours)
    records = await conn.fetch(sql, after, limit, *([] if user_id is None else [user_id]))
    return [_told(record) for record in records]


# What its owner may still see: what is hidden, retracted, removed or erased is left out.
_SHOWN = f"""
  FROM notices.notifications n
  JOIN read.summary s ON s.summary_id = n.summary_id
  LEFT JOIN read.comment c ON c.comment_id = n.comment_id
  JOIN payloads t ON t.payload_id = coalesce(c.body_payload, s.body_payload) AND t.content IS NOT NULL
 WHERE n.user_id = $1 AND s.retracted_at IS NULL
   AND CASE WHEN n.comment_id IS NULL THEN s.listed
            ELSE NOT c.removed AND {VISIBLE.format(viewer="n.user_id")}
                 AND (n.kind <> 'COMMENT' OR s.author_id = n.user_id) END
"""

_FIELDS = """
n.notification_id, n.position, n.kind, n.summary_id, n.comment_id, s.paper_id, n.created_at, n.read_at,
CASE WHEN n.comment_id IS NOT NULL THEN c.author_id WHEN NOT s.anonymous THEN s.author_id END AS actor_id
"""


async def notifications(
    conn: Reader, user_id: UUID, page: Page, unread_only: bool = False
) -> Slice[NotificationRow]:
    """What somebody was told and may still see, newest first.

    Shape:  page.after is row.key().
    Source: notices.notifications, read.summary, read.comment, payloads.
    """
    high, low = page.key(HALF, 0)
    records = await conn.fetch(
        f"""
        SELECT 1 AS n, {_FIELDS} {_SHOWN} AND n.position < $2 AND (NOT $3 OR n.read_at IS NULL)
         ORDER BY n.position DESC LIMIT $4
        """,
        user_id,
        high * HALF + low,
        unread_only,
        page.first + 1,
    )
    return slices(1, page.first, records, _notification)[0]


async def count(conn: Reader, user_id: UUID, unread_only: bool = False) -> int:
    """How many `notifications` has in all. Source: as there."""
    unread = "AND n.read_at IS NULL" if unread_only else ""
    [record] = await conn.fetch(f"SELECT count(*) {_SHOWN} {unread}", user_id)
    return int(record["count"])


async def notifications_by_id(
    conn: Reader, ids: Sequence[UUID], viewer: UUID | None
) -> list[NotificationRow | None]:
    """The viewer's own, by their ids.

    Shape:  result[i] belongs to ids[i]; None for an unknown id, and for what is not theirs or not shown.
    Source: as `notifications`.
    """
    records = await conn.fetch(
        f"SELECT {_FIELDS} {_SHOWN} AND n.notification_id = ANY($2::uuid[])", viewer, ids
    )
    return in_order(ids, ((one["notification_id"], _notification(one)) for one in records))


async def of_mail(conn: Reader, user_id: UUID, mail_id: UUID) -> list[NotificationRow]:
    """What a mail is to bring that may still be seen and was not read meanwhile, oldest first."""
    records = await conn.fetch(
        f"SELECT {_FIELDS} {_SHOWN} AND n.mail_id = $2 AND n.read_at IS NULL ORDER BY n.position",
        user_id,
        mail_id,
    )
    return [_notification(record) for record in records]


async def mark_read(
    conn: Reader, user_id: UUID, now: datetime, *, up_to: int | None = None, ids: Sequence[UUID] = ()
) -> None:
    """One's own are read: all up to a position, or these. What is not one's own stays as it is."""
    await conn.fetch(
        """
        UPDATE notices.notifications SET read_at = $2
         WHERE user_id = $1 AND read_at IS NULL
           AND (position <= $3::bigint OR notification_id = ANY($4::uuid[]))
        """,
        user_id,
        now,
        up_to,
        ids,
    )


async def remove_old(conn: Writer, days: float, limit: int) -> bool:
    """Forget what happened so long ago, the oldest first. Whether there may be more."""
    done = await conn.execute(
        """
        DELETE FROM notices.notifications WHERE notification_id IN (
          SELECT n.notification_id
            FROM (SELECT notification_id FROM notices.notifications ORDER BY position LIMIT $2) oldest
            JOIN notices.notifications n USING (notification_id)
           WHERE n.created_at < now() - make_interval(secs => $1) FOR UPDATE OF n SKIP LOCKED)
        """,
        days * 86_400,
        limit,
    )
    return done == f"DELETE {limit}"
