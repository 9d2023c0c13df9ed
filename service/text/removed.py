"""Words that were taken out of a text: remembered by fingerprints, and known again where they come back.

A run of words is known by a fingerprint of at least WORDS words and LETTERS letters with the signs between
them, whatever the white space; a line that is shorter, such as a heading, by one of the whole line. A run
may reach into what stayed beside the change, so that a single word is known again in its old place.
"""

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import accumulate, chain, groupby
from typing import NamedTuple

from service.text.words import is_word

WORDS = 4
LETTERS = 12
LINE_LETTERS = 4

Part = tuple[int, int, bytes]  # first and last item, kind


class Removed(NamedTuple):
    """Words that an edit took out of a revision, with some beside them, in order.

    Shape:  fingerprints[i] and origins[i] belong to the same word or sign; both are 0 between stretches.
    """

    number: int  # of the revision in which they last stood
    fingerprints: Sequence[int]
    origins: Sequence[int]


class Traces:
    """The fingerprints of a text around what changed in it.

    Shape:  items are places of tokens, without white space, -1 between two stretches; slots[i] is the
            fingerprint of what begins at items[i]: of a run of words or a line that changed, or of a sign
            alone; 0 for none. ends[i] is where the run or line that begins at i ends, for those only.
    """

    def __init__(self, tokens: Sequence[str], changed: Sequence[bool]) -> None:
        self.tokens, self.changed = tokens, changed
        self.items: list[int] = []
        self.slots: list[int] = []
        self.ends: dict[int, int] = {}
        for start, end in _stretches(tokens, changed):
            self._add(start, end)

    def text(self, first: int, last: int) -> str:
        """Items of one stretch, parted by single spaces."""
        return " ".join([self.tokens[place] for place in self.items[first : last + 1]])

    def removed(self, number: int, origins: Sequence[int]) -> Removed:
        """What changed, and what lies beside it, to be remembered. Origins are those of the tokens."""
        return Removed(number, self.slots, [origins[place] if place >= 0 else 0 for place in self.items])

    def _add(self, start: int, end: int) -> None:
        first, lines = len(self.items), accumulate(map(_ends_line, self.tokens[start:end]))
        at = [(place, line) for place, line in enumerate(lines, start) if not self.tokens[place].isspace()]
        self.items += [place for place, _ in at]
        words = [i for i in range(first, len(self.items)) if is_word(self.tokens[self.items[i]])]
        self.slots += [0] * len(at)
        self._mark(first, words, [line for _, line in at])
        for i in {*range(first, len(self.items))}.difference(words, self.ends):
            self.slots[i] = _fingerprint(self.text(i, i))
        self.items.append(-1)
        self.slots.append(0)

    def _mark(self, start: int, words: list[int], lines: list[int]) -> None:
        """Runs and lines that something changed in."""
        changed = [0, *accumulate(self.changed[place] for place in self.items[start:])]
        for first, last, kind in chain(self._runs(words), self._lines(start, lines)):
            if changed[last + 1 - start] > changed[first - start]:
                self.slots[first] = _fingerprint(self.text(first, last), kind)
                self.ends[first] = last

    def _runs(self, words: list[int]) -> Iterator[Part]:
        """From each word the shortest run that tells enough."""
        letters = [0, *accumulate(len(self.text(i, i)) for i in words)]
        last = 0
        for number, first in enumerate(words):
            last = max(last, number + WORDS - 1)
            while last < len(words) and letters[last + 1] - letters[number] < LETTERS:
                last += 1
            if last >= len(words):
                return
            yield first, words[last], b""

    def _lines(self, start: int, lines: list[int]) -> Iterator[Part]:
        """Lines that are too short for a run, and still tell something."""
        for _, group in groupby(enumerate(lines, start), lambda one: one[1]):
            line = [i for i, _ in group]
            words = [text for i in line if is_word(text := self.text(i, i))]
            letters = sum(map(len, words))
            if letters >= LINE_LETTERS and not tells_enough(len(words), letters):
                yield line[0], line[-1], b"line"


def _stretches(tokens: Sequence[str], changed: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """What changed, with as much beside it as a run needs that reaches into it."""
    flags, start, end = bytes([*changed, 0]), 0, 0
    at = flags.find(1)
    while at >= 0:
        over = flags.find(0, at)
        first = at - _reach(tokens, range(at - 1, end - 1, -1))
        if first > end:
            if end:
                yield start, end
            start = first
        at = flags.find(1, over)
        end = over + _reach(tokens, range(over, at if at >= 0 else len(tokens)))
    if end:
        yield start, end


def _reach(tokens: Sequence[str], places: range) -> int:
    """How many of these places to take in."""
    words = letters = 0
    for count, place in enumerate(places):
        if tells_enough(words, letters):
            return count
        if is_word(tokens[place]):
            words, letters = words + 1, letters + len(tokens[place])
    return len(places)


def tells_enough(words: int, letters: int) -> bool:
    """Whether that many are hardly the same by chance."""
    return words >= WORDS and letters >= LETTERS


def _ends_line(token: str) -> bool:
    return token in ("\n", "\r\n", "\r")


def _fingerprint(text: str, kind: bytes = b"") -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=kind).digest(), signed=True)
