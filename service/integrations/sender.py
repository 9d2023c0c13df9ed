"""Brings deliveries where they go: in every process, each target by one of them at a time."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID, uuid4

import asyncpg
import structlog

from service.integrations import claims, deliveries, targets
from service.integrations.backoff import Backoff
from service.integrations.outbox import Channel, Delivered, Delivery, GiveUp, Outcome, Refused, Retry, Skip

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # how often targets are looked for when nothing rings
TARGETS = 32  # served at once by one process
ORDERED, UNORDERED = 50, 8  # deliveries of a target that are taken together
TURN_SECONDS = 20.0  # after which another target has its turn
SEND_SECONDS = 30.0  # for one delivery
CLAIM_SECONDS = 15.0  # unless renewed
LAST_SECONDS = 2.0  # to give claims back when the service stops
SHARE = 5  # one connection in so many of the pool, at once
UNKNOWN = "It is not known whether an earlier try arrived, so there is no other."


class Bell:
    """Tells the sender of this process that something may be due. Nothing depends on it."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> bool:
        """False when nobody rang."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


@dataclass(frozen=True, slots=True)
class _Turn:
    """A target that this process has a claim on."""

    channel: Channel
    target: UUID
    ordered: bool
    claim: UUID


class Sender:
    """Sends what is due, whichever process planned it.

    A try is never inside a transaction. A process that dies leaves its claims, which run out; what it had
    sent without noting so is sent again with the same id.

    Shape:  counted by channel and outcome since the start of this process; due is how many targets waited,
            in all processes, when this one looked last.
    Source: outwards.targets, outwards.deliveries.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        channels: Sequence[Channel],
        bell: Bell,
        *,
        backoff: Backoff | None = None,
        most: int = TARGETS,
        claim_seconds: float = CLAIM_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pool = pool
        self._channels = {one.name: one for one in channels}
        self._bell = bell
        self._backoff = backoff or Backoff()
        self._most = most
        self._claim_seconds = claim_seconds
        self._chance = chance
        self._turns: dict[asyncio.Task[None], UUID] = {}  # and their claims
        self._claiming = uuid4()
        self._renewed = 0.0  # by a clock of our own: it only paces
        self._connections = asyncio.Semaphore(max(1, pool.get_max_size() // SHARE))
        self.counted: Counter[tuple[str, str]] = Counter()
        self.due = 0

    @property
    def serving(self) -> int:
        """Targets that this process sends to just now."""
        return len(self._turns)

    async def run(self) -> None:
        """Until cancelled; then others can take over at once."""
        try:
            while True:
                await self._look()
                await self._bell.wait(min(IDLE_SECONDS, self._claim_seconds / 3))
        finally:
            await asyncio.wait_for(self._stop(), LAST_SECONDS)

    async def _stop(self) -> None:
        turns, ours = list(self._turns), {self._claiming, *self._turns.values()}
        for task in turns:
            task.cancel()
        await asyncio.gather(*turns, return_exceptions=True)
        await claims.give_back(self._pool, ours)

    async def _look(self) -> None:
        """Give every target that is due its turn, as far as there is room."""
        try:
            await self._renew()
            while (free := self._most - len(self._turns)) > 0:
                claimed = await self._claim(free)
                for turn in claimed:
                    task = asyncio.create_task(self._serve(turn), name=f"send {turn.channel.name}")
                    self._turns[task] = turn.claim
                    task.add_done_callback(self._ended)
                if len(claimed) < free:
                    break
            async with self._connections:
                self.due = await claims.due(self._pool)
        except Exception as error:
            log.warning("cannot look for what is due", error=f"{type(error).__name__}: {error}")

    async def _renew(self) -> None:
        """Keep what is being sent to."""
        if self._turns and time.monotonic() - self._renewed > self._claim_seconds / 3:
            self._renewed = time.monotonic()
            async with self._connections:
                await claims.renew(self._pool, set(self._turns.values()), self._claim_seconds)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._turns[task]
        self._bell.ring()

    async def _claim(self, limit: int) -> list[_Turn]:
        claim = self._claiming = uuid4()
        async with self._connections:
            found = await claims.claim(self._pool, self._channels, claim, self._claim_seconds, limit)
        return [_Turn(self._channels[one["channel"]], one["target"], one["ordered"], claim) for one in found]

    async def _serve(self, turn: _Turn) -> None:
        """A turn of a target. After an error its claim runs out, so that nobody fails again at once."""
        try:
            await (self._in_order(turn) if turn.ordered else self._together(turn))
            await self._release(turn)
        except Exception as error:
            log.error("sending failed", channel=turn.channel.name, target=str(turn.target), exc_info=error)

    async def _in_order(self, turn: _Turn) -> None:
        until = time.monotonic() + TURN_SECONDS
        for delivery, begun in await self._due(turn, ORDERED):
            if not await self._try(turn, delivery, begun) or time.monotonic() > until:
                return

    async def _together(self, turn: _Turn) -> None:
        async with asyncio.TaskGroup() as group:
            for delivery, begun in await self._due(turn, UNORDERED):
                group.create_task(self._try(turn, delivery, begun))

    async def _due(self, turn: _Turn, limit: int) -> list[tuple[Delivery, bool]]:
        name, target = turn.channel.name, turn.target
        async with self._connections:
            return await deliveries.due(self._pool, name, target, ordered=turn.ordered, limit=limit)

    async def _try(self, turn: _Turn, delivery: Delivery, begun: bool) -> bool:
        """False when nothing more is to be sent in this turn."""
        if turn.channel.at_most_once:
            if begun:
                return await self._note(turn, delivery, Refused(UNKNOWN))
            async with self._connections:
                if not await deliveries.begin(self._pool, delivery.delivery_id, turn.claim):
                    return False
        return await self._note(turn, delivery, await self._sent(turn.channel, delivery))

    async def _sent(self, channel: Channel, delivery: Delivery) -> Outcome:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await channel.send(delivery)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            return Retry(f"The database cannot be asked: {error}")  # as channels do before they send
        except Exception as error:
            log.warning("a channel failed", channel=channel.name, exc_info=error)
            why = f"{type(error).__name__}: {error}".rstrip(": ")
            return Refused(why) if channel.at_most_once else Retry(why)

    async def _note(self, turn: _Turn, delivery: Delivery, outcome: Outcome) -> bool:
        """Keep how it ended. Whether the next one may be tried: not without the claim."""
        self.counted[turn.channel.name, type(outcome).__name__] += 1
        match outcome:
            case Delivered(status, said):
                return await self._end(turn, delivery, "delivered", status, None, said)
            case Skip(why):
                return await self._end(turn, delivery, "skipped", None, why, None)
            case Refused(why, status, said):
                return await self._end(turn, delivery, "failed", status, why, said)
            case Retry() | GiveUp():
                await self._fail(turn, delivery, outcome)
                return False
            case _:
                assert_never(outcome)

    async def _end(
        self,
        turn: _Turn,
        delivery: Delivery,
        state: str,
        status: int | None,
        why: str | None,
        said: str | None,
    ) -> bool:
        async with self._connections:
            key = delivery.delivery_id
            return await deliveries.end(self._pool, key, turn.claim, state, status, why, said)

    async def _fail(self, turn: _Turn, delivery: Delivery, outcome: Retry | GiveUp) -> None:
        """Wait before the next try; after too long, or when there is no hope, disable the target."""
        name, target, why, seconds = turn.channel.name, turn.target, outcome.why, 0.0
        if isinstance(outcome, Retry):
            seconds = self._backoff.seconds(delivery.attempts + 1, outcome.after, self._chance)
        async with self._connections, self._pool.acquire() as conn, conn.transaction():
            if not await targets.hold(conn, name, target, turn.claim):
                return
            key, status, said = delivery.delivery_id, outcome.status, outcome.response
            tried = await deliveries.fail(conn, key, turn.claim, seconds, status, why, said)
            if isinstance(outcome, GiveUp):
                await targets.disable(conn, name, target, why)
            elif tried is not None and tried >= self._backoff.give_up:
                await targets.disable(conn, name, target, f"Nothing arrived for {_spoken(tried)}: {why}")

    async def _release(self, turn: _Turn) -> None:
        async with self._connections, self._pool.acquire() as conn, conn.transaction():
            if await targets.hold(conn, turn.channel.name, turn.target, turn.claim):
                await targets.wake(conn, turn.channel.name, turn.target)


def _spoken(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds >= 7_200 else f"{seconds:.0f} seconds"
