"""A brake on guessing a password: so many failed tries for a name.

It is kept in memory, for each server process: with N processes a guesser has N times the tries, and a
restart forgets them. The price is known: who keeps failing on a name keeps its owner out meanwhile. There
is no limit on all names together: it would let strangers keep everyone out. How many tries there can be
at all is bounded by `Passwords`, which hashes few at a time.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.domain.errors import RateLimited

WINDOW = timedelta(minutes=5)
TRIES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    name: str
    at: datetime


class Throttle:
    """A try counts from its start, so that many at once do not slip through, until it succeeds."""

    def __init__(self) -> None:
        self._tries: deque[Try] = deque()  # oldest first
        self._counts: defaultdict[str, int] = defaultdict(int)

    def begin(self, name: str, now: datetime) -> Try:
        """Errors: RateLimited."""
        while self._tries and self._tries[0].at <= now - WINDOW:
            self._forget(self._tries[0])
        if self._counts[name] >= TRIES:
            minutes = int(WINDOW.total_seconds() // 60)
            raise RateLimited(f"Too many failed sign-ins: wait {minutes} minutes and try again.")
        self._tries.append(started := Try(name, now))
        self._counts[name] += 1
        return started

    def succeeded(self, name: str) -> None:
        """Forget the name's tries."""
        for earlier in [one for one in self._tries if one.name == name]:
            self._forget(earlier)

    def undecided(self, started: Try) -> None:
        """Forget a try that neither failed nor succeeded."""
        if started in self._tries:
            self._forget(started)

    def _forget(self, one: Try) -> None:
        self._tries.remove(one)
        self._counts[one.name] -= 1
        if not self._counts[one.name]:
            del self._counts[one.name]
