"""Outboxes that run in tests, and a channel that remembers what it was to send."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from projections.progress import Progress
from projections.runner import Runner
from projections.writing import Writer
from service.eventstore.model import EventStore
from service.integrations.backoff import Backoff
from service.integrations.outbox import TRY_SECONDS, Channel, Delivered, Delivery, Happened, Outcome, Planned
from service.integrations.planner import Planner
from service.integrations.sender import Bell, Sender
from tests.projections.history import World

PATIENCE = 60.0
QUICK = Backoff(first=0.01, longest=0.05, give_up=60.0)


@dataclass
class Remembering:
    """Sends every event to each of its targets, and asks `answer` how that went."""

    targets: Sequence[UUID]
    name: str = "remembering"
    ordered: bool = True
    seconds: float = TRY_SECONDS
    dropped_after: float | None = None
    answer: Callable[[Delivery], Awaitable[Outcome]] | None = None
    planned: list[tuple[UUID, int]] = field(default_factory=list)
    tried: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    ids: dict[tuple[UUID, int], set[UUID]] = field(default_factory=lambda: defaultdict(set))

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        targets = [one for one in self.targets if only is None or one in only]
        planned = [Planned(target, one.position, one.subject_id) for one in events for target in targets]
        self.planned += [(one.target, one.position) for one in planned]
        return planned

    async def send(self, delivery: Delivery) -> Outcome:
        self.tried[delivery.target].append(delivery.position)
        self.ids[delivery.target, delivery.position].add(delivery.delivery_id)
        outcome = await self.answer(delivery) if self.answer else Delivered()
        if isinstance(outcome, Delivered):
            self.sent[delivery.target].append(delivery.position)
        return outcome


@dataclass(frozen=True)
class Outbox:
    planner: Planner
    sender: Sender


async def sign_up(world: World, count: int) -> list[int]:
    """So many events, and where they are."""
    for _ in range(count):
        await world.sign_up(f"u{world.position}")
    return list(range(world.position - count + 1, world.position + 1))


async def projected(pool: asyncpg.Pool, store: EventStore, position: int) -> None:
    """The core read models show this, and nothing is planned of it."""
    runner = asyncio.create_task(Runner(pool, store, Progress(pool), holder="one", lease_seconds=1.0).run())
    await until(lambda: pool.fetchval("SELECT position >= $1 FROM read.checkpoint", position))
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)


@asynccontextmanager
async def outbox(
    pool: asyncpg.Pool, store: EventStore, *channels: Channel, holder: str = "one", **options: Any
) -> AsyncIterator[Outbox]:
    """One process that projects, plans and sends until the end of the body; killed then."""
    progress, bell = Progress(pool), Bell()
    keep_days = options.pop("keep_days", 30.0)
    batch = options.pop("batch", 500)
    runner = Runner(pool, store, progress, holder=holder, lease_seconds=1.0)
    planner = Planner(
        pool, store, channels, holder=holder, shown=progress, bell=bell, lease_seconds=1.0,
        keep_days=keep_days, batch=batch,
    )  # fmt: skip
    sender = Sender(pool, channels, bell, **{"backoff": QUICK, **options})
    tasks = [asyncio.create_task(one.run()) for one in (runner, planner, sender)]
    try:
        yield Outbox(planner, sender)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], Awaitable[object] | object]) -> None:
    """Wait for what others do."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


async def all_ended(pool: asyncpg.Pool, position: int) -> bool:
    """Whether everything up to a position was planned, and nothing waits."""
    return bool(
        await pool.fetchval(
            """
            SELECT (SELECT position FROM follower_checkpoints WHERE name = 'outbox') >= $1
               AND NOT EXISTS (SELECT FROM outwards.targets WHERE behind IS NOT NULL AND disabled_at IS NULL)
               AND NOT EXISTS (SELECT FROM outwards.deliveries WHERE state = 'open')
            """,
            position,
        )
    )


async def settled(pool: asyncpg.Pool, position: int) -> None:
    await until(lambda: all_ended(pool, position))
