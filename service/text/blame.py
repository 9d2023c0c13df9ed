"""Blame: which revision introduced each word of a text, told for one revision after another."""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import accumulate, pairwise
from typing import NamedTuple

from service.text.difference import FEW
from service.text.removed import Removed, Traces
from service.text.returned import returned
from service.text.words import token_matches, tokens

REMEMBERED = 100_000  # words that were removed and are still looked for, the newest ones; at least


class BlameRow(NamedTuple):
    """A text in spans, each of one origin, neighbours of different ones.

    Shape:  origins[i] is the number of the revision that introduced the i-th span.
    Units:  lengths are code points; their sum is the text's.
    """

    lengths: Sequence[int]
    origins: Sequence[int]


class Last(NamedTuple):
    """The revision that the next one is compared with; origins of its tokens."""

    number: int
    tokens: list[str]
    origins: list[int]


def digest(text: str) -> bytes:
    """By which a text is known again: its SHA-256."""
    return sha256(text.encode()).digest()


def last_revision(number: int, text: str, row: BlameRow) -> Last:
    """A revision whose blame is known, to go on from."""
    parts = tokens(text)
    return Last(number, parts, _spread(parts, row))


class Lineage:
    """The blame of one summary's revisions, told in the order of their numbers.

    What stays, as `difference` shows it, keeps its origin. A text that an earlier revision had has that
    one's blame. Of the rest, what was moved, or removed before and put back, keeps its origin where a run
    of words, a whole line, or its old place shows it; the other words are new, and so is a copy of what
    stays.

    Shape:  last is the revision before, None for none; removed in the order of numbers, as this class
            leaves it; known are rows of earlier revisions by `digest`, which more can be added to.
    """

    def __init__(self, last: Last | None = None, removed: Iterable[Removed] = ()) -> None:
        self._last = last
        self.removed = list(removed)
        self.known: dict[bytes, BlameRow] = {}

    def add(self, number: int, text: str) -> BlameRow:
        """The blame of the next revision. Its number is greater than all before."""
        parts = tokens(text)
        origins = self._origins(number, parts)
        made = _row(parts, origins)
        row = self.known.setdefault(digest(text), made)
        self._last = Last(number, parts, origins if row is made else _spread(parts, row))
        return row

    def _origins(self, number: int, parts: list[str]) -> list[int]:
        if self._last is None:
            return [number] * len(parts)
        origins, gone = _carried(self._last, parts)
        self._remember(Traces(self._last.tokens, gone).removed(self._last.number, self._last.origins))
        put_in = Traces(parts, [origin == 0 for origin in origins])
        for place, origin in returned(put_in, self.removed, self._last.number).items():
            origins[place] = origin
            _give_spaces(parts, origins, place + 1, origin)
        return [origin or number for origin in origins]

    def _remember(self, removed: Removed) -> None:
        if removed.origins:
            self.removed.append(removed)
        size = sum(len(one.origins) for one in self.removed)
        while self.removed and size - len(self.removed[0].origins) >= REMEMBERED:
            size -= len(self.removed.pop(0).origins)


def _carried(last: Last, parts: list[str]) -> tuple[list[int], list[bool]]:
    """Origins of the tokens that stay, 0 for the others; and which of the earlier ones are gone."""
    origins, gone = [0] * len(parts), [True] * len(last.tokens)
    for i, j, length in token_matches(last.tokens, parts, FEW):
        origins[j : j + length] = last.origins[i : i + length]
        gone[i : i + length] = [False] * length
    return origins, gone


def _give_spaces(parts: list[str], origins: list[int], place: int, origin: int) -> None:
    """New white space after a word goes with it."""
    while place < len(parts) and not origins[place] and parts[place].isspace():
        origins[place] = origin
        place += 1


def _row(parts: list[str], origins: list[int]) -> BlameRow:
    ends = list(accumulate(map(len, parts), initial=0))
    cuts = [i for i, (one, other) in enumerate(pairwise([0, *origins])) if one != other]
    lengths = [ends[end] - ends[start] for start, end in pairwise([*cuts, len(parts)])]
    return BlameRow(lengths, [origins[cut] for cut in cuts])


def _spread(parts: list[str], row: BlameRow) -> list[int]:
    return list(_each(parts, row))


def _each(parts: list[str], row: BlameRow) -> Iterator[int]:
    """The origin of each token: that of the span that it begins in."""
    spans = iter(zip(row.lengths, row.origins, strict=True))
    at, end, origin = 0, 0, 0
    for part in parts:
        while end <= at:
            length, origin = next(spans)
            end += length
        yield origin
        at += len(part)
