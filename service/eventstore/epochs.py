"""Which positions still mean what they meant, after a restore has lost the end of the log.

A position is said together with the epoch in which it was recorded. After a restore the log grows again
over the lost places, in a new epoch; so a position of the lost end is told from the new one of the same
number, and a position that survived stays as it was.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Protocol

import asyncpg
import structlog

log = structlog.get_logger()

READ = "SELECT epoch, base FROM log_epochs ORDER BY epoch"
EVERY = 5.0  # seconds between looks for epochs that began while we run, as when a standby takes over

FIRST = ((0, 0),)


class Rows(Protocol):
    """A connection or a pool."""

    async def fetch(self, sql: str, /, *args: Any) -> Sequence[Any]: ...


class Epochs:
    """The epochs of a log as far as this process knows.

    Shape:  (epoch, base) in their order; bases never fall.
    Source: log_epochs.
    """

    def __init__(self, known: Sequence[tuple[int, int]] = FIRST) -> None:
        self._learn(known)

    def of(self, position: int) -> int:
        """The epoch in which a position was recorded."""
        return self._epochs[max(0, bisect_left(self._bases, position) - 1)]

    def knows(self, epoch: int) -> bool:
        return epoch in self._epochs

    def holds(self, epoch: int, position: int) -> bool:
        """Whether the log still has what was recorded at this position of this epoch."""
        if not self.knows(epoch):
            return False
        following = self._epochs.index(epoch) + 1
        return following == len(self._bases) or position <= self._bases[following]

    async def refresh(self, rows: Rows) -> None:
        """Learn of new epochs. Errors: those of asyncpg."""
        self._learn([(row["epoch"], row["base"]) for row in await rows.fetch(READ)])

    async def follow(self, rows: Rows) -> None:
        """Learn of new epochs for ever."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.refresh(rows)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("the epochs of the log cannot be read", error=str(error))

    def _learn(self, known: Sequence[tuple[int, int]]) -> None:
        self._epochs = [epoch for epoch, _ in known]
        self._bases = [base for _, base in known]
