"""What clients are told of errors: their own in full, ours by a number that is also in the service's log."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import structlog
from graphql import GraphQLError, GraphQLSyntaxError
from graphql.validation.validate import ValidationAbortedError
from strawberry.exceptions import MissingQueryError
from strawberry.extensions import SchemaExtension
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError

from schema.limits import DEEPEST
from schema.naming import Naming
from schema.reading import TookTooLong, is_away
from schema.refusals import CODES
from service.domain.errors import DomainError
from service.eventstore.model import LogBusy, LogUnavailable

LEFT_TO_THE_TRANSPORT = (MissingQueryError, CannotGetOperationTypeError, InvalidOperationTypeError)
BUSY = "The service is too busy just now, and nothing was recorded: try again in a moment."
UNKNOWN_OUTCOME = (
    "The log cannot be reached just now, and the change may or may not have been recorded: send it again "
    "with the same idempotencyKey, which gives the first outcome; without a key, look first."
)
NO_DATABASE = "The database cannot be reached just now: try again in a moment."
TOO_LONG = (
    "A part of this took longer than {:g} seconds and was stopped: ask for smaller pages or for less at "
    "once. If it is small already, the service is too busy: try again later."
)
TOO_DEEP = f"The document is nested too deeply to be read: fields may be {DEEPEST} deep, fragments too."
INTERNAL = "Something went wrong here, and it is not your request. Tell us errorId if it stays."

logger = structlog.get_logger()


class Masking(SchemaExtension):
    """Gives every error a code, and keeps what is inside the service inside."""

    async def on_operation(self) -> AsyncIterator[None]:
        try:
            yield
        except LEFT_TO_THE_TRANSPORT:
            raise
        except Exception as error:
            failure = error if isinstance(error, GraphQLError) else GraphQLError("", original_error=error)
            raise told(failure, "GRAPHQL_VALIDATION_FAILED", Naming(None)) from error
        result = self.execution_context.result
        if result is not None and result.errors:
            early = isinstance(result, PreExecutionError)
            default = "GRAPHQL_VALIDATION_FAILED" if early else "BAD_USER_INPUT"
            naming = Naming(self.execution_context.graphql_document)
            result.errors = [told(error, default, naming) for error in result.errors]


def told(error: GraphQLError, default: str, naming: Naming) -> GraphQLError:
    """A new error for the client; default is the code of one that the client made and that has none."""
    cause = _cause(error)
    if isinstance(cause, GraphQLSyntaxError):
        return _shown(error, error.message, {"code": "GRAPHQL_PARSE_FAILED"})
    if _is_too_deep(cause, error.path):
        return _shown(error, TOO_DEEP, {"code": "LIMIT_EXCEEDED", "limit": DEEPEST})
    if isinstance(cause, GraphQLError):
        return _shown(error, error.message, _extensions(error, cause, default, naming))
    if isinstance(cause, DomainError):
        about = {"argument": ".".join(cause.path)} if cause.path else {}
        return _shown(error, cause.message, {"code": CODES[type(cause)].value, **about})
    if isinstance(cause, LogBusy):
        return _shown(error, BUSY, {"code": "BUSY"})
    if isinstance(cause, LogUnavailable):
        return _logged(error, cause, UNKNOWN_OUTCOME, "BUSY")
    if isinstance(cause, TookTooLong):
        return _logged(error, cause, TOO_LONG.format(cause.seconds), "TIMEOUT")
    if is_away(cause):
        return _logged(error, cause, NO_DATABASE, "BUSY")
    return _logged(error, cause, INTERNAL, "INTERNAL")


def _extensions(error: GraphQLError, cause: GraphQLError, default: str, naming: Naming) -> dict[str, Any]:
    """Those of the cause; of a value that a scalar refused also which argument it is of."""
    found = {"code": default, **(cause.extensions or {})}
    if found["code"] == "INVALID" and error.path is None and "argument" not in found:
        argument = naming.argument(error)
        return found if argument is None else found | {"argument": argument}
    return found


def _cause(error: GraphQLError) -> Exception:
    cause: Exception = error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    return cause


def _is_too_deep(cause: Exception, path: object) -> bool:
    """Whether a document was given up: graphql-core aborts for this, or because of too many errors."""
    if isinstance(cause, ValidationAbortedError):
        return not cause.message.startswith("Too many")
    return isinstance(cause, RecursionError) and path is None


def _logged(error: GraphQLError, cause: Exception, message: str, code: str) -> GraphQLError:
    error_id = uuid4().hex
    if is_away(cause) or isinstance(cause, LogUnavailable):  # one line: they fail by the hundred
        about: dict[str, Any] = {"error": f"{type(cause).__name__}: {cause}"}
    else:
        about = {"exc_info": cause}
    logger.error("request failed", error_id=error_id, code=code, path=error.path, **about)
    return _shown(error, message, {"code": code, "errorId": error_id})


def _shown(error: GraphQLError, message: str, extensions: dict[str, Any]) -> GraphQLError:
    return GraphQLError(
        message, error.nodes, error.source, error.positions, error.path, extensions=extensions
    )
