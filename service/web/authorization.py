"""What comes with a request: who asks, and from which position on it wants to read."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from graphql import GraphQLError
from starlette.requests import HTTPConnection, Request

from schema.context import Context, Tools, open_context, reach, unknown_token
from service.web.refusals import Refused, invalid

MIN_POSITION: Final = "Min-Position"
PARAMETER: Final = "extensions.minPosition"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="shortscience"'}


async def context_of(request: Request, tools: Tools) -> Context:
    """The context of a request, once the read models show what it wants to read.

    Errors: Refused: 401 UNAUTHENTICATED for another scheme; 400 INVALID for a Min-Position that is
            malformed, of another log, or beyond the head; 503 NOT_YET_VISIBLE when the wait runs out.
    """
    token, min_position = bearer_token(request), _min_position(request)
    try:
        return await open_context(tools, token=token, min_position=min_position)
    except GraphQLError as error:
        raise _refusal(error, {"header": MIN_POSITION}) from error


async def reach_asked(tools: Tools, extensions: Mapping[str, Any] | None) -> None:
    """Wait for the position that an operation says itself: clients that stay connected send no headers.

    Errors: as those of context_of for Min-Position.
    """
    asked = (extensions or {}).get("minPosition")
    if asked is None:
        return
    try:
        await reach(tools, asked)
    except GraphQLError as error:
        raise _refusal(error, {"parameter": PARAMETER}) from error


def check_admitted(context: Context) -> None:
    """What a token that is unknown or has expired stands in the way of has not run.

    Errors: Refused (401): nobody becomes a visitor without noticing.
    """
    if context.stranger and not context.admitted:
        raise Refused(401, "UNAUTHENTICATED", unknown_token().message, CHALLENGE, header="Authorization")


def bearer_token(request: HTTPConnection) -> str | None:
    """The token; None for a visitor, who sends no Authorization. Errors: Refused (401)."""
    return bearer(request.headers.getlist("authorization"))


def bearer(headers: Sequence[str]) -> str | None:
    """As `bearer_token`, out of what was sent as Authorization."""
    if not headers:
        return None
    scheme, _, token = headers[0].strip().partition(" ")
    if len(headers) > 1 or scheme.lower() != "bearer" or not token.strip():
        message = "Authorization is the token of signIn, once, as 'Bearer TOKEN'."
        raise Refused(401, "UNAUTHENTICATED", message, CHALLENGE, header="Authorization")
    return token.strip()


def _min_position(request: Request) -> str | None:
    given = request.headers.getlist(MIN_POSITION)
    if len(given) > 1:
        raise invalid(
            f"{MIN_POSITION} came several times: send the latest Position only.", header=MIN_POSITION
        )
    return given[0] if given else None


def _refusal(error: GraphQLError, where: Mapping[str, str]) -> Refused:
    """Of a position that was asked for there."""
    details = {**(error.extensions or {}), **where}
    match details.pop("code", None):
        case "NOT_YET_VISIBLE":
            return Refused(503, "NOT_YET_VISIBLE", error.message, {"Retry-After": "1"}, **details)
        case "INVALID":
            return invalid(f"{', '.join(where.values())}: {error.message}", **details)
        case code:
            raise ValueError(f"no status is known for the code {code}") from error
