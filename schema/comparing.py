"""Compares texts in threads, each pair once for an operation."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections.survivors import Version
from schema.batching import Batched
from service.text.difference import Difference, difference
from service.text.unified import unified

T = TypeVar("T")
Pair = tuple[Version | None, Version]
Compare = Callable[[Pair, str | None, str], T]


def words_between(_: Pair, before: str | None, after: str) -> Difference:
    return difference(before, after)


def patch_between(pair: Pair, before: str | None, after: str) -> str:
    names = (f"revision-{version.number}" if version else "" for version in pair)
    return unified(before, after, *names)


def comparing(sources: DataLoader[UUID, str | None], compare: Compare[T]) -> Batched[Pair, T]:
    """For pairs of revisions whose texts survive, or nothing and such a revision.

    Shape:  one after the other, so that an operation that is given up stops after the pair under way.
    Errors: LookupError for a text that was erased.
    """

    async def text_of(version: Version) -> str:
        text = await sources.load(version.payload)
        if text is None:
            raise LookupError(f"text {version.payload} of revision {version.number} is erased")
        return text

    async def compared(pair: Pair) -> T:
        before, after = pair
        old = None if before is None else await text_of(before)
        return await asyncio.to_thread(compare, pair, old, await text_of(after))

    async def load(pairs: list[Pair]) -> list[T]:
        versions = {version for pair in pairs for version in pair if version is not None}
        await sources.load_many([version.payload for version in versions])
        return [await compared(pair) for pair in pairs]

    return load
