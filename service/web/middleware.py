"""Around every answer: headers that keep browsers careful, and a last resort for what nobody foresaw."""

import asyncio
import secrets
from collections.abc import Callable

import structlog
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.reading import TookTooLong, is_away
from service.eventstore.model import LogUnavailable
from service.web.refusals import Refused, stopping, unavailable

log = structlog.get_logger()

CONTENT_SECURITY = (
    "default-src 'none'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' https: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No scripts. Style attributes are allowed, sheets only of our own: the sanitiser of texts lets harmless
ones pass, and tables and formulas need them."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}

Answer = Callable[[Request, Refused], Response]


class CarefulHeaders:
    """Adds HEADERS where an answer does not bring its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, careful if scope["type"] == "http" else send)


class LastResort:
    """Answers what goes wrong: a refusal as it is, anything else with an id and nothing more."""

    def __init__(self, app: ASGIApp, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except (Exception, asyncio.CancelledError) as error:
            refused = refusal_of(error, scope["path"])
            if started:  # too late for an answer: the connection breaks off
                raise
            await self._answer(Request(scope), refused)(scope, receive, send)


def refusal_of(error: Exception | asyncio.CancelledError, path: str) -> Refused:
    """What a client is told about an error. One that nobody foresaw is logged under an id."""
    if isinstance(error, Refused):
        return error
    if isinstance(error, asyncio.CancelledError):  # only the end of the service cancels requests
        log.warning("request given up: the service stops", path=path)
        return stopping()
    if is_unreachable(error):
        log.warning("database unreachable", path=path, error=str(error))
        return unavailable()
    if isinstance(error, TookTooLong):
        log.warning("read stopped", path=path, error=str(error))
        return Refused(
            503, "TIMEOUT", "This takes too long just now: try again later.", {"Retry-After": "10"}
        )
    error_id = secrets.token_hex(8)
    log.error("unexpected error", error_id=error_id, path=path, exc_info=error)
    return Refused(500, "INTERNAL", "Something went wrong on our side. It was logged.", errorId=error_id)


def is_unreachable(error: BaseException) -> bool:
    """Whether the database was away."""
    return is_away(error) or isinstance(error, LogUnavailable)
