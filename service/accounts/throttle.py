"""A brake on guessing passwords: so many failed tries for a name, and for all names together.

It is kept in memory, for each server process: with N processes a guesser has N times the tries, and a
restart forgets them. The price is known: who keeps failing on a name keeps its owner out meanwhile.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.errors import RateLimited

WINDOW = timedelta(minutes=5)
TRIES_PER_NAME = 10
TRIES = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    name: str
    at: datetime


class Throttle:
    """A try counts from its start, so that many at once do not slip through, until it succeeds."""

    def __init__(self) -> None:
        self._tries: deque[Try] = deque()  # oldest first, at most TRIES

    def begin(self, name: str, now: datetime) -> Try:
        """Errors: RateLimited."""
        while self._tries and self._tries[0].at <= now - WINDOW:
            self._tries.popleft()
        same = sum(earlier.name == name for earlier in self._tries)
        if same >= TRIES_PER_NAME or len(self._tries) >= TRIES:
            minutes = int(WINDOW.total_seconds() // 60)
            raise RateLimited(f"Too many failed sign-ins: wait {minutes} minutes and try again.")
        self._tries.append(started := Try(name, now))
        return started

    def succeeded(self, name: str) -> None:
        """Forget the name's tries."""
        self._tries = deque(earlier for earlier in self._tries if earlier.name != name)

    def undecided(self, started: Try) -> None:
        """Forget a try that neither failed nor succeeded."""
        self._tries = deque(earlier for earlier in self._tries if earlier is not started)
