"""Blame: which revision introduced each word of each revision's text, kept by a follower of the log."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from projections import blame_writer
from projections.follower import Follower, followed_to, move_follower
from projections.reading import Reader, in_order
from projections.writing import on_schema
from service.domain.events import PayloadsErased, SummaryPublished, SummaryRestored, SummaryRevised
from service.eventstore.model import EventStore
from service.text.blame import BlameRow

NAME = "blame"
BATCH = 20  # events a transaction: a text takes some 15 ms, a hostile one of 100,000 characters a second
IDLE_SECONDS = 1.0  # how often the log is asked when no wake-up comes
TOPICS = [one.__name__ for one in (SummaryPublished, SummaryRevised, SummaryRestored, PayloadsErased)]


async def blames_by_number(conn: Reader, numbers: Sequence[tuple[UUID, int]]) -> list[BlameRow | None]:
    """Where the words of single revisions come from, by (summary_id, number).

    Shape:  result[i] belongs to numbers[i]; None while it is not projected, and when its text is erased.
    Units:  lengths are code points; their sum is the text's.
    Source: blame, built from SummaryPublished, SummaryRevised, SummaryRestored and PayloadsErased.
    """
    records = await conn.fetch(
        """
        SELECT b.summary_id, b.number, b.lengths, b.origins
          FROM unnest($1::uuid[], $2::int[]) AS i(summary_id, number)
          JOIN blame b USING (summary_id, number)
        """,
        [summary_id for summary_id, _ in numbers],
        [number for _, number in numbers],
    )
    return in_order(numbers, ((record[:2], BlameRow(*record[2:])) for record in map(tuple, records)))


async def recompute(pool: asyncpg.Pool) -> None:
    """Forget everything. The follower, wherever it runs, begins again; until then blames are missing."""
    async with pool.acquire() as conn, on_schema(conn, "public"):
        await conn.execute("UPDATE follower_checkpoints SET position = 0 WHERE name = $1", NAME)
        await conn.execute("DELETE FROM blame")
        await conn.execute("DELETE FROM removed_words")


class BlameFollower(Follower):
    """Keeps the blame of every surviving revision. It has a checkpoint of its own."""

    def __init__(self, pool: asyncpg.Pool, store: EventStore, *, holder: str, batch: int = BATCH) -> None:
        super().__init__(pool, store, name=NAME, holder=holder, batch=batch)

    async def _position(self) -> int:
        return await followed_to(self._pool, NAME)

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        head = (await self._store.head()).position  # first: what is read then misses nothing before it
        events = await self._store.read(at, limit, topics=TOPICS, contents="none")
        last = events[-1].position if events else at
        to = last if len(events) == limit else max(last, head)
        if to == at:
            await self._store.wait(at, IDLE_SECONDS)
            return at, at
        async with self._pool.acquire() as conn:
            made = await blame_writer.prepare(conn, events)
            async with on_schema(conn, "public"):
                await self._lease.renew(conn, epoch)
                await move_follower(conn, NAME, at, to)
                await blame_writer.write(conn, made)
        return to, max(to, head)
