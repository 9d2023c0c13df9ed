"""GraphQL over WebSockets, by the protocol graphql-transport-ws.

A WebSocket of another site's page is no danger here: nobody is known by a cookie, and the token is sent by
whoever has it. Browsers are held to the same list of sites as everywhere.
"""

import asyncio
from collections.abc import Iterable
from contextlib import aclosing, suppress
from typing import Any, Final

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from schema.executing import SignedOut
from schema.following import Stopping
from schema.live import NotShown
from schema.message import Asked
from service.web.authorization import bearer, bearer_token, reach_asked
from service.web.connections import SEND_SECONDS, Connections
from service.web.middleware import refusal_of
from service.web.parameters import check_query
from service.web.refusals import Refused
from service.web.transport_ws import (
    PROTOCOL,
    Closed,
    Code,
    Complete,
    Given,
    Init,
    Ping,
    Pong,
    Subscribe,
    complete,
    given_in,
    refusal,
    said,
)  # fmt: skip

PATH: Final = "/graphql"
SIGN_IN: Final = "This token is unknown or has expired: sign in again, or leave it out."
MISPLACED: Final = 'Authorization belongs at the top of the payload: {"Authorization": "Bearer TOKEN"}.'
INIT_SECONDS = 10.0  # until connection_init is there
MOST_OPERATIONS = 100  # at once on one connection
CLOSE_SECONDS = 1.0  # that a client has to take why it is closed
LONGEST_REASON = 123  # bytes, as the WebSocket protocol has it


class WebSocketEndpoint:
    """The address /graphql for WebSockets. Shape: origins are the sites whose pages may connect."""

    def __init__(self, connections: Connections, origins: Iterable[str]) -> None:
        self._connections = connections
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        try:
            self._check_origin(websocket)
            with self._connections.counted():
                await self._serve(websocket)
        except Refused as refused:
            await websocket.receive()
            await websocket.send_denial_response(refused.response())

    async def _serve(self, websocket: WebSocket) -> None:
        if PROTOCOL not in websocket.scope["subprotocols"]:
            await websocket.accept()
            await websocket.close(Code.NOT_ACCEPTABLE, f"The subprotocol here is {PROTOCOL}.")
            return
        await websocket.accept(PROTOCOL)
        await _Connection(websocket, self._connections).run()

    def _check_origin(self, websocket: WebSocket) -> None:
        origin = websocket.headers.get("origin")
        host = websocket.headers.get("host")
        if origin is None or origin in self._origins or origin.partition("://")[2] == host:
            return
        raise Refused(
            403,
            "FORBIDDEN",
            "Pages of this site may not connect: it is not one of SHORTSCIENCE_CORS_ORIGINS.",
        )


