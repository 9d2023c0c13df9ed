"""The parameters of an operation, out of a body or an address."""

import asyncio
from typing import Any

import msgspec
from starlette.requests import ClientDisconnect, Request

from service.web.negotiation import check_json
from service.web.refusals import Refused, invalid

BODY_LIMIT = 1_000_000  # bytes: the longest summary in its longest JSON escapes, and an operation around it
DRAINED = 20_000_000
BODY_SECONDS = 30.0  # until the whole body is there
PREFLIGHTED = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight", "X-Apollo-Operation-Name")


class Parameters(msgspec.Struct, frozen=True, rename={"operation_name": "operationName"}):
    """An operation as GraphQL over HTTP words it. Parameters of other names are ignored."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None
    extensions: dict[str, Any] | None = None


async def from_body(request: Request) -> Parameters:
    """Of a POST. Errors: Refused."""
    check_json(request.headers.get("content-type"), request.headers.get("content-encoding"))
    return _checked(_decode(await _body(request), "The body"))


def from_address(request: Request) -> Parameters:
    """Of a GET: `variables` and `extensions` are JSON. Errors: Refused."""
    _check_preflighted(request)
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    for name in ("query", "variables", "operationName", "extensions"):
        if names.count(name) > 1:
            raise invalid(f"The address has the parameter {name} {names.count(name)} times: give it once.")
    found: dict[str, Any] = dict(given)
    for name in ("variables", "extensions"):
        if name in found:
            found[name] = _decode(found[name].encode(), f"The parameter {name}") if found[name] else None
    return _checked(found)


def _check_preflighted(request: Request) -> None:
    """A page of another site cannot send these headers without asking first."""
    if not any(request.headers.get(name) for name in PREFLIGHTED):
        raise Refused(
            403,
            "FORBIDDEN",
            "A query by GET needs the header GraphQL-Require-Preflight with any value, so that pages of "
            "other sites cannot send it; or send it by POST as application/json.",
        )


async def _body(request: Request) -> bytes:
    """The body, read within bounds. More of it is read and dropped, up to DRAINED: a client that is still
    sending would not see the answer."""
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= BODY_LIMIT:
                    body += chunk
                elif size > DRAINED:
                    break
    except TimeoutError:
        raise _too_slow() from None
    except ClientDisconnect:
        raise invalid("The connection ended before the body did.") from None
    if size > BODY_LIMIT:
        raise _too_large(size)
    return bytes(body)


def _too_slow() -> Refused:
    message = f"The body was not there after {BODY_SECONDS:g} seconds: send it faster."
    return Refused(408, "INVALID", message, {"Connection": "close"})


def _too_large(size: int) -> Refused:
    return Refused(
        413,
        "INVALID",
        f"The body has {size:,} bytes, and the limit is {BODY_LIMIT:,}: send less at once.",
        {"Connection": "close"},
        limit=BODY_LIMIT,
        size=size,
    )


def _decode(data: bytes, what: str) -> Any:
    try:
        return msgspec.json.decode(data)
    except UnicodeDecodeError as error:
        raise invalid(f"{what} is not UTF-8: {error.reason}.") from error
    except RecursionError as error:
        raise invalid(f"{what} is nested too deeply.") from error
    except msgspec.DecodeError as error:
        surrogate = " A lone surrogate, such as \\ud800, is half a character." if b"\\u" in data else ""
        raise invalid(f"{what} is not JSON: {error}.{surrogate}") from error


def _checked(data: Any) -> Parameters:
    if isinstance(data, list):
        raise invalid("Send one operation at a time: batches are not supported.")
    if _is_known_by_hash(data):
        raise Refused(400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    try:
        parameters = msgspec.convert(data, Parameters)
    except msgspec.ValidationError as error:
        raise invalid(f"These are not the parameters of an operation: {error}.") from error
    check_query(parameters)
    return parameters


def _is_known_by_hash(data: Any) -> bool:
    """Whether the document is left out, for a client that hopes it is known: it sends the whole then."""
    if not isinstance(data, dict) or data.get("query"):
        return False
    extensions = data.get("extensions")
    return isinstance(extensions, dict) and "persistedQuery" in extensions


def check_query(parameters: Parameters) -> None:
    """Errors: Refused for one that is empty."""
    if not parameters.query.strip():
        raise invalid("The parameter query is empty.")
