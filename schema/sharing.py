"""Work that is done once for all who want the same, and remembered for a while."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from schema.news import News

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Make = Callable[[Sequence[K]], Awaitable[Sequence[V]]]


@dataclass(slots=True)
class _Work(Generic[K, V]):
    """What is under way; its task is kept alive by being here."""

    task: asyncio.Task[None] | None = None
    over: News = field(default_factory=News)
    made: Mapping[K, V] = field(default_factory=dict)
    error: Exception | None = None


class Shared(Generic[K, V]):
    """Results by what they are results of. The oldest go when all together are too large.

    Shape:  a result without a size, and a failure, are not remembered.
    Units:  others are for so many seconds.
    """

    def __init__(self, most: int, size: Callable[[V], int | None], *, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._sized = size
        self._total = 0
        self._under_way: dict[K, _Work[K, V]] = {}
        self._known: OrderedDict[K, tuple[V, int, float]] = OrderedDict()  # and when each was made

    def knows(self, key: K) -> bool:
        """Whether it is there, or being made."""
        return key in self._under_way or self._remembered(key) is not None

    def _remembered(self, key: K) -> tuple[V] | None:
        known = self._known.get(key)
        return None if known is None or time.monotonic() - known[2] > self._seconds else (known[0],)

    async def get(self, keys: Sequence[K], make: Make[K, V]) -> V:
        """The result of the first key. If it has to be made, the others are made with it that have to be.

        Shape:  `make` gives the results of the keys that it gets, or of some, from the first one on. Who
                waits for it may go; it is made all the same.
        Errors: those of `make`, for all who wait.
        """
        key = keys[0]
        while (known := self._remembered(key)) is None:
            work = self._under_way.get(key) or self._begin(keys, make)
            await work.over.wait()
            if work.error is not None:
                raise work.error
            if key in work.made:
                return work.made[key]
        return known[0]

    def _begin(self, keys: Sequence[K], make: Make[K, V]) -> _Work[K, V]:
        wanted = [key for key in keys if not self.knows(key)]
        work = _Work[K, V]()
        self._under_way.update(dict.fromkeys(wanted, work))
        work.task = asyncio.create_task(self._do(work, wanted, make))
        return work

    async def _do(self, work: _Work[K, V], keys: Sequence[K], make: Make[K, V]) -> None:
        try:
            work.made = dict(zip(keys, await make(keys), strict=False))
        except Exception as error:
            work.error = error
        finally:
            for key in keys:
                del self._under_way[key]
            for key, result in work.made.items():
                if (size := self._sized(result)) is not None:
                    self._remember(key, result, size)
            work.over.tell()

    def _remember(self, key: K, result: V, size: int) -> None:
        if (old := self._known.pop(key, None)) is not None:
            self._total -= old[1]
        self._known[key] = result, size, time.monotonic()
        self._total += size
        while self._total > self._most:
            self._total -= self._known.popitem(last=False)[1][1]