class _Connection:
    """One client. Its operations are tasks, which can end it."""

    def __init__(self, websocket: WebSocket, connections: Connections) -> None:
        self._websocket = websocket
        self._connections = connections
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._token: str | None = None
        self._why: Closed | None = None
        self._main: asyncio.Task[Any] | None = None

    async def run(self) -> None:
        """Until either side ends it."""
        self._main = asyncio.current_task()
        try:
            await self._listen()
        except WebSocketDisconnect:
            pass
        except Closed as why:
            self._why = why
        except asyncio.CancelledError:
            if self._why is None or self._main is None:
                raise
            self._main.uncancel()
        finally:
            self._main = None
            await self._stop_operations()
        if self._why is not None:
            await self._close(self._why)

    def _end(self, why: Closed) -> None:
        """From another task."""
        if self._why is None and self._main is not None:
            self._why = why
            self._main.cancel()

    async def _stop_operations(self) -> None:
        operations = list(self._operations.values())
        for operation in operations:
            operation.cancel()
        await asyncio.gather(*operations, return_exceptions=True)

    async def _close(self, why: Closed) -> None:
        reason = why.reason.encode()[:LONGEST_REASON].decode(errors="ignore")
        with suppress(TimeoutError, WebSocketDisconnect, RuntimeError):  # it is gone, or does not read
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(why.code, reason)

    async def _listen(self) -> None:
        self._token = await self._admitted()
        await self._send('{"type":"connection_ack"}')
        with self._connections.watched(self._token, self._signed_out):
            while True:
                await self._handle(await self._next())

    async def _admitted(self) -> str | None:
        """The token: of connection_init, or else of the header. Errors: Closed."""
        try:
            async with asyncio.timeout(INIT_SECONDS):
                given = await self._next()
        except TimeoutError:
            raise Closed(
                Code.INIT_TIMEOUT, f"connection_init was not there after {INIT_SECONDS:g} seconds."
            ) from None
        if not isinstance(given, Init):
            raise Closed(Code.UNAUTHORIZED, "connection_init comes first.")
        try:
            token = _token(given.payload or {}, self._websocket)
            if token is None or await self._connections.tools.accounts.user_of(token) is not None:
                return token
        except Refused as refused:
            raise Closed(Code.FORBIDDEN, refused.message) from refused
        except Closed:
            raise
        except Exception as error:
            raise Closed(Code.TRY_LATER, refusal_of(error, PATH).message) from error
        raise Closed(Code.FORBIDDEN, SIGN_IN)

    async def _next(self) -> Given:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        return given_in(message.get("text"))

    async def _handle(self, given: Given) -> None:
        match given:
            case Subscribe():
                await self._begin(given)
            case Complete():
                if operation := self._operations.pop(given.id, None):
                    operation.cancel()
            case Ping():
                await self._send('{"type":"pong"}')
            case Init():
                raise Closed(Code.INIT_TWICE, "connection_init came twice.")
            case Pong():
                pass

    async def _begin(self, given: Subscribe) -> None:
        if given.id in self._operations:
            raise Closed(Code.TWICE, f"Subscriber for {given.id[:60]} already exists")
        if len(self._operations) >= MOST_OPERATIONS:
            message = (
                f"There are {MOST_OPERATIONS} operations on this connection already: complete one first."
            )
            await self._refuse(given.id, message, {"code": "LIMIT_EXCEEDED", "limit": MOST_OPERATIONS})
            return
        self._operations[given.id] = asyncio.create_task(self._operate(given))

    async def _operate(self, given: Subscribe) -> None:
        """One operation, as a task."""
        try:
            await self._run(given)
        except WebSocketDisconnect:
            pass  # the connection itself learns of it
        except Closed as why:
            self._end(why)
        finally:
            if self._operations.get(given.id) is asyncio.current_task():
                del self._operations[given.id]

    async def _run(self, given: Subscribe) -> None:
        """Send what comes of an operation, and how it ends. Errors: Closed, WebSocketDisconnect."""
        asked = Asked(given.payload.query, given.payload.variables, given.payload.operation_name, self._token)
        live, position = self._connections.live, None
        try:
            check_query(given.payload)
            await reach_asked(self._connections.tools, given.payload.extensions)
            stream = await live.open(asked)
            position = stream.begun
            async with aclosing(stream.messages):
                async for message in stream.messages:
                    if message.errors is not None:
                        self._forget(given.id)
                        await self._send(said("error", given.id, message.errors))
                        return
                    await self._send(said("next", given.id, message.text), position)
                    position = message.position
                    live.tally.messages += 1
            self._forget(given.id)
            await self._send(complete(given.id))
        except (Closed, WebSocketDisconnect):
            raise
        except Stopping as stopping:
            raise Closed(Code.RESTART, "The service restarts: connect again, and resume.") from stopping
        except NotShown as failed:
            await self._refuse(given.id, failed.message, {**failed.extensions, "position": position})
        except SignedOut as out:
            await self._refuse(given.id, SIGN_IN, {"code": "UNAUTHENTICATED", "position": position})
            raise Closed(Code.FORBIDDEN, SIGN_IN) from out
        except Exception as error:
            refused = refusal_of(error, PATH)
            details = {"code": refused.code, "position": position, **refused.details}
            await self._refuse(given.id, refused.message, details)

    def _forget(self, id: str) -> None:
        """Before the client is told that it has ended, so that it can use the id again."""
        self._operations.pop(id, None)

    def _signed_out(self) -> None:
        self._end(Closed(Code.FORBIDDEN, SIGN_IN))

    async def _refuse(self, id: str, message: str, extensions: dict[str, Any]) -> None:
        self._forget(id)
        await self._send(refusal(id, message, extensions))

    async def _send(self, text: str, position: str | None = None) -> None:
        """Errors: WebSocketDisconnect; Closed for a client that does not take it, with its last position."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._websocket.send_text(text)
        except TimeoutError:
            self._connections.live.tally.let_go += 1
            resume = f" Resume after {position}." if position else ""
            raise Closed(Code.TRY_LATER, f"Nothing was read for {SEND_SECONDS:g} seconds.{resume}") from None
        except RuntimeError as closed:  # the server itself has closed it, such as for pings without answers
            raise WebSocketDisconnect(1006) from closed


def _token(payload: dict[str, Any], websocket: WebSocket) -> str | None:
    """Errors: Refused for what is no bearer's token; Closed for one in a place where nobody looks."""
    given = [value for name, value in payload.items() if name.lower() == "authorization"]
    if not given:
        if (token := bearer_token(websocket)) is None and _is_deeper(payload):
            raise Closed(Code.BAD_MESSAGE, MISPLACED)
        return token
    return bearer([value if isinstance(value, str) else "" for value in given])


def _is_deeper(payload: dict[str, Any]) -> bool:
    """Whether Authorization is somewhere inside, as in {"headers": {"Authorization": …}}."""
    inside: list[Any] = list(payload.values())
    while inside:
        match inside.pop():
            case dict(found):
                if any(name.lower() == "authorization" for name in found):
                    return True
                inside += found.values()
            case list(found):
                inside += found
    return False
