"""The place of one follower in the log."""

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Generic

from schema.context import Operation
from schema.following import E, Hub, Read


@dataclass(frozen=True, slots=True)
class Occasion:
    """A message that is to be made: the position, and what to show of it, None if nothing may be shown."""

    position: int
    show: Callable[[Operation], Awaitable[Any | None]]


class Cursor(Generic[E]):
    """The place of one follower: what comes after it, in order, for ever. Errors: as `Hub.page`."""

    def __init__(
        self,
        hub: Hub[E],
        after: int,
        wanted: Callable[[E], bool],
        read: Read[E],
        show: Callable[[Operation, E], Awaitable[Any | None]],
    ) -> None:
        self._hub = hub
        self.after = after
        self._wanted = wanted
        self._read = read
        self._show = show
        self._ahead: deque[E] = deque()

    @property
    def known(self) -> int:
        """Where the read models are at least."""
        return self._hub.position

    def followed(self) -> AbstractContextManager[None]:
        """As `Hub.followed`: around all that is asked of this cursor."""
        return self._hub.followed()

    def __aiter__(self) -> AsyncIterator[Occasion]:
        return self

    async def __anext__(self) -> Occasion:
        while not self._ahead:
            await self._look()
        return self._occasion(self._ahead.popleft())

    def ahead(self, most: int) -> list[Occasion]:
        """What comes next, as far as it is read already."""
        return [self._occasion(entry) for entry in islice(self._ahead, most)]

    def _occasion(self, entry: E) -> Occasion:
        return Occasion(entry.position, lambda operation: self._show(operation, entry))

    async def _look(self) -> None:
        """Move on over what is not asked for; wait where there is nothing more."""
        grown = self._hub.grown
        taken = self._hub.take(self.after, self._wanted) or await self._hub.page(self.after, self._read)
        waits = not taken.entries and taken.to == self.after
        self.after = taken.to
        self._ahead.extend(taken.entries)
        if waits:
            await grown.wait()
