"""Whom each event is to be told: decided once, in the transaction that moves the outbox's checkpoint.

The author of a summary hears of comments on it, the author of a comment of replies to it, and followers of
summaries that become public. Nobody hears of their own acts, or of what they may not see.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from projections.summary import VISIBLE
from projections.writing import Writer, arrays
from service.integrations import redelivery, targets
from service.integrations.outbox import Happened

CHANNEL = "mail"
REFUSALS = 3  # mails in a row that a mail server refuses for good; then none goes there any more
OLD = timedelta(days=7)  # what an import claims to be older is history, and no news


async def make(conn: Writer, events: Sequence[Happened], *, mailing: bool) -> None:
    """Notifications of events that the read models show, each person at most once for each event.

    Shape:  mailing: also by mail, to who wants that.
    Source: read.comment, read.summary, read.paper, payloads, notices.follows, notices.mail.
    """
    news = [one for one in events if not _is_history(one)]
    if comments := [one for one in news if one.type == "CommentPosted"]:
        await conn.execute(_COMMENTS, *arrays(comments, "position", "subject_id", "recorded_at"), mailing)
    if publications := [one for one in news if one.publishes]:
        await conn.execute(
            _PUBLICATIONS, *arrays(publications, "position", "summary_id", "recorded_at"), mailing
        )
    if any(one.type == "PayloadsErased" for one in events):
        await _forget(conn)


def _is_history(event: Happened) -> bool:
    return event.claimed_at is not None and event.claimed_at < event.recorded_at - OLD


_MADE = """
INSERT INTO notices.notifications (user_id, position, kind, summary_id, comment_id, created_at, by_mail)
"""
_BY_MAIL = f"""
$4::bool AND coalesce((SELECT m.mode <> 'NONE' AND m.confirmed_at IS NOT NULL AND m.refusals < {REFUSALS}
            FROM notices.mail m WHERE m.user_id = h.user_id), false)
"""  # noqa: S608 (ours)

_COMMENTS = f"""
{_MADE}
SELECT DISTINCT ON (h.user_id, e.position)
       h.user_id, e.position, h.kind, s.summary_id, c.comment_id, e.recorded_at, {_BY_MAIL}
  FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[]) AS e(position, comment_id, recorded_at)
  JOIN read.comment c USING (comment_id)
  JOIN read.summary s USING (summary_id)
  LEFT JOIN read.comment p ON p.comment_id = c.parent_id
 CROSS JOIN LATERAL (VALUES (1, 'REPLY', p.author_id), (2, 'COMMENT', s.author_id)) AS h(rank, kind, user_id)
  JOIN payloads t ON t.payload_id = c.body_payload AND t.content IS NOT NULL
 WHERE h.user_id <> c.author_id AND NOT c.removed AND s.retracted_at IS NULL
   AND {VISIBLE.format(viewer="h.user_id")}
 ORDER BY h.user_id, e.position, h.rank
ON CONFLICT DO NOTHING
"""  # noqa: S608 (ours)

_PUBLICATIONS = f"""
{_MADE}
SELECT DISTINCT ON (h.user_id, s.summary_id)
       h.user_id, e.position, 'SUMMARY_' || h.kind, s.summary_id, NULL::uuid, e.recorded_at, {_BY_MAIL}
  FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[]) AS e(position, summary_id, recorded_at)
  JOIN read.summary s USING (summary_id)
  JOIN read.paper p USING (paper_id)
  JOIN payloads t ON t.payload_id = s.body_payload AND t.content IS NOT NULL
 CROSS JOIN LATERAL (
       SELECT 1 AS rank, 'USER' AS kind, s.author_id::text COLLATE "C" AS subject WHERE NOT s.anonymous
        UNION ALL SELECT 2, 'PAPER', s.paper_id::text COLLATE "C"
        UNION ALL SELECT 3, 'VENUE', p.venue_key COLLATE "C"
        UNION ALL SELECT 4, 'KEYWORD', k.keyword COLLATE "C"
                    FROM read.paper_keyword k WHERE k.paper_id = s.paper_id) w
  JOIN notices.follows h ON h.kind = w.kind AND h.subject = w.subject
 WHERE s.listed AND h.user_id IS DISTINCT FROM s.author_id
 ORDER BY h.user_id, s.summary_id, e.position, w.rank
ON CONFLICT DO NOTHING
"""  # noqa: S608 (ours)


_ERASED = """
  FROM notices.notifications n JOIN read.summary s USING (summary_id)
 WHERE n.kind = 'COMMENT' AND s.author_payload IS NOT NULL AND s.author_id IS NULL
"""


async def _forget(conn: Writer) -> None:
    """Where it was erased who wrote anonymously, nothing here says it either."""
    told = await conn.fetch(f"SELECT DISTINCT n.user_id {_ERASED} ORDER BY n.user_id")
    for one in told:
        await targets.hold(conn, CHANNEL, one["user_id"])
    sql = "SELECT FROM notices.mail WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR UPDATE"
    await conn.fetch(sql, [one["user_id"] for one in told])  # so nobody decides now what a mail brings
    gone = await conn.fetch(
        f"""
        DELETE FROM notices.notifications
         WHERE (user_id, position) IN (SELECT n.user_id, n.position {_ERASED}) RETURNING user_id, position
        """  # noqa: S608 (ours)
    )
    mails = await conn.fetch(
        """
        DELETE FROM outwards.deliveries d USING unnest($2::uuid[], $3::bigint[]) AS g(target, position)
         WHERE d.channel = $1 AND d.target = g.target AND d.position = g.position
        RETURNING d.delivery_id, d.state
        """,
        CHANNEL,
        [one["user_id"] for one in gone],
        [one["position"] for one in gone],
    )
    await _mail_otherwise(conn, [one["delivery_id"] for one in mails if one["state"] == "open"])


async def _mail_otherwise(conn: Writer, mails: Sequence[UUID]) -> None:
    """What such a mail was to bring too is brought by mails of its own."""
    left = await conn.fetch(
        """
        UPDATE notices.notifications SET mail_id = NULL WHERE mail_id = ANY($1::uuid[])
        RETURNING user_id, position
        """,
        mails,
    )
    await redelivery.reopen(conn, CHANNEL, [(one["user_id"], one["position"]) for one in left])
