"""Brings deliveries where they go: in every process, each target by one of them at a time."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID, uuid4

import asyncpg
import structlog

from projections import progress
from projections.follower import followed_to
from service.integrations import claims
from service.integrations.backoff import Backoff
from service.integrations.outbox import NAME, Channel
from service.integrations.turns import Turn, Turns

log = structlog.get_logger()

IDLE_SECONDS = 1.0  # how often targets are looked for when nothing rings
PLACES = 32  # targets of a channel served at once by one process; half of them are not for slow ones
CLAIM_SECONDS = 15.0  # unless renewed
LAST_SECONDS = 2.0  # to give claims back when the service stops


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


class Sender:
    """Sends what is due, whichever process planned it.

    A try is never inside a transaction. A process that dies leaves its claims, which run out; what it had
    sent without noting so is sent again with the same id. Each channel has places of its own, so that none
    waits for another, and targets that answer slowly have half of them at most.

    Shape:  places of each channel; due is how many targets waited, in all processes, when this one looked
            last.
    Source: outwards.targets, outwards.deliveries.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        channels: Sequence[Channel],
        bell: Bell,
        *,
        backoff: Backoff | None = None,
        places: int = PLACES,
        claim_seconds: float = CLAIM_SECONDS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._pool = pool
        self._channels = channels
        self._bell = bell
        self._places = places
        self._claim_seconds = claim_seconds
        self._turns = Turns(pool, backoff, chance)
        self._serving: dict[asyncio.Task[None], Turn] = {}
        self._claiming = uuid4()
        self._renewed = 0.0  # by a clock of our own: it only paces
        self.due = 0

    @property
    def counted(self) -> Counter[tuple[str, str]]:
        """Tries by channel and outcome since the start of this process."""
        return self._turns.counted

    @property
    def serving(self) -> int:
        """Targets that this process sends to just now."""
        return len(self._serving)

    async def run(self) -> None:
        """Until cancelled; then others can take over at once."""
        try:
            while True:
                await self._look()
                await self._bell.wait(min(IDLE_SECONDS, self._claim_seconds / 3))
        finally:
            await asyncio.wait_for(self._stop(), LAST_SECONDS)

    async def _stop(self) -> None:
        tasks, ours = list(self._serving), {self._claiming, *self._claims()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await claims.give_back(self._pool, ours)

    async def _look(self) -> None:
        """Give every target that is due its turn, as far as there is room."""
        try:
            await self._renew()
            for channel in self._channels if await self._shown() else ():
                await self._fill(channel)
            async with self._turns.connections:
                self.due = await claims.due(self._pool)
        except Exception as error:
            log.warning("cannot look for what is due", error=f"{type(error).__name__}: {error}")

    async def _shown(self) -> bool:
        """Whether the read models show all that was planned. What they do not show yet would be skipped."""
        async with self._turns.connections:
            planned = await followed_to(self._pool, NAME)
            return await progress.position(self._pool) >= planned

    async def _fill(self, channel: Channel) -> None:
        """Slow targets first, which have few places; then all others."""
        if self._turns.slow:
            room = self._places // 2 - sum(one.slow for one in self._of(channel))
            await self._begin(channel, room, slow=True)
        while (free := self._places - len(self._of(channel))) > 0:
            if await self._begin(channel, free, slow=False) < free:
                break

    def _of(self, channel: Channel) -> list[Turn]:
        return [one for one in self._serving.values() if one.channel is channel]

    async def _begin(self, channel: Channel, most: int, *, slow: bool) -> int:
        """Begin the turns of so many targets; how many there were."""
        most = min(most, self._places - len(self._of(channel)))
        claimed = await self._claim(channel, most, slow) if most > 0 else []
        for turn in claimed:
            task = asyncio.create_task(self._turns.serve(turn), name=f"send {channel.name}")
            self._serving[task] = turn
            task.add_done_callback(self._ended)
        return len(claimed)

    async def _claim(self, channel: Channel, most: int, slow: bool) -> list[Turn]:
        claim = self._claiming = uuid4()
        known, seconds = self._turns.slow, self._claim_seconds
        async with self._turns.connections:
            found = await claims.claim(
                self._pool, channel.name, claim, seconds, most, known=known, among=slow
            )
        return [Turn(channel, one["target"], one["ordered"], claim, slow) for one in found]

    def _claims(self) -> set[UUID]:
        return {one.claim for one in self._serving.values()}

    async def _renew(self) -> None:
        """Keep what is being sent to; what somebody held just now, at the next look."""
        if self._serving and time.monotonic() - self._renewed > self._claim_seconds / 3:
            now = time.monotonic()
            async with self._turns.connections:
                claimed = [(one.channel.name, one.target, one.claim) for one in self._serving.values()]
                renewed = await claims.renew(self._pool, claimed, self._claim_seconds)
            if renewed == len(claimed):
                self._renewed = now

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._serving[task]
        self._bell.ring()
