"""Who waits for whom in the outbox: nobody in a ring."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest
import structlog

from projections.writing import Writer
from service.domain.errors import Invalid, NotFound
from service.eventstore.postgres import PostgresStore
from service.integrations import claims, deliveries, planning, targets, webhook_changes
from service.integrations.outbox import Delivered, Happened, Planned
from tests.integrations.outgoing import PATIENCE, Remembering, outbox, projected, settled, sign_up, until
from tests.integrations.test_outbox_much import known
from tests.projections.history import World

ONE, TWO = UUID(int=1), UUID(int=2)


async def someone_waits(pool: asyncpg.Pool) -> bool:
    sql = """
        SELECT count(*) > 0 FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE NOT l.granted AND a.datname = current_database()
    """
    return bool(await pool.fetchval(sql))


async def webhook(pool: asyncpg.Pool) -> None:
    """One, its own owner."""
    await pool.execute(
        """
        INSERT INTO outwards.webhooks (webhook_id, owner_id, url, secret, since, request_hash, created_at)
        VALUES ($1, $1, 'https://example.org', '', 0, '', now())
        """,
        ONE,
    )


async def claimed(pool: asyncpg.Pool) -> UUID:
    """Two targets, the later one first on disk, with one claim on both."""
    await known(pool, TWO, ONE)
    claim = uuid4()
    await pool.execute(
        "UPDATE outwards.targets SET next_at = now(), claim = $1 WHERE target = $2", claim, TWO
    )
    await pool.execute(
        "UPDATE outwards.targets SET next_at = now(), claim = $1 WHERE target = $2", claim, ONE
    )
    return claim


async def test_renewing_and_giving_back_do_not_wait_for_the_planner(pool: asyncpg.Pool) -> None:
    claim = await claimed(pool)

    async def opened(conn: Writer, target: UUID) -> None:
        await planning.open_targets(conn, "remembering", True, [Planned(target, 1)], 0)

    ours = [("remembering", target, claim) for target in (ONE, TWO)]
    for act in (lambda: claims.renew(pool, ours, 60.0), lambda: claims.give_back(pool, [claim])):
        async with pool.acquire() as conn, conn.transaction():
            await opened(conn, ONE)
            acting: asyncio.Future[object] = asyncio.ensure_future(act())

            async def waits_or_has_ended(acting: asyncio.Future[object] = acting) -> bool:
                return acting.done() or await someone_waits(pool)

            await until(waits_or_has_ended)
            await opened(conn, TWO)
            await acting
    sql = "SELECT target, claim FROM outwards.targets ORDER BY target"
    assert [tuple(one) for one in await pool.fetch(sql)] == [(ONE, claim), (TWO, None)]


async def test_what_the_planner_holds_is_renewed_at_the_next_look(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def answer(delivery: object) -> Delivered:
        begun.set()
        await ended.wait()
        return Delivered()

    channel = Remembering([ONE], answer=answer)
    async with outbox(pool, store, channel, claim_seconds=6.0):
        await sign_up(world, 1)
        await begun.wait()
        sql = "SELECT claimed_until FROM outwards.targets"
        async with pool.acquire() as conn, conn.transaction():
            await targets.hold(conn, channel.name, ONE)
            before = await conn.fetchval(sql)
            await asyncio.sleep(2.5)  # one is due, and passes it over
        await until(lambda: pool.fetchval(f"SELECT ({sql}) > $1", before))
        ended.set()
        await settled(pool, 1)
    assert channel.tried[ONE] == [1]


async def test_deleting_a_webhook_while_it_catches_up(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """Its deletion holds the webhook, and then wants the target."""

    @dataclass
    class Careful(Remembering):
        asked: int = 0

        async def plan(
            self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
        ) -> Sequence[Planned]:
            self.asked += 1
            await conn.execute("SELECT FROM outwards.webhooks FOR KEY SHARE")
            return await super().plan(conn, events, only)

    channel = Careful([ONE])
    await sign_up(world, 3)
    await projected(pool, store, 3)
    await webhook(pool)
    await known(pool, ONE)
    await pool.execute("UPDATE outwards.targets SET behind = 0")
    await pool.execute("INSERT INTO follower_checkpoints (name, position) VALUES ('outbox', 3)")
    async with pool.acquire() as conn, AsyncExitStack() as stack:
        logs = stack.enter_context(structlog.testing.capture_logs())
        async with conn.transaction():
            await conn.execute("DELETE FROM outwards.webhooks")
            await stack.enter_async_context(outbox(pool, store, channel))
            await until(lambda: channel.asked)
            await until(lambda: someone_waits(pool))
            await targets.forget(conn, "remembering", ONE)
        await sign_up(world, 1)
        await settled(pool, 4)
    assert "interrupted" not in [one["event"] for one in logs]


async def test_forgetting_what_is_old_waits_for_nobody(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async with outbox(pool, store, Remembering([ONE])):
        await sign_up(world, 2)
        await settled(pool, 2)
    await pool.execute("UPDATE outwards.deliveries SET finished_at = now() - interval '31 days'")
    async with pool.acquire() as conn, conn.transaction(), asyncio.timeout(PATIENCE):
        await conn.execute("SELECT FROM outwards.deliveries WHERE position = 1 FOR UPDATE")
        await deliveries.remove_old(pool, 30.0, 10)
    assert await pool.fetchval("SELECT array_agg(position) FROM outwards.deliveries") == [1]


@pytest.mark.parametrize("how", ["redelivered", "replayed"])
async def test_what_is_just_being_disabled_is_not_sent_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World, how: str
) -> None:
    async with outbox(pool, store, Remembering([ONE], "webhook")):
        await sign_up(world, 2)
        await settled(pool, 2)
    await webhook(pool)
    key = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries WHERE position = 1")
    async with pool.acquire() as conn:
        async with pool.acquire() as other, other.transaction():
            await targets.disable(other, "webhook", ONE, "gone")
            asked = asyncio.ensure_future(
                webhook_changes.redeliver(conn, key, ONE)
                if how == "redelivered"
                else webhook_changes.replay(conn, ONE, ONE, 0)
            )
            await until(lambda: someone_waits(pool))
        with pytest.raises(Invalid):
            await asked
    states = await pool.fetch("SELECT state FROM outwards.deliveries")
    assert [one["state"] for one in states] == ["delivered", "delivered"]
    assert await pool.fetchval("SELECT next_at IS NULL AND behind = 2 FROM outwards.targets")


@pytest.mark.parametrize("change", [webhook_changes.redeliver, webhook_changes.skip])
async def test_a_delivery_that_goes_before_its_webhook_is_held_is_not_found(
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    change: Callable[[asyncpg.Connection, UUID, UUID], Awaitable[UUID]],
) -> None:
    async with outbox(pool, store, Remembering([ONE], "webhook")):
        await sign_up(world, 1)
        await settled(pool, 1)
    await webhook(pool)
    await pool.execute("UPDATE outwards.deliveries SET state = 'failed'")
    key = await pool.fetchval("SELECT delivery_id FROM outwards.deliveries")
    async with pool.acquire() as conn:
        async with pool.acquire() as other, other.transaction():
            await targets.replay(other, "webhook", ONE, 0)
            asked = asyncio.ensure_future(change(conn, key, ONE))
            await until(lambda: someone_waits(pool))
        with pytest.raises(NotFound, match="no such delivery"):
            await asked
    assert await pool.fetchval("SELECT count(*) FROM outwards.deliveries") == 0
