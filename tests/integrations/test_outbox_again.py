"""What goes outwards once more: replays, and single deliveries."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from service.eventstore.postgres import PostgresStore
from service.integrations import targets
from service.integrations.outbox import Delivered, Delivery, Outcome
from tests.integrations.outgoing import Remembering, outbox, projected, settled, sign_up, until
from tests.projections.history import World

ONE = UUID(int=1)


async def replay(pool: asyncpg.Pool, channel: Remembering, after: int) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await targets.replay(conn, channel.name, ONE, after)


async def test_a_replay_does_not_pass_over_what_a_target_is_behind_with(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "MOST_OPEN", 5)
    opened = asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        await opened.wait()
        return Delivered()

    channel = Remembering([ONE], answer=answer)
    positions = await sign_up(world, 40)
    async with outbox(pool, store, channel, batch=4):
        await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM outwards.targets WHERE behind > 0"))
        await replay(pool, channel, 30)
        opened.set()
        await settled(pool, 40)
    assert list(dict.fromkeys(channel.sent[ONE])) == positions  # what was under way may come twice


async def test_a_replay_does_not_pass_over_what_is_not_planned_yet(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 5)
        await settled(pool, 5)
    await sign_up(world, 5)
    await projected(pool, store, 10)
    await replay(pool, channel, 10)
    async with outbox(pool, store, channel):
        await sign_up(world, 2)
        await settled(pool, 12)
    assert channel.sent[ONE] == list(range(1, 13))
