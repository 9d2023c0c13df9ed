"""Many notifications, and old ones: found by an index, and kept for a year."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from service.integrations import notification

MANY = """
INSERT INTO notices.notifications (user_id, position, kind, summary_id, comment_id, created_at, by_mail)
SELECT ('00000000-0000-0000-0000-' || lpad((n % 100)::text, 12, '0'))::uuid, n, 'COMMENT', gen_random_uuid(),
       gen_random_uuid(), now() - make_interval(days => $1 - n), false
  FROM generate_series(1, $1) n
"""
SOMEBODY = UUID(int=7)


class Explaining:
    """Keeps how the database would carry out what is asked, and finds nothing."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.plan = ""

    async def fetch(self, query: str, *args: Any) -> list[Any]:
        self.plan = "\n".join(one[0] for one in await self._pool.fetch(f"EXPLAIN {query}", *args))
        return []


@pytest.mark.parametrize(
    ("user_id", "index"), [(None, "notifications_position"), (SOMEBODY, "notifications_pkey")]
)
async def test_what_is_new_is_found_by_an_index(pool: asyncpg.Pool, user_id: UUID | None, index: str) -> None:
    await pool.execute(MANY, 20_000)
    asked = Explaining(pool)
    assert await notification.told(asked, 19_000, 500, user_id) == []
    assert index in asked.plan
    assert "Seq Scan" not in asked.plan


async def test_what_one_and_what_all_were_told(pool: asyncpg.Pool) -> None:
    await pool.execute(MANY, 200)
    everybody = await notification.told(pool, 100, 50)
    assert [one.position for one in everybody] == list(range(101, 151))
    assert everybody[6].users == [SOMEBODY]
    assert [one.position for one in await notification.told(pool, 0, 50, SOMEBODY)] == [7, 107]


async def test_what_is_too_old_is_forgotten_in_small_steps(pool: asyncpg.Pool) -> None:
    await pool.execute(MANY, 400)

    async def oldest() -> Any:
        return await pool.fetchval("SELECT min(position) FROM notices.notifications")

    for expected, more in ((21, True), (36, False), (36, False)):
        assert await notification.remove_old(pool, notification.KEPT_DAYS, 20) == more
        assert await oldest() == expected
