"""What the headers of a request ask for: who asks, and from which position on it wants to read."""

from collections.abc import Sequence

from graphql import GraphQLError
from starlette.requests import HTTPConnection, Request

from schema.context import Context, Tools, open_context, unknown_token
from schema.scalars import Reason
from service.web.refusals import Refused, invalid

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
        raise _refusal(error) from error


def check_admitted(context: Context) -> None:
    """What a token that is unknown or has expired stands in the way of has not run.

    Errors: Refused (401): nobody becomes a visitor without noticing.
    """
    if context.stranger and not context.admitted:
        raise _refusal(unknown_token())


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
    given = request.headers.getlist("min-position")
    if len(given) > 1:
        raise invalid(
            "Min-Position came several times: send the latest Position only.", header="Min-Position"
        )
    return given[0] if given else None


def _refusal(error: GraphQLError) -> Refused:
    details = dict(error.extensions or {})
    match details.pop("code", None):
        case "UNAUTHENTICATED":
            details["header"] = "Authorization"
            return Refused(401, "UNAUTHENTICATED", error.message, CHALLENGE, **details)
        case "NOT_YET_VISIBLE":
            details["header"] = "Min-Position"
            return Refused(503, "NOT_YET_VISIBLE", error.message, {"Retry-After": "1"}, **details)
        case "INVALID":
            beyond = Reason.BEYOND_END.value  # that is all that is left without a reason
            details = {"header": "Min-Position", "reason": beyond, **details}
            return invalid(f"Min-Position: {error.message}", **details)
        case code:
            raise ValueError(f"no status is known for the code {code}") from error
