"""What somebody wants to hear of. Nobody else learns it, so it is not in the log."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import asyncpg
from msgspec import Struct

from projections.reading import ANY, Page, Reader, Slice, row_maker, slices
from service.domain.errors import Invalid

MOST = 1_000  # of one user

Kind = Literal["USER", "PAPER", "VENUE", "KEYWORD"]


class FollowRow(Struct, frozen=True):
    """subject is the id of a user or paper, a venue's key, or a folded keyword."""

    follow_id: UUID
    kind: Kind
    subject: str
    created_at: datetime

    def key(self) -> tuple[datetime, UUID]:
        """Its place in a list."""
        return (self.created_at, self.follow_id)


_follow = row_maker(FollowRow)


async def follow(
    pool: asyncpg.Pool, user_id: UUID, kind: Kind, subject: str, follow_id: UUID, now: datetime
) -> FollowRow:
    """From now on, or as long as before. Errors: Invalid when the user follows too much."""
    async with pool.acquire() as conn, conn.transaction():
        await conn.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"follows {user_id}")
        if (known := await _one(conn, user_id, kind, subject)) is not None:
            return known
        if await count(conn, user_id) >= MOST:
            raise Invalid(f"You follow {MOST:,} things, and that is the limit: unfollow some.")
        sql = "INSERT INTO notices.follows VALUES ($1, $2, $3, $4, $5)"
        await conn.execute(sql, follow_id, user_id, kind, subject, now)
    return FollowRow(follow_id, kind, subject, now)


async def unfollow(conn: Reader, user_id: UUID, kind: Kind, subject: str) -> bool:
    """False when it was not followed."""
    sql = "DELETE FROM notices.follows WHERE user_id = $1 AND kind = $2 AND subject = $3 RETURNING follow_id"
    return bool(await conn.fetch(sql, user_id, kind, subject))


async def follows(conn: Reader, user_id: UUID, page: Page) -> Slice[FollowRow]:
    """What somebody follows, the newest first. Shape: page.after is row.key(). Source: notices.follows."""
    records = await conn.fetch(
        """
        SELECT 1 AS n, follow_id, kind, subject, created_at FROM notices.follows
         WHERE user_id = $1
           AND (created_at, follow_id) < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
         ORDER BY created_at DESC, follow_id DESC LIMIT $4
        """,
        user_id,
        *page.key(None, ANY),
        page.first + 1,
    )
    return slices(1, page.first, records, _follow)[0]


async def count(conn: Reader, user_id: UUID) -> int:
    """How many `follows` has in all."""
    [record] = await conn.fetch("SELECT count(*) FROM notices.follows WHERE user_id = $1", user_id)
    return int(record["count"])


async def _one(conn: Reader, user_id: UUID, kind: Kind, subject: str) -> FollowRow | None:
    sql = "SELECT * FROM notices.follows WHERE user_id = $1 AND kind = $2 AND subject = $3"
    found = await conn.fetch(sql, user_id, kind, subject)
    return _follow(found[0]) if found else None
