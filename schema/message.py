"""Operations that are asked for over connections that stay, and what is sent back."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from graphql import GraphQLError, GraphQLFormattedError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult

FAILURES = frozenset({"INTERNAL", "BUSY", "TIMEOUT", "NOT_YET_VISIBLE"})
"""Codes of what is our doing and not the client's."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation and who asks."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    token: str | None = field(default=None, repr=False)

    def key(self) -> bytes:
        """The same for all who get the same messages, and short, however long the variables are."""
        whole = self.query, self.variables, self.operation_name, self.token
        return sha256(msgspec.json.encode(whole)).digest()


@dataclass(frozen=True, slots=True)
class Message:
    """A result as JSON: {data, errors, extensions}; errors alone, if the operation could not run.

    Shape:  position is what it reflects, of an event its own; failure is the first error when there is
            no data.
    """

    text: str
    position: str | None = None
    codes: tuple[str, ...] = ()
    errors: str | None = None
    failure: GraphQLFormattedError | None = None


def message_of(result: ExecutionResult, position: str | None, *, refused: bool = False) -> Message:
    """Shape: refused: the operation could not run, or not begin."""
    errors: list[GraphQLError] = result.errors or []
    formatted = [error.formatted for error in errors]
    whole: dict[str, Any] = {"data": result.data}
    if errors:
        whole["errors"] = formatted
    if position is not None:
        whole["extensions"] = {"position": position}
    if refused:
        del whole["data"]
    return Message(
        text=_json(whole),
        position=position,
        codes=tuple(sorted({str((error.extensions or {}).get("code")) for error in errors})),
        errors=_json(formatted) if refused else None,
        failure=formatted[0] if formatted and result.data is None else None,
    )


def could_not_run(result: ExecutionResult) -> bool:
    """Whether the request itself was wrong: an error of a field has a path."""
    errors: list[GraphQLError] = result.errors or []
    return result.data is None and bool(errors) and all(error.path is None for error in errors)


def unfit(error: CannotGetOperationTypeError | InvalidOperationTypeError) -> str:
    """What a client is told."""
    if isinstance(error, InvalidOperationTypeError):
        return "Only queries and subscriptions go by GET: send it by POST."
    if error.operation_name is None:
        return "The document has no operation: only fragments."
    return f"The document has no operation named {error.operation_name!r}: operationName is one of its names."


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
