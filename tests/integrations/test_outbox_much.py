"""Very many targets, very old deliveries, very long replays: nobody is stopped by any of them."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections.writing import Writer
from service.eventstore.postgres import PostgresStore
from service.integrations import planner, targets
from service.integrations.outbox import Happened, Planned
from tests.integrations.outgoing import Remembering, outbox, projected, settled, sign_up, until
from tests.projections.history import World

ONE = UUID(int=1)


async def known(pool: asyncpg.Pool, *ids: UUID, channel: str = "remembering") -> None:
    """Targets that are there before anything is planned, as those of webhooks are."""
    sql = "INSERT INTO outwards.targets (channel, target, ordered) SELECT $1, unnest($2::uuid[]), true"
    await pool.execute(sql, channel, ids)


@dataclass
class Weighed(Remembering):
    """Remembers how much is planned at once, and in a transaction."""

    at_once: list[int] = field(default_factory=list)
    together: Counter[str] = field(default_factory=Counter)

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        planned = await super().plan(conn, events, only)
        [transaction] = await conn.fetch("SELECT pg_current_xact_id()::text AS key")
        self.at_once.append(len(planned))
        self.together[transaction["key"]] += len(planned)
        return planned


@pytest.mark.parametrize("much", [200, 10])
async def test_a_transaction_is_small_however_many_targets_there_are(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch, much: int
) -> None:
    monkeypatch.setattr(planner, "MUCH", much)
    channel = Weighed([uuid4() for _ in range(40)])
    await known(pool, *channel.targets)
    positions = await sign_up(world, 50)
    await projected(pool, store, 50)
    async with outbox(pool, store, channel):
        await settled(pool, 50)
    assert max(channel.at_once) == max(much, 40)  # one event is not divided
    assert max(channel.together.values()) <= 2 * max(much, 40)
    assert channel.sent == dict.fromkeys(channel.targets, positions)


async def test_what_takes_too_long_at_once_is_planned_in_parts(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    class Slow(Remembering):
        async def plan(
            self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
        ) -> Sequence[Planned]:
            if len(events) > 3:
                await conn.execute("SET LOCAL idle_in_transaction_session_timeout = '50ms'")
                await asyncio.sleep(0.5)
            return await super().plan(conn, events, only)

    channel = Slow([ONE])
    positions = await sign_up(world, 20)
    await projected(pool, store, 20)
    async with outbox(pool, store, channel):
        await settled(pool, 20)
    assert channel.sent[ONE] == positions


async def test_targets_that_nobody_uses_cost_nothing(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 1)
        await settled(pool, 1)
        await targets.disable(pool, channel.name, ONE, "left")
        before = await pool.fetchval("SELECT ROW(xmin, xmax, ctid)::text FROM outwards.targets")
        await sign_up(world, 5)
        await settled(pool, 6)
        assert await pool.fetchval("SELECT ROW(xmin, xmax, ctid)::text FROM outwards.targets") == before
        await targets.enable(pool, channel.name, ONE)
        await settled(pool, 6)
    assert channel.sent[ONE] == [1, 2, 3, 4, 5, 6]


async def test_who_is_behind_is_served_in_turn(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    others = [uuid4() for _ in range(2 * planner.BEHIND)]
    asked: list[UUID] = []

    class Late(Remembering):
        async def plan(
            self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
        ) -> Sequence[Planned]:
            asked.extend(only or ())
            return [one for one in await super().plan(conn, events, only) if one.target == ONE]

    channel = Late([ONE, *others])
    await known(pool, *channel.targets)
    await sign_up(world, 40)
    async with outbox(pool, store, channel):
        await settled(pool, 40)
    async with pool.acquire() as conn, conn.transaction():
        for one in channel.targets:
            await targets.replay(conn, channel.name, one, 35 if one == ONE else 0)
    async with outbox(pool, store, channel, batch=1):
        await settled(pool, 40)
    assert asked.index(ONE) < 3 * planner.BEHIND
    assert channel.sent[ONE] == [*range(1, 41), *range(36, 41)]


async def test_what_is_old_is_forgotten_without_a_pause(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner, "TIDY", 3)
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 20)
        await settled(pool, 20)
    await pool.execute("UPDATE outwards.deliveries SET finished_at = now() - interval '31 days'")
    async with outbox(pool, store, channel):
        await until(lambda: pool.fetchval("SELECT count(*) = 0 FROM outwards.deliveries"))
