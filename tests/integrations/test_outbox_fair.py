"""What is slow or does not work costs others nothing."""

import asyncio
from collections.abc import Collection, Sequence
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections.writing import Writer
from service.eventstore.postgres import PostgresStore
from service.integrations import turns
from service.integrations.outbox import Delivered, Delivery, Happened, Outcome, Planned, Retry
from tests.integrations.outgoing import Remembering, outbox, settled, sign_up, until
from tests.projections.history import World

ONE = UUID(int=1)


async def test_a_delivery_that_alone_fails_ends_and_others_go_on(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    async def answer(delivery: Delivery) -> Outcome:
        return Retry("not this one", status=400) if delivery.position == 1 else Delivered()

    channel = Remembering([ONE], ordered=False, answer=answer)
    async with outbox(pool, store, channel):
        await sign_up(world, 1)
        await until(lambda: channel.tried[ONE])
        await sign_up(world, 3)
        await until(lambda: sorted(channel.sent[ONE]) == [2, 3, 4])
        longer = "UPDATE outwards.deliveries SET first_tried_at = first_tried_at - interval '1 day'"
        await pool.execute(longer)
        await settled(pool, 4)
        await sign_up(world, 1)
        await settled(pool, 5)
    [first] = await pool.fetch("SELECT * FROM outwards.deliveries WHERE position = 1")
    assert (first["state"], first["last_status"], first["last_error"]) == ("failed", 400, "not this one")
    assert await pool.fetchval("SELECT disabled_at IS NULL FROM outwards.targets")
    assert sorted(channel.sent[ONE]) == [2, 3, 4, 5]


async def test_no_channel_waits_for_another(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    async def hangs(delivery: Delivery) -> Outcome:
        await asyncio.Event().wait()
        return Delivered()

    slow = Remembering([uuid4() for _ in range(8)], "slow", answer=hangs)
    mail = Remembering([ONE], "mail")
    async with outbox(pool, store, slow, mail, places=4):
        await sign_up(world, 1)
        await until(lambda: len(slow.tried) == 4)
        await sign_up(world, 1)
        await until(lambda: mail.sent[ONE] == [1, 2])


async def test_slow_targets_leave_places_to_others(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "SLOW_SECONDS", 0.01)
    slow = [uuid4() for _ in range(8)]
    hanging: list[UUID] = []

    class Some(Remembering):
        """Its slow targets get all but the third event, ONE gets that."""

        async def plan(
            self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
        ) -> Sequence[Planned]:
            planned = await super().plan(conn, events, only)
            return [one for one in planned if (one.target == ONE) == (one.position == 3)]

    async def answer(delivery: Delivery) -> Outcome:
        if delivery.target != ONE:
            await asyncio.sleep(0.05)
        if delivery.position == 2:
            hanging.append(delivery.target)
            await asyncio.Event().wait()
        return Delivered()

    channel = Some([ONE, *slow], answer=answer)
    async with outbox(pool, store, channel, places=4):
        await sign_up(world, 1)
        await settled(pool, 1)
        await sign_up(world, 1)
        await until(lambda: len(hanging) >= 2)
        await sign_up(world, 1)
        await until(lambda: channel.sent[ONE] == [3])
    assert len(hanging) == 2
