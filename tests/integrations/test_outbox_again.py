"""What goes outwards once more: replays, and single deliveries."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
import pytest

from projections.progress import Progress
from service.eventstore.postgres import PostgresStore
from service.integrations import deliveries, planning, redelivery, targets
from service.integrations.backoff import Backoff
from service.integrations.outbox import Delivered, Delivery, GiveUp, Outcome, Retry
from service.integrations.planner import Planner
from service.integrations.sender import Bell
from service.integrations.turns import UNORDERED
from tests.integrations.outgoing import Remembering, outbox, projected, settled, sign_up, until
from tests.projections.history import World

ONE = UUID(int=1)


async def replay(pool: asyncpg.Pool, channel: Remembering, after: int) -> None:
    async with pool.acquire() as conn, conn.transaction():
        await targets.replay(conn, channel.name, ONE, after)


async def test_a_replay_does_not_pass_over_what_a_target_is_behind_with(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_OPEN", 5)
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


def held(opened: asyncio.Event, after: int = 0) -> Callable[[Delivery], Awaitable[Outcome]]:
    """A receiver that does not answer before then, but for what is up to a position."""

    async def answer(delivery: Delivery) -> Outcome:
        if delivery.position > after:
            await opened.wait()
        return Delivered()

    return answer


async def again(pool: asyncpg.Pool, channel: Remembering, position: int) -> None:
    [key] = channel.ids[ONE, position]
    async with pool.acquire() as conn, conn.transaction():
        await redelivery.again(conn, channel.name, ONE, key)


async def test_what_is_not_ordered_waits_for_what_is_sent_once_more(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    opened = asyncio.Event()
    channel = Remembering([ONE], ordered=False, answer=held(opened, after=1))
    async with outbox(pool, store, channel):
        await sign_up(world, 1)
        await settled(pool, 1)
        await sign_up(world, 30)
        await until(
            lambda: pool.fetchval("SELECT count(*) = 30 FROM outwards.deliveries WHERE state = 'open'")
        )
        await again(pool, channel, 1)
        under_way = len(channel.tried[ONE])
        opened.set()
        await settled(pool, 31)
    assert channel.tried[ONE].index(1, 1) <= under_way + UNORDERED  # those are under way


async def test_what_is_skipped_while_another_is_sent_is_not_sent(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    opened = asyncio.Event()
    channel = Remembering([ONE], answer=held(opened))
    await sign_up(world, 3)
    async with outbox(pool, store, channel):
        await until(lambda: channel.tried[ONE])
        second = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries WHERE position = 2")
        async with pool.acquire() as conn, conn.transaction():
            await targets.hold(conn, channel.name, ONE)
            assert await redelivery.skip(conn, channel.name, ONE, second, "not wanted")
        opened.set()
        await settled(pool, 3)
    assert channel.tried[ONE] == [1, 3]
    states = await pool.fetchval("SELECT array_agg(state ORDER BY position) FROM outwards.deliveries")
    assert states == ["delivered", "skipped", "delivered"]


@pytest.mark.parametrize("before", [True, False])
async def test_what_was_skipped_is_not_sent_however_long_what_is_before_it_takes(
    pool: asyncpg.Pool, store: PostgresStore, world: World, before: bool
) -> None:
    """Whether its target is disabled before it is old, or after that."""
    broken = True

    async def answer(_delivery: Delivery) -> Outcome:
        return Retry("not now") if broken else Delivered()

    async def change(act: Callable[[asyncpg.Connection], Awaitable[object]]) -> None:
        async with pool.acquire() as conn, conn.transaction():
            await targets.hold(conn, channel.name, ONE)
            await act(conn)

    async def forget() -> int:
        old = "UPDATE outwards.deliveries SET finished_at = now() - interval '31 days' WHERE state <> 'open'"
        await pool.execute(old)
        await deliveries.remove_old(pool, 30.0, 10)
        return int(await pool.fetchval("SELECT count(*) FROM outwards.deliveries WHERE state <> 'open'"))

    channel = Remembering([ONE], answer=answer)
    await sign_up(world, 3)
    async with outbox(pool, store, channel):
        await until(lambda: channel.tried[ONE])
        key = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries WHERE position = 2")
        await change(lambda conn: redelivery.skip(conn, channel.name, ONE, key, "not wanted"))
        if before:
            await change(lambda conn: targets.disable(conn, channel.name, ONE, "gone"))
        assert await forget() == 1 + before  # and what failed, to be seen
        await change(lambda conn: targets.disable(conn, channel.name, ONE, "gone"))
        broken = False
        await change(lambda conn: targets.enable(conn, channel.name, ONE))
        await settled(pool, 3)
    assert set(channel.sent[ONE]) == {1, 3}
    assert await forget() == 0


async def test_what_is_sent_once_more_in_order_goes_before_all_that_comes_after_it(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    opened = asyncio.Event()
    channel = Remembering([ONE], answer=held(opened, after=1))
    await sign_up(world, 4)
    async with outbox(pool, store, channel):
        await until(lambda: len(channel.tried[ONE]) == 2)
        await again(pool, channel, 1)
        opened.set()
        await settled(pool, 4)
    assert channel.tried[ONE] == [1, 2, 1, 3, 4]


async def test_what_is_not_ordered_waits_for_what_was_not_sent_yet_and_is_asked_for(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    opened = asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        await opened.wait()
        return Delivered()

    channel = Remembering([ONE], ordered=False, answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 30)
        await until(
            lambda: pool.fetchval("SELECT count(*) = 30 FROM outwards.deliveries WHERE state = 'open'")
        )
        await until(lambda: channel.tried[ONE])
        last = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries WHERE position = 30")
        async with pool.acquire() as conn, conn.transaction():
            await redelivery.again(conn, channel.name, ONE, last)
        under_way = len(channel.tried[ONE])
        opened.set()
        await settled(pool, 30)
    assert channel.tried[ONE].index(30) == under_way
    assert sorted(channel.sent[ONE]) == list(range(1, 31))


@dataclass(frozen=True)
class Noting(Backoff):
    """Remembers how many failures it was asked of. After the third nothing is tried any more."""

    asked: list[int] = field(default_factory=list)

    def seconds(self, failures: int, asked: float | None, chance: Callable[[], float]) -> float:
        self.asked.append(failures)
        return 3_600.0 if failures == 3 else 0.0


async def test_what_is_asked_for_again_begins_to_wait_anew(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(_delivery: Delivery) -> Outcome:
        return Retry("not now") if len(channel.tried[ONE]) < 6 else Delivered()

    channel, backoff = Remembering([ONE], answer=answer), Noting()
    async with outbox(pool, store, channel, backoff=backoff):
        await sign_up(world, 1)
        await until(lambda: pool.fetchval("SELECT attempts = 3 FROM outwards.deliveries"))
        await again(pool, channel, 1)
        await settled(pool, 1)
    assert backoff.asked == [1, 2, 3, 1, 2]
    assert await pool.fetchval("SELECT attempts FROM outwards.deliveries") == 6


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("tried", [True, False])
async def test_a_target_disabled_by_one_delivery_again_does_not_go_back_to_it(
    pool: asyncpg.Pool, store: PostgresStore, world: World, ordered: bool, tried: bool
) -> None:
    gone = False

    async def answer(delivery: Delivery) -> Outcome:
        return GiveUp("gone", 410) if gone else Delivered()

    channel = Remembering([ONE], ordered=ordered, answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 10)
        await settled(pool, 10)
        gone = True
        if tried:
            await again(pool, channel, 2)
            await until(lambda: pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
    if not tried:
        await again(pool, channel, 2)
        await targets.disable(pool, channel.name, ONE, "paused")
    assert await pool.fetchval("SELECT state FROM outwards.deliveries WHERE position = 2") == "failed"
    await pool.execute("DELETE FROM outwards.deliveries")  # as after a month
    gone = False
    async with outbox(pool, store, channel):
        await sign_up(world, 1)
        await targets.enable(pool, channel.name, ONE)
        await settled(pool, 11)
    assert sorted(channel.sent[ONE]) == list(range(1, 12))


async def test_one_delivery_again_that_was_not_planned_to_the_end_is_not_lost(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """Failed, enabled and asked for once more before it is planned again: it counts as what it is."""
    broken = True

    async def answer(delivery: Delivery) -> Outcome:
        return GiveUp("gone", 410) if broken else Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 3)
        await until(lambda: pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
    await targets.enable(pool, channel.name, ONE)
    await again(pool, channel, 1)
    async with outbox(pool, store, channel):
        await until(lambda: pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
        broken = False
        await targets.enable(pool, channel.name, ONE)
        await settled(pool, 3)
    assert channel.sent[ONE] == [1, 2, 3]


class Counting(Planner):
    """Counts what it did."""

    steps = 0

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        found = await super()._step(epoch, at, limit)
        self.steps += 1
        return found


async def test_a_replay_misses_nothing_while_the_read_models_begin_anew(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 5)
        await settled(pool, 5)
    await pool.execute('TRUNCATE read.event, read."user"')
    await pool.execute("UPDATE read.checkpoint SET position = 0")
    await replay(pool, channel, 0)
    planner = Counting(pool, store, [channel], holder="one", shown=Progress(pool), bell=Bell())
    planning = asyncio.create_task(planner.run())
    await until(lambda: planner.steps)
    planning.cancel()
    await asyncio.gather(planning, return_exceptions=True)
    async with outbox(pool, store, channel):
        await settled(pool, 5)
    assert channel.sent[ONE] == [1, 2, 3, 4, 5] * 2
