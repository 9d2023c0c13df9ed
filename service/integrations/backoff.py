"""How long to wait before something is tried again."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """At random between nothing and a bound that doubles: a day of it is about 35 tries.

    Units:  seconds; first and longest are bounds, give_up counts from the first try of a delivery;
            what the other side asks for is kept up to longest_asked.
    """

    first: float = 5.0
    longest: float = 7_200.0
    give_up: float = 86_400.0
    longest_asked: float = 3_600.0

    def seconds(self, failures: int, asked: float | None, chance: Callable[[], float]) -> float:
        """failures counts the one just now; chance is in [0, 1)."""
        bound = min(self.first * float(2 ** min(failures - 1, 30)), self.longest)
        return max(chance() * bound, min(asked or 0.0, self.longest_asked))
