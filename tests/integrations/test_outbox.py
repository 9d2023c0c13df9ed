"""What goes outwards: each event once to each target, in order, whatever dies when."""

import asyncio
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections.rebuild import rebuild
from service.eventstore.postgres import PostgresStore
from service.integrations import deliveries, planning, redelivery, targets
from service.integrations.backoff import Backoff
from service.integrations.outbox import Delivered, Delivery, GiveUp, Outcome, Refused, Retry, Skip, Wait
from service.integrations.sender import Bell, Sender
from service.integrations.turns import Turns
from tests.integrations.outgoing import Remembering, outbox, settled, sign_up, until
from tests.projections.history import World

ONE, TWO = UUID(int=1), UUID(int=2)


async def states(pool: asyncpg.Pool, target: UUID = ONE) -> list[tuple[int, str]]:
    sql = "SELECT position, state FROM outwards.deliveries WHERE target = $1 ORDER BY position"
    return [tuple(one) for one in await pool.fetch(sql, target)]


async def test_each_event_once_in_order(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    channel = Remembering([ONE, TWO])
    async with outbox(pool, store, channel):
        positions = await sign_up(world, 30)
        await settled(pool, world.position)
        nothing_due = "SELECT count(*) = 0 FROM outwards.targets WHERE next_at IS NOT NULL"
        await until(lambda: pool.fetchval(nothing_due))
    assert channel.tried == {ONE: positions, TWO: positions}
    assert sorted(channel.planned) == sorted([(one, at) for one in (ONE, TWO) for at in positions])


async def test_several_channels_beside_each_other(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    first, second = Remembering([ONE], "first"), Remembering([ONE], "second")
    async with outbox(pool, store, first, second):
        positions = await sign_up(world, 5)
        await settled(pool, world.position)
    assert first.sent == second.sent == {ONE: positions}
    assert not first.ids[ONE, 1] & second.ids[ONE, 1]


async def test_what_fails_is_tried_again_before_what_comes_after(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        return Retry("not now") if delivery.failures < delivery.position % 3 else Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel):
        positions = await sign_up(world, 9)
        await settled(pool, world.position)
    assert channel.sent[ONE] == positions
    assert channel.tried[ONE] == [at for at in positions for _ in range(1 + at % 3)]
    assert all(len(ids) == 1 for ids in channel.ids.values())


async def test_unordered_does_not_wait(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        return Retry("never") if delivery.position == 1 else Delivered()

    channel = Remembering([ONE], ordered=False, answer=answer)
    async with outbox(pool, store, channel):
        positions = await sign_up(world, 20)
        await until(lambda: sorted(channel.sent[ONE]) == positions[1:])
    assert (await states(pool))[0] == (1, "open")


async def test_one_that_fails_costs_others_nothing(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    slow = [uuid4() for _ in range(8)]

    async def answer(delivery: Delivery) -> Outcome:
        return Retry("no") if delivery.target in slow else Delivered()

    channel = Remembering([*slow, ONE], answer=answer)
    async with outbox(pool, store, channel, places=4):
        positions = await sign_up(world, 20)
        await until(lambda: channel.sent[ONE] == positions)
    assert not any(channel.sent[one] for one in slow)


async def test_each_kind_of_outcome(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    outcomes = {1: Skip("hidden"), 2: Refused("too long", 400, "no"), 3: Delivered(200, "yes\0")}

    async def answer(delivery: Delivery) -> Outcome:
        return outcomes[delivery.position]

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 3)
        await settled(pool, 3)
    assert await states(pool) == [(1, "skipped"), (2, "failed"), (3, "delivered")]
    rows = await pool.fetch("SELECT * FROM outwards.deliveries ORDER BY position")
    assert [one["last_error"] for one in rows] == ["hidden", "too long", None]
    assert [one["last_response"] for one in rows] == [None, "no", "yes\N{REPLACEMENT CHARACTER}"]
    assert [one["last_status"] for one in rows] == [None, 400, 200]


async def test_an_error_of_a_channel_is_a_failure_to_try_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        if delivery.failures == 0:
            raise ZeroDivisionError
        return Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 2)
        await settled(pool, 2)
    assert channel.tried[ONE] == [1, 1, 2, 2]


@pytest.mark.parametrize("how", ["gives up", "lasts too long"])
@pytest.mark.parametrize("ordered", [True, False])
async def test_a_disabled_target_goes_on_where_it_was(
    pool: asyncpg.Pool, store: PostgresStore, world: World, how: str, ordered: bool
) -> None:
    broken = True

    async def answer(delivery: Delivery) -> Outcome:
        if not broken or delivery.position < 4:
            return Delivered()
        return GiveUp("gone", 410) if how == "gives up" else Retry("away")

    async def reason() -> str | None:
        return await pool.fetchval("SELECT disabled_reason FROM outwards.targets")  # type: ignore[no-any-return]

    channel = Remembering([ONE], ordered=ordered, answer=answer)
    async with outbox(pool, store, channel, backoff=Backoff(0.01, 0.02, give_up=0.1)):
        await sign_up(world, 3)
        await settled(pool, 3)
        await sign_up(world, 3)
        await until(reason)
        tried = len(channel.tried[ONE])
        await sign_up(world, 3)
        await asyncio.sleep(0.3)
        assert len(channel.tried[ONE]) <= tried + 8  # what was under way
        found = await reason()
        assert found is not None
        assert found == "gone" if how == "gives up" else found.endswith("seconds: away")
        broken = False
        await targets.enable(pool, channel.name, ONE)
        await settled(pool, world.position)
    if ordered:
        assert channel.sent[ONE] == list(range(1, 10))
    else:  # what was under way beside the one that disabled it may come a second time
        assert sorted(set(channel.sent[ONE])) == list(range(1, 10))


async def test_replaying_sends_the_same_ids_again_in_order(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel, batch=3):
        await sign_up(world, 10)
        await settled(pool, 10)
        async with pool.acquire() as conn, conn.transaction():
            await targets.replay(conn, channel.name, ONE, 4)
        await sign_up(world, 2)
        await until(lambda: channel.sent[ONE][-1] == 12)
        await settled(pool, 12)
    assert channel.sent[ONE] == [*range(1, 11), *range(5, 13)]
    assert all(len(ids) == 1 for ids in channel.ids.values())


async def test_one_delivery_again(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 4)
        await settled(pool, 4)
        [again] = channel.ids[ONE, 2]
        async with pool.acquire() as conn, conn.transaction():
            await redelivery.again(conn, channel.name, ONE, again)
        await until(lambda: len(channel.sent[ONE]) == 5)
        await settled(pool, 4)
    assert channel.sent[ONE] == [1, 2, 3, 4, 2]


async def test_a_target_that_has_too_much_open_is_planned_later(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MOST_OPEN", 5)
    opened = asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        await opened.wait()
        return Delivered()

    channel = Remembering([ONE, TWO], answer=answer)
    positions = await sign_up(world, 40)
    async with outbox(pool, store, channel, batch=4):
        await until(lambda: pool.fetchval("SELECT count(*) = 2 FROM outwards.targets WHERE behind > 0"))
        assert await pool.fetchval("SELECT count(*) FROM outwards.deliveries") <= 2 * (5 + 4)
        opened.set()
        await settled(pool, world.position)
    assert channel.sent == {ONE: positions, TWO: positions}


async def test_waiting_is_no_failure(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        early = len(channel.tried[ONE]) < 6
        return Wait("It is too early.", 0.1) if early else Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel, backoff=Backoff(first=0.01, longest=0.05, give_up=0.2)):
        await sign_up(world, 2)
        await settled(pool, 2)
    assert channel.tried[ONE] == [1] * 6 + [2]
    assert await states(pool) == [(1, "delivered"), (2, "delivered")]
    assert await pool.fetchval("SELECT max(attempts) FROM outwards.deliveries") == 1


async def test_what_was_not_tried_between_failures_forgives_none(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        return Wait("no room") if len(channel.tried[ONE]) % 2 == 0 else Retry("no")

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel, backoff=Backoff(first=0.01, longest=0.05, give_up=0.5)):
        await sign_up(world, 1)
        await until(lambda: pool.fetchval("SELECT disabled_at IS NOT NULL FROM outwards.targets"))
    assert len(channel.tried[ONE]) > 2


async def test_what_cannot_be_noted_ends_no_other_try(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, noted = deliveries.end, asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        if delivery.position == 2:
            await noted.wait()
            await asyncio.sleep(0.05)
        return Delivered()

    async def broken(conn: Any, key: UUID, *more: Any) -> bool:
        if not noted.is_set():
            noted.set()
            raise OSError
        return await ended(conn, key, *more)

    monkeypatch.setattr(deliveries, "end", broken)
    channel = Remembering([ONE], ordered=False, answer=answer)
    await sign_up(world, 2)
    async with outbox(pool, store, channel, claim_seconds=0.3):
        await settled(pool, 2)
    assert sorted(channel.tried[ONE]) == [1, 1, 2]


async def test_who_failed_loses_the_claim_though_others_go_on(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, opened = deliveries.end, asyncio.Event()

    async def answer(delivery: Delivery) -> Outcome:
        if delivery.target == TWO:
            await opened.wait()
        return Delivered()

    async def broken(conn: Any, key: UUID, *more: Any) -> bool:
        monkeypatch.setattr(deliveries, "end", ended)
        raise OSError

    monkeypatch.setattr(deliveries, "end", broken)
    channel = Remembering([ONE, TWO], answer=answer)
    await sign_up(world, 1)
    async with outbox(pool, store, channel, claim_seconds=0.5):
        await until(lambda: len(channel.tried[ONE]) == 2)
        opened.set()
        await settled(pool, 1)
    assert channel.tried[TWO] == [1]


async def test_slow_targets_are_forgotten_after_a_while(pool: asyncpg.Pool, monkeypatch: Any) -> None:
    monkeypatch.setattr("service.integrations.turns.SLOW_SECONDS", -1.0)
    turns, now = Turns(pool), datetime.now(UTC)
    for seconds, slow in ((60.0, {ONE}), (0.0, set())):
        monkeypatch.setattr("service.integrations.turns.SLOW_FOR", seconds)
        await turns._sent(Remembering([ONE]), Delivery(ONE, "remembering", ONE, 1, None, 0, now))
        assert turns.slow == slow


async def test_who_is_not_to_blame_loses_a_delivery_only(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        if delivery.position == 1:
            raise OSError("the way there is blocked")
        return Delivered()

    channel = Remembering([ONE], dropped_after=0.2, answer=answer)
    async with outbox(pool, store, channel, backoff=Backoff(first=0.01, longest=0.05, give_up=0.1)):
        await sign_up(world, 2)
        await settled(pool, 2)
    assert channel.tried[ONE].count(1) > 1
    assert await states(pool) == [(1, "failed"), (2, "delivered")]
    assert await pool.fetchval("SELECT count(*) FROM outwards.targets WHERE disabled_at IS NULL") == 1


async def test_who_has_lost_the_claim_has_no_say(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        if len(channel.tried[ONE]) == 1:
            await pool.execute("UPDATE outwards.targets SET claim = NULL, claimed_until = '-infinity'")
            return GiveUp("of a process that was away for long")
        return Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 2)
        await settled(pool, 2)
    assert channel.tried[ONE] == [1, 1, 2]
    assert len(channel.ids[ONE, 1]) == 1
    assert await pool.fetchval("SELECT count(*) FROM outwards.targets WHERE disabled_at IS NULL") == 1


@pytest.mark.parametrize("ordered", [True, False])
async def test_what_was_not_even_tried_counts_for_nothing(
    pool: asyncpg.Pool, store: PostgresStore, world: World, ordered: bool
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        return Wait("no room") if len(channel.tried[ONE]) < 5 else Delivered()

    channel = Remembering([ONE], ordered=ordered, answer=answer)
    async with outbox(pool, store, channel, backoff=Backoff(0.01, 0.02, give_up=0.0)):
        await sign_up(world, 1)
        await settled(pool, 1)
    assert channel.sent[ONE] == [1]
    assert await pool.fetchval("SELECT attempts FROM outwards.deliveries") == 1


async def test_rebuilding_the_read_models_sends_nothing_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 5)
        await settled(pool, 5)
        await rebuild(pool, store)
        await sign_up(world, 2)
        await settled(pool, 7)
    assert channel.sent[ONE] == list(range(1, 8))


async def test_nothing_is_sent_while_the_read_models_begin_anew(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        sql = "SELECT EXISTS (SELECT FROM read.event WHERE position = $1)"
        return Delivered() if await pool.fetchval(sql, delivery.position) else Skip("not there")

    async with outbox(pool, store, Remembering([ONE], answer=answer), places=0):
        await sign_up(world, 3)
        await until(lambda: pool.fetchval("SELECT count(*) = 3 FROM outwards.deliveries"))
    await pool.execute('TRUNCATE read.event, read."user"')
    await pool.execute("UPDATE read.checkpoint SET position = 0")
    channel = Remembering([ONE], answer=answer)
    sender = Sender(pool, [channel], Bell())
    await sender._look()
    assert sender.serving == 0
    async with outbox(pool, store, channel):
        await settled(pool, 3)
    assert channel.sent[ONE] == [1, 2, 3]


async def test_old_deliveries_are_forgotten(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    channel = Remembering([ONE])
    async with outbox(pool, store, channel):
        await sign_up(world, 3)
        await settled(pool, 3)
    await pool.execute(
        "UPDATE outwards.deliveries SET finished_at = now() - interval '31 days' WHERE position < 3"
    )
    async with outbox(pool, store, channel):
        await sign_up(world, 1)
        await settled(pool, 4)
    assert [at for at, _ in await states(pool)] == [3, 4]
    assert channel.sent[ONE] == [1, 2, 3, 4]


async def test_two_processes_that_die_at_random(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    chance = random.Random(5)

    async def answer(delivery: Delivery) -> Outcome:
        await asyncio.sleep(chance.uniform(0, 0.01))
        return Retry("no") if chance.random() < 0.1 else Delivered()

    channel = Remembering([uuid4() for _ in range(6)], answer=answer)

    async def lives(holder: str) -> None:
        for _ in range(5):
            async with outbox(pool, store, channel, holder=holder, claim_seconds=0.5, batch=7):
                await asyncio.sleep(chance.uniform(0.1, 0.8))

    async with asyncio.TaskGroup() as group:
        for holder in ("one", "two"):
            group.create_task(lives(holder))
        for _ in range(20):
            await sign_up(world, 10)
            await asyncio.sleep(0.05)
    async with outbox(pool, store, channel):
        await settled(pool, world.position)
    for target in channel.targets:
        assert list(dict.fromkeys(channel.sent[target])) == list(range(1, 201))
    assert all(len(ids) == 1 for ids in channel.ids.values())
