"""Compares texts in the workshop, each pair once for an operation."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from projections.survivors import Version
from schema.batching import Batched
from schema.cost import check_rows
from schema.workshop import Bench
from service.text.difference import Difference, difference
from service.text.unified import unified

T = TypeVar("T")
Pair = tuple[Version | None, Version]
Sources = DataLoader[UUID, str | None]
Compare = Callable[[Pair, str | None, str], T]
MOST_COMPARED = 10_000_000  # characters, in seconds: a hundred pairs of long texts, fifty of the longest

AT_ONCE = 20  # pairs whose texts are loaded before they are counted


def differences(sources: Sources, bench: Bench) -> Batched[Pair, Difference]:
    """What changed, word by word. Errors: as `comparing`; LIMIT_EXCEEDED for too many spans, too."""
    compared = comparing(sources, bench, lambda _, before, after: difference(before, after))

    async def load(pairs: list[Pair]) -> list[Difference]:
        found = await compared(pairs)
        check_rows(sum(len(one.spans) for one in found))
        return found

    return load


def patches(sources: Sources, bench: Bench) -> Batched[Pair, str]:
    """What changed, line by line. Errors: as `comparing`."""
    return comparing(sources, bench, _patch)


def _patch(pair: Pair, before: str | None, after: str) -> str:
    names = (f"revision-{version.number}" if version else "" for version in pair)
    return unified(before, after, *names)


def comparing(
    sources: Sources, bench: Bench, compare: Compare[T], most: int = MOST_COMPARED
) -> Batched[Pair, T]:
    """For pairs of revisions whose texts survive, or nothing and such a revision.

    Shape:  one after the other, so that an operation that is given up stops after the pair under way.
    Errors: LookupError for a text that was erased; GraphQLError LIMIT_EXCEEDED for more characters in all;
            those of `Bench`.
    """

    async def load(pairs: list[Pair]) -> list[T]:
        amount, found = 0, []
        bench.enter()
        for start in range(0, len(pairs), AT_ONCE):
            some = pairs[start : start + AT_ONCE]
            texts = await _texts(sources, some)
            sides = [(before and texts[before], texts[after]) for before, after in some]
            amount += sum(len(old or "") + len(new) for old, new in sides)
            _check(amount, most)
            for pair, (old, new) in zip(some, sides, strict=True):
                found.append(await bench.work(compare, pair, old, new))
        return found

    return load


async def _texts(sources: Sources, pairs: list[Pair]) -> dict[Version, str]:
    versions = list({version for pair in pairs for version in pair if version is not None})
    texts = await sources.load_many([version.payload for version in versions])
    found = {version: text for version, text in zip(versions, texts, strict=True) if text is not None}
    if gone := [version for version in versions if version not in found]:
        raise LookupError(f"these texts are erased, and cannot be compared: {gone}")
    return found


def _check(amount: int, most: int) -> None:
    if amount > most:
        raise GraphQLError(
            f"The texts to compare have {amount:,} characters, and the limit is {most:,}: ask for smaller "
            "pages, and go on with after.",
            extensions={"code": "LIMIT_EXCEEDED", "limit": most, "amount": amount},
        )
