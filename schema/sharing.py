"""Work that is done once for all who want the same, and remembered for a while."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Shared(Generic[V]):
    """Results by what they are results of. The oldest go when all together are too large.

    Shape:  a result without a size, and a failure, are not remembered.
    """

    def __init__(self, most: int, size: Callable[[V], int | None]) -> None:
        self._most = most
        self._sized = size
        self._total = 0
        self._under_way: dict[Hashable, asyncio.Task[V]] = {}
        self._known: OrderedDict[Hashable, tuple[V, int]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[V]]) -> V:
        """The result of this key. Who waits for it may go; it is made all the same.

        Errors: those of `make`, for all who wait.
        """
        if (known := self._known.get(key)) is not None:
            return known[0]
        making = self._under_way.get(key)
        if making is None:
            making = self._under_way[key] = asyncio.create_task(self._make(key, make))
        return await asyncio.shield(making)

    async def _make(self, key: Hashable, make: Callable[[], Awaitable[V]]) -> V:
        try:
            result = await make()
        finally:
            del self._under_way[key]
        if (size := self._sized(result)) is not None:
            self._remember(key, result, size)
        return result

    def _remember(self, key: Hashable, result: V, size: int) -> None:
        self._known[key] = result, size
        self._total += size
        while self._total > self._most:
            self._total -= self._known.popitem(last=False)[1][1]
