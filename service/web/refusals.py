"""Errors outside an operation, in the shape that GraphQL clients know: JSON, never HTML."""

from collections.abc import Mapping
from typing import Any

import msgspec
from graphql import GraphQLFormattedError
from starlette.responses import Response

JSON = "application/json; charset=utf-8"


class Refused(Exception):
    """A request that gets an error instead of an answer.

    Shape: code is one of the API's ErrorCode; details go beside it into `extensions`.
    """

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = dict(headers or {})
        self.details = details

    def response(self, media_type: str = JSON) -> Response:
        """The error as an answer that no cache keeps."""
        body = {"errors": [{"message": self.message, "extensions": {"code": self.code, **self.details}}]}
        headers = {"Cache-Control": "no-store", **self.headers}
        return Response(msgspec.json.encode(body), self.status, headers, media_type)


def invalid(message: str, **details: Any) -> Refused:
    """A request that breaks a rule: 400."""
    return Refused(400, "INVALID", message, **details)


def unavailable() -> Refused:
    """The database does not answer: 503."""
    return Refused(
        503,
        "BUSY",
        "The database cannot be reached at the moment: try again.",
        {"Retry-After": "1"},
    )


def passing(failure: GraphQLFormattedError) -> Refused:
    """What cannot be begun just now: 503, after which clients try again by themselves."""
    details = dict(failure.get("extensions", {}))
    return Refused(503, str(details.pop("code")), failure["message"], {"Retry-After": "1"}, **details)


def stopping() -> Refused:
    """The service ends before the request does: 503."""
    message = (
        "The service is stopping, and what was asked may or may not have been done: try again in a moment, "
        "a mutation with the same idempotencyKey."
    )
    return Refused(503, "BUSY", message, {"Retry-After": "1", "Connection": "close"})
