"""How long to wait before something is tried again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


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


def seconds_asked(retry_after: str | None, now: datetime | None) -> float | None:
    """How long the other side asks to be left alone, by its Retry-After: in seconds, or until a date.

    Shape:  None if it says neither, or a date and it is not known when now is.
    """
    said = (retry_after or "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    until = parsed_date(said)
    return None if until is None or now is None else max((until - now).total_seconds(), 0.0)


def parsed_date(text: str) -> datetime | None:
    """As HTTP and mail write it."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)
