"""What can be wrong with a request, as the caller is told it.

Each error says what is wrong and the way out. `path` names the input field that it is about.
"""

from uuid import UUID


class DomainError(Exception):
    """A request was refused, and nothing was recorded."""

    def __init__(self, message: str, *, path: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class Invalid(DomainError):
    """The input breaks a rule."""


class NotFound(DomainError):
    """There is no such thing, or the viewer may not see it: both look the same."""


class Unauthenticated(DomainError):
    """This needs a signed-in user."""


class Forbidden(DomainError):
    """The signed-in user may not do this."""


class RateLimited(DomainError):
    """Too many tries in a short time."""


class RevisedMeanwhile(DomainError):
    """Someone revised first: merge with the current revision."""

    def __init__(self, current_revision: int) -> None:
        super().__init__(
            f"The summary is at revision {current_revision}: read it, merge, and revise with "
            f"expectedRevision {current_revision}.",
            path=("input", "expectedRevision"),
        )
        self.current_revision = current_revision


class ExistsAlready(DomainError):
    """The thing exists already; `kind` is "paper", "summary" or "user"."""

    def __init__(self, message: str, kind: str, existing: UUID, *, path: tuple[str, ...]) -> None:
        super().__init__(message, path=path)
        self.kind = kind
        self.existing = existing


class KeyReused(DomainError):
    """An idempotency key came again with another request."""

    def __init__(self) -> None:
        super().__init__(
            "This idempotencyKey was used for another request: take a new key.",
            path=("input", "idempotencyKey"),
        )
