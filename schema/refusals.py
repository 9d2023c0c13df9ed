"""Turns the domain's refusals into members of a mutation's union. The one place that knows both."""

from collections.abc import Awaitable
from typing import Any, cast

import strawberry
from strawberry.types.field import StrawberryField

from schema.context import Info
from schema.enums import ErrorCode
from schema.errors import AccessError, AlreadyExists, NotFoundError, RevisionConflict, ValidationError
from schema.ids import Kind, NodeId
from schema.nodes import load_node
from service.domain.errors import (
    DomainError,
    ExistsAlready,
    Forbidden,
    Invalid,
    KeyReused,
    NotFound,
    RateLimited,
    RevisedMeanwhile,
    Unauthenticated,
)

CODES: dict[type[DomainError], ErrorCode] = {
    Invalid: ErrorCode.INVALID,
    KeyReused: ErrorCode.CONFLICT,
    RateLimited: ErrorCode.RATE_LIMITED,
    NotFound: ErrorCode.NOT_FOUND,
    Unauthenticated: ErrorCode.UNAUTHENTICATED,
    Forbidden: ErrorCode.FORBIDDEN,
    RevisedMeanwhile: ErrorCode.CONFLICT,
    ExistsAlready: ErrorCode.ALREADY_EXISTS,
}
KINDS: dict[str, Kind] = {"paper": "Paper", "summary": "Summary", "user": "User"}


def code_of(error: DomainError) -> ErrorCode:
    return CODES[type(error)]


def _told(error: DomainError) -> dict[str, Any]:
    return {"code": code_of(error), "message": error.message, "path": list(error.path) or None}


class Rule(strawberry.ExceptionHandler[Invalid | KeyReused | RateLimited, ValidationError]):
    def handle(
        self, exception: Invalid | KeyReused | RateLimited, *, field: StrawberryField, info: Any
    ) -> ValidationError:
        return ValidationError(**_told(exception))


class Absence(strawberry.ExceptionHandler[NotFound, NotFoundError]):
    def handle(self, exception: NotFound, *, field: StrawberryField, info: Any) -> NotFoundError:
        return NotFoundError(**_told(exception))


class Access(strawberry.ExceptionHandler[Unauthenticated | Forbidden, AccessError]):
    def handle(
        self, exception: Unauthenticated | Forbidden, *, field: StrawberryField, info: Any
    ) -> AccessError:
        return AccessError(**_told(exception))


class Conflict(strawberry.ExceptionHandler[RevisedMeanwhile, RevisionConflict]):
    def handle(self, exception: RevisedMeanwhile, *, field: StrawberryField, info: Any) -> RevisionConflict:
        return RevisionConflict(**_told(exception), current_revision=exception.current_revision)


class Existence(strawberry.ExceptionHandler[ExistsAlready, AlreadyExists]):
    def handle(
        self, exception: ExistsAlready, *, field: StrawberryField, info: Any
    ) -> Awaitable[AlreadyExists]:
        """None, so the error without the thing, when it is so new that it cannot be read in time."""
        # The protocol lacks the awaitable None that Strawberry takes and documents.
        return cast(Awaitable[AlreadyExists], _existing(exception, info))


async def _existing(exception: ExistsAlready, info: Info) -> AlreadyExists | None:
    operation = info.context
    await operation.release()
    await operation.catch_up((await operation.tools.store.head()).position)
    node = await load_node(operation, NodeId(KINDS[exception.kind], exception.existing))
    return None if node is None else AlreadyExists(**_told(exception), existing=node)


HANDLERS = (Rule(), Absence(), Access(), Conflict(), Existence())
