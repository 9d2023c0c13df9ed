"""Parts of two sequences that surely belong together."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

RUN = 8  # items in a row that anchor what is too large to compare
RARE = 16  # times that the first of them stands there

Block = tuple[int, int, int]  # start in the one, start in the other, items


class Part(NamedTuple):
    """A stretch of a sequence that is looked for as a whole."""

    start: int
    length: int
    key: Hashable


def runs(ids: Sequence[int], start: int, end: int) -> list[Part]:
    """Runs that begin with what is rare: others hardly stand there once, and there may be very many."""
    counts = Counter(ids[start:end])
    places = (i for i in range(start, end - RUN + 1) if ids[i] >= 0 and counts[ids[i]] <= RARE)
    return [Part(i, 1, tuple(ids[i : i + RUN])) for i in places]


def anchors(a: list[Part], b: list[Part]) -> list[Block]:
    """Parts that stand once in each, in the order that keeps the most of them (by length)."""
    there = {part.key: part for part in _once(b)}
    pairs = [(part, there[part.key]) for part in _once(a) if part.key in there]
    return [(one.start, other.start, one.length) for one, other in _increasing(pairs)]


def _once(parts: list[Part]) -> list[Part]:
    counts = Counter(part.key for part in parts)
    return [part for part in parts if counts[part.key] == 1]


Pair = tuple[Part, Part]
Chain = tuple[Pair, "Chain | None"]


def _increasing(pairs: list[Pair]) -> list[Pair]:
    """The heaviest of the pairs that increase on both sides; they come in the order of the first."""
    places: list[int] = []  # where the best chains end; their weights grow with them
    weights: list[int] = []
    chains: list[Chain] = []
    for pair in pairs:
        k = bisect_left(places, pair[1].start)
        weight = pair[0].length + (weights[k - 1] if k else 0)
        beaten = k
        while beaten < len(weights) and weights[beaten] <= weight:
            beaten += 1
        places[k:beaten], weights[k:beaten] = [pair[1].start], [weight]
        chains[k:beaten] = [(pair, chains[k - 1] if k else None)]
    return _unchained(chains[-1] if chains else None)


def _unchained(chain: Chain | None) -> list[Pair]:
    pairs: list[Pair] = []
    while chain:
        pairs.append(chain[0])
        chain = chain[1]
    return pairs[::-1]
