"""What a writer has done so far, for whoever watches it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence

VERDICTS = ("known", "stale", "taken", "reused")  # and recorded
FAILURES = ("busy", "unavailable", "error")


class Spread:
    """How values are spread: counts up to each bound, and the sum."""

    __slots__ = ("_counts", "bounds", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.total = 0.0
        self._counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self._counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def cumulative(self) -> list[tuple[float, int]]:
        """For each bound how many values are not above it; the last bound is infinite."""
        sums, so_far = [], 0
        for bound, count in zip((*self.bounds, float("inf")), self._counts, strict=True):
            so_far += count
            sums.append((bound, so_far))
        return sums


class Tally:
    """Counts since the start of the process.

    Shape:  verdicts by what the log said: recorded, known (a repeated command), stale, taken, reused;
            refused without asking it, or without an answer: busy, unavailable, error.
    Units:  sizes are appends in a call, seconds its duration with all retries.
    """

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter(dict.fromkeys(("recorded", *VERDICTS), 0))
        self.refused: Counter[str] = Counter(dict.fromkeys(FAILURES, 0))
        self.sizes = Spread((1, 2, 4, 8, 16, 32, 64, 128, 256, 512))
        self.seconds = Spread((0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15))

    def batch(self, verdicts: Iterable[str], seconds: float) -> None:
        """One call of the database was answered."""
        before = self.verdicts.total()
        self.verdicts.update(verdicts)
        self.sizes.add(self.verdicts.total() - before)
        self.seconds.add(seconds)
