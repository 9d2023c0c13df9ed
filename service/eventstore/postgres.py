"""The log on PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self
from uuid import UUID

import asyncpg

from service.eventstore.batch import Waiting
from service.eventstore.codec import Codec
from service.eventstore.model import Append, Appended, CommandReused, Contents, Head, Recorded
from service.eventstore.reading import Row, fill, wanted_contents
from service.eventstore.tally import Tally
from service.eventstore.wakeups import Wakeups
from service.eventstore.writer import Connect, Limits, Writer

COLUMNS = "position, type, schema_version, recorded_at, occurred_at, actor, data"
LOAD = f"SELECT {COLUMNS} FROM events WHERE stream_id = $1 ORDER BY version"  # noqa: S608 (constants)
READ = f"SELECT {COLUMNS} FROM events WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608
READ_TOPICS = (
    f"SELECT {COLUMNS} FROM events WHERE position > $1 AND type = ANY($3) ORDER BY position LIMIT $2"  # noqa: S608
)
CONTENTS = """
SELECT p.content FROM unnest($1::uuid[]) WITH ORDINALITY AS wanted(id, i)
  LEFT JOIN payloads p ON p.payload_id = wanted.id ORDER BY wanted.i
"""


class PostgresStore:
    """An EventStore on PostgreSQL. Reads go through the pool; appends through one writer of its own.

    Source: events, payloads, claims, commands and log_head; written by append_batch only.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        connect: Connect,
        *,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._pool = pool
        self._codec = codec or Codec()
        self._wakeups = Wakeups(connect)
        self._writer = Writer(connect, self._wakeups.committed, limits or Limits())

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        pool: asyncpg.Pool,
        connect: Connect,
        *,
        codec: Codec | None = None,
        limits: Limits | None = None,
    ) -> AsyncIterator[Self]:
        """The store with its tasks running; at the end, what waits is appended first."""
        store = cls(pool, connect, codec=codec, limits=limits)
        store._wakeups.start()
        store._writer.start()
        try:
            yield store
        finally:
            await store._writer.stop()
            await store._wakeups.stop()

    @property
    def waiting(self) -> int:
        """How many appends wait to be written."""
        return self._writer.waiting

    @property
    def tally(self) -> Tally:
        """What the writer of this process has done so far."""
        return self._writer.tally

    async def append(self, append: Append) -> Appended:
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        encoded = [self._codec.encode(event) for event in append.events]
        self._writer.submit(Waiting(append, encoded, future))
        return await future  # a caller who goes away cancels its future; the append stays in the queue

    async def outcome(self, command_id: UUID, request_hash: bytes) -> Appended | None:
        row = await self._pool.fetchrow("SELECT * FROM commands WHERE command_id = $1", command_id)
        if row is None:
            return None
        if row["request_hash"] != request_hash:
            raise CommandReused("this command id was another request")
        return Appended(row["position"], row["recorded_at"], row["subject"], replayed=True)

    async def load(self, stream_id: UUID, *, contents: Contents = "latest") -> list[Recorded]:
        return await self._decode(await self._pool.fetch(LOAD, stream_id), contents)

    async def read(
        self, after: int, limit: int, *, topics: Sequence[str] = (), contents: Contents = "all"
    ) -> list[Recorded]:
        if topics:
            rows = await self._pool.fetch(READ_TOPICS, after, limit, list(topics))
        else:
            rows = await self._pool.fetch(READ, after, limit)
        return await self._decode(rows, contents)

    async def head(self) -> Head:
        row = await self._pool.fetchrow("SELECT log_id, position FROM log_head")
        return Head(row["log_id"], row["position"])

    async def owners(self, keys: Sequence[str]) -> dict[str, UUID]:
        rows = await self._pool.fetch("SELECT key, owner FROM claims WHERE key = ANY($1)", list(keys))
        return {row["key"]: row["owner"] for row in rows}

    async def wait(self, after: int, timeout: float) -> bool:
        return await self._wakeups.wait(after, timeout)

    async def _decode(self, rows: Sequence[Row], contents: Contents) -> list[Recorded]:
        decode = self._codec.decode
        decoded = [decode(topic, version, data) for _, topic, version, _, _, _, data in rows]
        wanted = wanted_contents(decoded, contents)
        return fill(self._codec, rows, decoded, await self.contents(wanted) if wanted else {})

    async def contents(self, payload_ids: Sequence[UUID]) -> dict[UUID, bytes | None]:
        # They come without their ids: the order tells, and costs less.
        rows = await self._pool.fetch(CONTENTS, payload_ids)
        return {key: content for key, (content,) in zip(payload_ids, rows, strict=True)}
