"""Words that come back: what an edit put in, looked for among what edits took out."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from service.text.removed import Removed, Traces
from service.text.words import is_word

PLACES = 8  # how many places of one run are tried, the newest ones


class Run(NamedTuple):
    """Items first … last of a text, and where among removed words they stood."""

    first: int
    last: int
    removed: Removed
    place: int


def returned(traces: Traces, removed: Sequence[Removed], now: int) -> Mapping[int, int]:
    """The origins of the tokens that an edit put in and that had been taken out, by place.

    Shape:  removed in the order of numbers; the last one may be what the edit itself took out (then words
            have moved): its number is `now`.
    """
    found: dict[int, int] = {}
    for first, last, there, place in _Search(traces, removed, now).runs():
        for i, token in enumerate(traces.items[first : last + 1], place):
            if traces.changed[token]:
                found.setdefault(token, there.origins[i])
    return found


class _Search:
    def __init__(self, traces: Traces, removed: Sequence[Removed], now: int) -> None:
        self._traces, self._now = traces, now
        self._starts = sorted(traces.ends)
        self._places = _places(traces, removed)
        self._standing = ""

    def runs(self) -> Iterator[Run]:
        """From left to right the longest ones, and of equal ones the newest."""
        done = tried = -1
        for first in self._starts:
            places = self._places[self._traces.slots[first]]
            if not places or first <= tried or self._traces.ends[first] <= done:
                continue
            run, tried = max((self._run(first, *place) for place in places), key=lambda one: one[0].last)
            if (self._is_telling(run, tried) or self._is_in_place(run, tried)) and not self._stands(run):
                done = run.last
                yield self._with_signs(run)

    def _run(self, first: int, removed: Removed, place: int) -> tuple[Run, int]:
        """The run that begins there, and the last item that it was followed by."""
        slots, ends, there = self._traces.slots, self._traces.ends, removed.fingerprints
        i = last = first
        while slots[i] == there[place + i - first] != 0:  # both end with 0
            last = max(last, ends.get(i, 0))
            i += 1
        return Run(first, last, removed, place), i - 1

    def _is_telling(self, run: Run, tried: int) -> bool:
        """Whether a line of it, or as many words as tell enough, were all put in."""
        starts, ends = self._starts, self._traces.ends
        within = starts[bisect_left(starts, run.first) : bisect_left(starts, tried + 1)]
        return any(all(map(self._is_new, range(first, ends[first] + 1))) for first in within)

    def _is_new(self, item: int) -> bool:
        """Signs are not looked at."""
        traces = self._traces
        return traces.changed[traces.items[item]] or not is_word(traces.text(item, item))

    def _is_in_place(self, run: Run, tried: int) -> bool:
        """Whether all is as it was on both sides of the words that were put in: nothing else tells of few.

        Where words were exchanged in one edit, something like both sides stands in the other place.
        """
        starts, items = self._starts, self._traces.items
        new = [i for i in range(run.first, run.last + 1) if self._traces.changed[items[i]]]
        before, after = bisect_left(starts, run.first) - 1, bisect_left(starts, tried + 1)
        return (
            run.removed.number != self._now
            and (before < 0 or self._traces.ends[starts[before]] < new[0])
            and (after == len(starts) or starts[after] > new[-1])
        )

    def _stands(self, run: Run) -> bool:
        """Whether the same words stayed in their place: then these are a copy, and new."""
        if not self._standing:
            parts = zip(self._traces.tokens, self._traces.changed, strict=True)
            stayed = ("\n" if changed else token for token, changed in parts if not token.isspace())
            self._standing = f" {' '.join(stayed)} "
        return f" {self._traces.text(run.first, run.last)} " in self._standing

    def _with_signs(self, run: Run) -> Run:
        """With the same signs on both sides."""
        first, last, removed, place = run
        while self._same_sign(first - 1, removed, place - 1):
            first, place = first - 1, place - 1
        while self._same_sign(last + 1, removed, place + last + 1 - first):
            last += 1
        return Run(first, last, removed, place)

    def _same_sign(self, item: int, removed: Removed, place: int) -> bool:
        """The stretches end with 0 on the right; on the left there may be nothing."""
        slot = self._traces.slots[item] if item >= 0 and place >= 0 else 0
        return slot == removed.fingerprints[place] != 0 and not is_word(self._traces.text(item, item))


def _places(traces: Traces, removed: Sequence[Removed]) -> dict[int, list[tuple[Removed, int]]]:
    """Where each run or line stood, the newest place first."""
    places: dict[int, list[tuple[Removed, int]]] = {traces.slots[first]: [] for first in traces.ends}
    for one in reversed(removed):
        if places.keys().isdisjoint(one.fingerprints):
            continue
        for place, fingerprint in enumerate(one.fingerprints):
            if fingerprint in places and len(places[fingerprint]) < PLACES:
                places[fingerprint].append((one, place))
    return places
