"""given(events).when(decision).then(events), or .refused(error, path): how decisions are tested."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from service.domain.errors import DomainError
from service.domain.events import DomainEvent

Decision = Callable[[Any], tuple[DomainEvent, ...]]


@dataclass(frozen=True)
class Outcome:
    events: tuple[DomainEvent, ...]
    error: DomainError | None

    def then(self, *expected: DomainEvent) -> None:
        assert self.error is None, f"refused: {self.error}"
        assert self.events == expected

    def refused(self, kind: type[DomainError], *path: str) -> DomainError:
        assert self.error is not None, f"decided: {self.events}"
        assert type(self.error) is kind
        assert self.error.path == path
        return self.error


@dataclass(frozen=True)
class Given:
    state: Any

    def when(self, decide: Decision) -> Outcome:
        try:
            return Outcome(decide(self.state), None)
        except DomainError as error:
            return Outcome((), error)


def given(fold: Callable[[Iterable[DomainEvent]], Any], *events: DomainEvent) -> Given:
    """The state after these events; None when there are none."""
    return Given(fold(events))
