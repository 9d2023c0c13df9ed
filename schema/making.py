"""Makes the messages of those who follow: each once for all who ask the same, and several of one snapshot."""

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any, Self

from schema.context import Context, Operation, Tools
from schema.cursor import Cursor, Occasion
from schema.executing import Executor
from schema.message import FAILURES, Asked, Message, message_of
from schema.opening import Shown
from schema.reading import is_away
from schema.sharing import Shared

REMEMBERED = 16_000_000  # characters of messages
REMEMBERED_SECONDS = 2.0  # for what changes without the log, such as proofs, and whose token it was
SMALLEST = 500  # what the shortest one counts
TOGETHER = 50  # messages at most that are made of one snapshot
COST_TOGETHER = 5_000  # what those may cost, as `schema.cost` counts
AWAY = "BUSY"  # the code of what the database could not give just now
AGAIN_SECONDS = (0.5, 2.0)  # until what could not be shown just now is made again


@dataclass(slots=True)
class Pace:
    """How many messages a follower has made at once: more and more while none of them is made in vain.

    They are when something has happened before they are sent, and when there is no room to remember them.
    """

    most: int
    _size: int = 1
    _left: int = 0

    @classmethod
    def of_cost(cls, cost: int) -> Self:
        """For messages that each cost so much."""
        return cls(max(1, min(TOGETHER, COST_TOGETHER // max(1, cost))))

    def made(self, found: int) -> None:
        """So many, of which one is sent at once."""
        self._left = found - 1

    def used(self) -> None:
        """One that was there."""
        self._left -= bool(self._left)

    def size(self) -> int:
        """How many to make when one is not there."""
        self._size = max(1, self._size // 2) if self._left else min(2 * self._size, self.most)
        return self._size


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Somebody who follows. Shape: key is that of what was asked."""

    asked: Asked
    cursor: Cursor[Any]
    pace: Pace
    key: Hashable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.asked.key())


class Maker:
    """The messages of this process."""

    def __init__(self, executor: Executor, tools: Tools, turns: asyncio.Semaphore) -> None:
        self._executor = executor
        self._tools = tools
        self._turns = turns
        self._messages = Shared[Hashable, Message | None](REMEMBERED, _size, seconds=REMEMBERED_SECONDS)

    async def message(self, subscriber: Subscriber, occasion: Occasion) -> Message | None:
        """What an event says; None when there is nothing to show.

        It is made again for as long as the database is away, and a few times when nothing of it can be shown
        for another reason of ours.
        """
        pauses = iter(AGAIN_SECONDS)
        while True:
            message = await self._of_now(subscriber, occasion)
            if message is None or FAILURES.isdisjoint(message.codes):
                return message
            pause, away = next(pauses, None), AWAY in message.codes
            if not away and (pause is None or message.failure is None):
                return message
            await asyncio.sleep(pause or AGAIN_SECONDS[-1])

    async def _of_now(self, subscriber: Subscriber, occasion: Occasion) -> Message | None:
        """Who asks later, when more is known to have happened, does not get what was made before: it may be
        hidden by now.
        """
        cursor, pace, occasions = subscriber.cursor, subscriber.pace, [occasion]
        known = max(self._tools.progress.known, cursor.known)
        if self._messages.knows((subscriber.key, occasion.position, known)):
            pace.used()
        else:
            occasions += cursor.ahead(pace.size() - 1)
            pace.made(len(occasions))
        wanted: dict[Hashable, Occasion] = {(subscriber.key, one.position, known): one for one in occasions}
        return await self._messages.get(list(wanted), partial(self._make, subscriber.asked, wanted))

    async def _make(
        self, asked: Asked, wanted: Mapping[Hashable, Occasion], keys: Sequence[Hashable]
    ) -> list[Message | None]:
        """Messages from the first on, as far as they are without errors: others may not have to share."""
        occasions = [wanted[key] for key in keys]
        async with self._turns:
            try:
                first, *others = await self._of_one_snapshot(asked, occasions)
                if others and _has_errors(first):
                    [first], others = await self._of_one_snapshot(asked, occasions[:1]), []
            except Exception as error:
                if is_away(error):
                    return [Message("", codes=(AWAY,))]
                raise
        return [first, *takewhile(lambda one: not _has_errors(one), others)]

    async def _of_one_snapshot(self, asked: Asked, occasions: Sequence[Occasion]) -> list[Message | None]:
        context = await self._executor.context(asked)
        context.reading = Operation(context)
        try:
            making = (self._show(asked, context, one) for one in occasions)
            made = await asyncio.gather(*making, return_exceptions=True)
        finally:
            await context.reading.close()
        return [_given(one) for one in made]

    async def _show(self, asked: Asked, context: Context, occasion: Occasion) -> Message | None:
        shown = Shown(occasion)
        result = await self._executor.execute(asked, context, shown)
        if shown.skipped:
            return None
        return message_of(result, str(self._tools.log_position(occasion.position)))


def _given(made: Message | BaseException | None) -> Message | None:
    if isinstance(made, BaseException):
        raise made
    return made


def _has_errors(message: Message | None) -> bool:
    return message is not None and bool(message.codes)


def _size(message: Message | None) -> int | None:
    """In characters; None for what may come out otherwise next time."""
    if message is None:
        return SMALLEST
    return SMALLEST + len(message.text) if FAILURES.isdisjoint(message.codes) else None
