"""What two sequences have in common, in order, in bounded time and memory however hostile they are."""

from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from rapidfuzz.distance import Indel

from service.text.anchors import Block, Part, anchors, runs

CELLS = 1 << 26  # of one comparison of rapidfuzz, a bit each: 8 MB, and words of texts of 40,000 characters


class Window(NamedTuple):
    """What is left to compare: items start_a … end_a of the one, start_b … end_b of the other."""

    start_a: int
    end_a: int
    start_b: int
    end_b: int


class Alignment:
    """Compares two sequences of numbers; equal items have equal numbers.

    An item below zero (white space) is never looked for: it is matched beside others only. `ends` are the
    numbers of items that end a line; a line that stands once in each, of `least` items, anchors the rest.
    """

    def __init__(self, a: Sequence[int], b: Sequence[int], ends: frozenset[int], least: int = 1) -> None:
        self._a, self._b, self._ends, self._least = a, b, ends, least

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
        """First what lies between lines that anchor, and once more between those; then all items."""
        if depth < 2:
            long = ([line for line in side if line.length >= self._least] for side in self._lines(w))
            found = anchors(*long)
            return self._between(w, found, depth + 1) if found else self._compared(w, 2)
        a = [i for i in range(w.start_a, w.end_a) if self._a[i] >= 0]
        b = [i for i in range(w.start_b, w.end_b) if self._b[i] >= 0]
        if len(a) * len(b) <= CELLS:
            pairs = common([self._a[i] for i in a], [self._b[i] for i in b])
            return ((a[i + k], b[j + k], 1) for i, j, n in pairs for k in range(n))
        return self._far(w, depth)

    def _far(self, w: Window, depth: int) -> Iterator[Block]:
        """Too large for words: whole lines, then runs of words, then what those leave."""
        if depth == 2:
            return self._between(w, _shared_lines(*self._lines(w)), 3)
        if depth < 4:
            sides = runs(self._a, w.start_a, w.end_a), runs(self._b, w.start_b, w.end_b)
            return self._between(w, anchors(*sides), 4)
        return iter(())

    def _between(self, w: Window, found: list[Block], depth: int) -> Iterator[Block]:
        a, b = w.start_a, w.start_b
        for i, j, length in [*found, (w.end_a, w.end_b, 0)]:
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
