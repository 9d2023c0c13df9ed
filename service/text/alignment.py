"""What two sequences have in common, in order, in bounded time and memory however hostile they are."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise, starmap
from typing import NamedTuple

from rapidfuzz.distance import Indel

CELLS = 1 << 26  # of one comparison of rapidfuzz, a bit each: 8 MB, and words of texts of 40,000 characters
RUN = 8  # items in a row that anchor what is too large to compare
RARE = 16  # times that the first of them stands there

Block = tuple[int, int, int]  # start in the one, start in the other, items


class Part(NamedTuple):
    """A stretch of a sequence that is looked for as a whole."""

    start: int
    length: int
    key: Hashable


class Window(NamedTuple):
    """What is left to compare: items start_a … end_a of the one, start_b … end_b of the other."""

    start_a: int
    end_a: int
    start_b: int
    end_b: int


class Alignment:
    """Compares two sequences of numbers; equal items have equal numbers.

    An item below zero (white space) is never looked for: it is matched beside others only. `ends` are the
    numbers of items that end a line.
    """

    def __init__(self, a: Sequence[int], b: Sequence[int], ends: frozenset[int] = frozenset()) -> None:
        self._a, self._b, self._ends = a, b, ends

    def blocks(self) -> list[Block]:
        """Equal stretches, increasing in both, as long as they can be, at most one between two changes."""
        found = self._solved(Window(0, len(self._a), 0, len(self._b)), 0)
        return self._grown(found)

    def _solved(self, window: Window, depth: int) -> Iterator[Block]:
        head, rest, tail = self._cut(window)
        yield head
        if rest.start_a < rest.end_a and rest.start_b < rest.end_b:
            yield from self._compared(rest, depth)
        yield tail

    def _cut(self, w: Window) -> tuple[Block, Window, Block]:
        head = self._shared(w, 1)
        rest = Window(w.start_a + head, w.end_a, w.start_b + head, w.end_b)
        tail = self._shared(rest, -1)
        rest = Window(rest.start_a, w.end_a - tail, rest.start_b, w.end_b - tail)
        return (w.start_a, w.start_b, head), rest, (rest.end_a, rest.end_b, tail)

    def _shared(self, w: Window, step: int) -> int:
        """Equal items at the head (step 1) or tail (-1) of a window."""
        a, b = self._a, self._b
        i, j = (w.start_a, w.start_b) if step == 1 else (w.end_a - 1, w.end_b - 1)
        most = min(w.end_a - w.start_a, w.end_b - w.start_b)
        count = 0
        while count < most and a[i] == b[j]:
            count, i, j = count + 1, i + step, j + step
        return count

    def _compared(self, w: Window, depth: int) -> Iterator[Block]:
        if depth < 2 and self._ends:
            anchors = _anchors(*self._lines(w))
            return self._between(w, anchors, depth + 1) if anchors else self._compared(w, 2)
        a = [i for i in range(w.start_a, w.end_a) if self._a[i] >= 0]
        b = [i for i in range(w.start_b, w.end_b) if self._b[i] >= 0]
        if len(a) * len(b) <= CELLS:
            pairs = common([self._a[i] for i in a], [self._b[i] for i in b])
            return ((a[i + k], b[j + k], 1) for i, j, n in pairs for k in range(n))
        return self._far(w, depth)

    def _far(self, w: Window, depth: int) -> Iterator[Block]:
        """Too large for words: whole lines, then runs of words, then what those leave."""
        if depth == 2 and self._ends:
            return self._between(w, _shared_lines(*self._lines(w)), 3)
        if depth < 4:
            runs = _runs(self._a, w.start_a, w.end_a), _runs(self._b, w.start_b, w.end_b)
            return self._between(w, _anchors(*runs), 4)
        return iter(())

    def _between(self, w: Window, anchors: list[Block], depth: int) -> Iterator[Block]:
        a, b = w.start_a, w.start_b
        for i, j, length in [*anchors, (w.end_a, w.end_b, 0)]:
            yield from self._solved(Window(a, i, b, j), depth)
            yield i, j, length
            a, b = i + length, j + length

    def _lines(self, w: Window) -> tuple[list[Part], list[Part]]:
        return self._cut_lines(self._a, w.start_a, w.end_a), self._cut_lines(self._b, w.start_b, w.end_b)

    def _cut_lines(self, ids: Sequence[int], start: int, end: int) -> list[Part]:
        cuts = [start, *(i + 1 for i in range(start, end) if ids[i] in self._ends)]
        if cuts[-1] < end:
            cuts.append(end)
        return [Part(i, j - i, tuple(ids[i:j])) for i, j in pairwise(cuts)]

    def _grown(self, blocks: Iterator[Block]) -> list[Block]:
        """Blocks that touch are one, and each takes in what is equal beside it."""
        grown: list[Block] = []
        end = (len(self._a), len(self._b), 0)
        a = b = start_a = start_b = 0
        for i, j, length in [*(block for block in blocks if block[2]), end]:
            head = tail = 0
            if (a, b) != (i, j):
                (_, _, head), _, (_, _, tail) = self._cut(Window(a, i, b, j))
            if (a + head, b + head) != (i - tail, j - tail):
                if a + head > start_a:
                    grown.append((start_a, start_b, a + head - start_a))
                start_a, start_b = i - tail, j - tail
            a, b = i + length, j + length
        return [*grown, (start_a, start_b, a - start_a)] if a > start_a else grown


def common(a: Sequence[int], b: Sequence[int]) -> list[Block]:
    """The longest common subsequence. Units: at most CELLS pairs of items, please."""
    opcodes = Indel.opcodes(a, b)
    return [(op.src_start, op.dest_start, op.src_end - op.src_start) for op in opcodes if op.tag == "equal"]


def _shared_lines(a: list[Part], b: list[Part]) -> list[Block]:
    if len(a) * len(b) > CELLS:
        return []
    numbers: dict[Hashable, int] = {}
    ids = [[numbers.setdefault(part.key, len(numbers)) for part in side] for side in (a, b)]
    return [(a[i + k].start, b[j + k].start, a[i + k].length) for i, j, n in common(*ids) for k in range(n)]


def _runs(ids: Sequence[int], start: int, end: int) -> list[Part]:
    """Runs that begin with what is rare: others hardly stand there once, and there may be very many."""
    counts = Counter(ids[start:end])
    places = (i for i in range(start, end - RUN + 1) if ids[i] >= 0 and counts[ids[i]] <= RARE)
    return [Part(i, 1, tuple(ids[i : i + RUN])) for i in places]


def _anchors(a: list[Part], b: list[Part]) -> list[Block]:
    """Parts that stand once in each, in the order that keeps the most of them (by length)."""
    there = {part.key: part for part in _once(b)}
    pairs = [(part, there[part.key]) for part in _once(a) if part.key in there]
    return list(starmap(_block, _increasing(pairs)))


def _block(a: Part, b: Part) -> Block:
    return a.start, b.start, a.length


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
