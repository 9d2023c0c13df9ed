"""Serves a target that this process has a claim on, and notes how each try ended."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

import asyncpg
import structlog

from projections.writing import Writer
from service.integrations import deliveries, targets
from service.integrations.backoff import Backoff
from service.integrations.outbox import (
    Channel,
    Delivered,
    Delivery,
    GiveUp,
    Outcome,
    Refused,
    Retry,
    Skip,
    Wait,
)

log = structlog.get_logger()

ORDERED, UNORDERED = 50, 8  # deliveries of a target that are taken together
TURN_SECONDS = 20.0  # after which another target has its turn
SLOW_SECONDS = 3.0  # a target that takes longer for one is slow
SLOW_FOR = 3_600.0  # seconds, unless it is served before
SHARE = 5  # one connection in so many of the pool, at once


@dataclass(frozen=True, slots=True)
class Turn:
    """A target that this process has a claim on. Shape: slow: it was when it was served last."""

    channel: Channel
    target: UUID
    ordered: bool
    claim: UUID
    slow: bool = False


class Turns:
    """What the sender of a process does with the targets that it has claimed.

    Shape:  counted by channel and outcome; connections says how many of the pool are used at once.
    """

    def __init__(
        self, pool: asyncpg.Pool, backoff: Backoff | None = None, chance: Callable[[], float] = random.random
    ) -> None:
        self._pool = pool
        self._backoff = backoff or Backoff()
        self._chance = chance
        self.connections = asyncio.Semaphore(max(1, pool.get_max_size() // SHARE))
        self.counted: Counter[tuple[str, str]] = Counter()
        self._slow: dict[UUID, float] = {}  # until when, by a clock of our own

    @property
    def slow(self) -> set[UUID]:
        """Targets that took long when they were served last, in the last hour."""
        now = time.monotonic()
        self._slow = {target: until for target, until in self._slow.items() if now < until}
        return set(self._slow)

    async def serve(self, turn: Turn) -> None:
        """A turn of a target. After an error its claim runs out, so that nobody fails again at once."""
        try:
            self._slow.pop(turn.target, None)
            await (self._in_order(turn) if turn.ordered else self._together(turn))
            await self._release(turn)
        except Exception as error:
            log.error("sending failed", channel=turn.channel.name, target=str(turn.target), exc_info=error)

    async def _in_order(self, turn: Turn) -> None:
        until = time.monotonic() + TURN_SECONDS
        for at, delivery in enumerate(await self._due(turn, ORDERED)):
            oldest = await self._oldest_open(turn) if at else delivery.position
            if oldest is None or oldest < delivery.position:
                return  # its owner asked for an earlier one once more meanwhile: that is next
            if oldest > delivery.position:
                continue  # its owner skipped it meanwhile
            if not await self._try(turn, delivery) or time.monotonic() > until:
                return

    async def _together(self, turn: Turn) -> None:
        """One that cannot be noted does not end the tries of others."""
        tries = (self._try(turn, delivery) for delivery in await self._due(turn, UNORDERED))
        for ended in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended

    async def _due(self, turn: Turn, limit: int) -> list[Delivery]:
        name, target = turn.channel.name, turn.target
        async with self.connections:
            return await deliveries.due(self._pool, name, target, ordered=turn.ordered, limit=limit)

    async def _oldest_open(self, turn: Turn) -> int | None:
        async with self.connections:
            return await deliveries.oldest_open(self._pool, turn.channel.name, turn.target)

    async def _try(self, turn: Turn, delivery: Delivery) -> bool:
        """False when nothing more is to be sent in this turn."""
        return await self._note(turn, delivery, await self._sent(turn.channel, delivery))

    async def _sent(self, channel: Channel, delivery: Delivery) -> Outcome:
        slow_at = time.monotonic() + SLOW_SECONDS
        try:
            async with asyncio.timeout(channel.seconds):
                return await channel.send(delivery)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Retry(f"The database cannot be asked: {error}")  # as channels do before they send
        except Exception as error:
            log.warning("a channel failed", channel=channel.name, exc_info=error)
            why = f"{type(error).__name__}: {error}".rstrip(": ")
            return Retry(why)
        finally:
            if time.monotonic() > slow_at:
                self._slow[delivery.target] = time.monotonic() + SLOW_FOR

    async def _note(self, turn: Turn, delivery: Delivery, outcome: Outcome) -> bool:
        """Keep how it ended. Whether the next one may be tried: not without the claim."""
        self.counted[turn.channel.name, type(outcome).__name__] += 1
        match outcome:
            case Delivered(status, said):
                return await self._end(turn, delivery, "delivered", status, None, said)
            case Skip(why):
                return await self._end(turn, delivery, "skipped", None, why, None)
            case Refused(why, status, said):
                return await self._end(turn, delivery, "failed", status, why, said)
            case Wait(why, seconds):
                await self._wait(turn, delivery, why, seconds)
                return False
            case Retry() | GiveUp():
                await self._fail(turn, delivery, outcome)
                return False
            case _:
                assert_never(outcome)

    async def _wait(self, turn: Turn, delivery: Delivery, why: str, seconds: float | None) -> None:
        moment = self._backoff.seconds(1, None, self._chance) if seconds is None else seconds
        async with self.connections:
            key, anew = delivery.delivery_id, seconds is not None
            await deliveries.wait(self._pool, key, turn.claim, moment, why, anew=anew)

    async def _end(
        self,
        turn: Turn,
        delivery: Delivery,
        state: str,
        status: int | None,
        why: str | None,
        said: str | None,
    ) -> bool:
        async with self.connections:
            key = delivery.delivery_id
            return await deliveries.end(self._pool, key, turn.claim, state, status, why, said)

    async def _fail(self, turn: Turn, delivery: Delivery, outcome: Retry | GiveUp) -> None:
        """Wait before the next try, unless that was for too long, or there is no hope."""
        name, target, why, seconds = turn.channel.name, turn.target, outcome.why, 0.0
        if isinstance(outcome, Retry):
            seconds = self._backoff.seconds(delivery.failures + 1, outcome.after, self._chance)
        async with self.connections, self._pool.acquire() as conn, conn.transaction():
            if not await targets.hold(conn, name, target, turn.claim):
                return
            key, status, said = delivery.delivery_id, outcome.status, outcome.response
            tried = await deliveries.fail(conn, key, turn.claim, seconds, status, why, said)
            if isinstance(outcome, GiveUp):
                await targets.disable(conn, name, target, why)
            elif tried is not None and tried >= (turn.channel.dropped_after or self._backoff.give_up):
                await self._give_up(conn, turn, key, f"Nothing arrived for {_spoken(tried)}: {why}")

    async def _give_up(self, conn: Writer, turn: Turn, delivery_id: UUID, why: str) -> None:
        """Of a target that is not to blame, or works and has no order, this only; else it is disabled."""
        blameless = turn.channel.dropped_after is not None
        if blameless or (not turn.ordered and await deliveries.others_arrived(conn, delivery_id)):
            await deliveries.give_up(conn, delivery_id)
        else:
            await targets.disable(conn, turn.channel.name, turn.target, why)

    async def _release(self, turn: Turn) -> None:
        async with self.connections, self._pool.acquire() as conn, conn.transaction():
            if await targets.hold(conn, turn.channel.name, turn.target, turn.claim):
                await targets.wake(conn, turn.channel.name, turn.target)


def _spoken(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds >= 7_200 else f"{seconds:.0f} seconds"
