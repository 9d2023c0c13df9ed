"""GraphQL over server-sent events, as graphql-sse has it: each connection is one operation."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, aclosing
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schema.executing import SignedOut
from schema.following import Stopping
from schema.live import NotShown, Stream
from schema.message import Message
from service.web.connections import SEND_SECONDS, Connections
from service.web.gone import gone_away
from service.web.middleware import refusal_of
from service.web.negotiation import EVENT_STREAM

log = structlog.get_logger()

BEAT_SECONDS = 12.0  # at most so long nothing is sent: proxies would take the connection for dead
RETRY = 3_000  # milliseconds after which a browser connects again
HEADERS: Final = {
    "Content-Type": EVENT_STREAM,
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",  # proxies pass each event on at once
}
COMPLETE = "event: complete\ndata: \n\n"
BEAT = ":\n\n"
SIGN_IN = "This token is unknown or has expired: sign in again, or leave the header Authorization out."

Messages = AsyncGenerator[Message, None]


class TooSlow(Exception):
    """The client does not take what is sent."""


class EventStream(Response):
    """The answer to a client that takes events, for as long as they come.

    Each is marked with its position, so that Last-Event-ID resumes. When the service stops, or the client is
    too slow, it breaks off without `complete`: then clients connect again.

    Shape:  place is what was entered for it, which it closes when it is over.
    """

    def __init__(self, stream: Stream, connections: Connections, token: str | None, place: ExitStack) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._stream = stream
        self._connections = connections
        self._token = token
        self._place = place
        self._position = stream.begun

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._send = send
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        gone = asyncio.create_task(gone_away(receive))
        try:
            with self._place, self._connections.watched(self._token, partial(_fulfil, over)):
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                await self._tell(gone, over)
        except TooSlow:
            self._connections.live.tally.let_go += 1
            log.info("follower let go: nothing was read", seconds=SEND_SECONDS, position=self._position)
        finally:
            gone.cancel()

    async def _tell(self, gone: asyncio.Future[None], over: asyncio.Future[None]) -> None:
        """Send everything, and how it ends. Errors: TooSlow."""
        begun = f"id: {self._position}\n" if self._position else ""
        await self._write(f"retry: {RETRY}\n{begun}\n")
        try:
            async with aclosing(self._stream.messages) as messages:
                if await self._pass_on(messages, gone, over):
                    await self._write(COMPLETE)
        except Stopping:
            pass
        except NotShown as failed:
            await self._refuse(failed.message, failed.extensions)
        except SignedOut:
            await self._refuse(SIGN_IN, {"code": "UNAUTHENTICATED"})
        except TooSlow:
            raise
        except Exception as error:
            refused = refusal_of(error, "/graphql")
            await self._refuse(refused.message, {"code": refused.code, **refused.details})
        await self._write("", more=False)

    async def _pass_on(
        self, messages: Messages, gone: asyncio.Future[None], over: asyncio.Future[None]
    ) -> bool:
        """Send each message. Shape: True when they are at their end, False when the client is gone.

        Errors: TooSlow; SignedOut; those of messages.
        """
        coming = asyncio.ensure_future(_next(messages))
        try:
            while True:
                waits: set[asyncio.Future[Any]] = {coming, gone, over}
                await asyncio.wait(waits, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if gone.done():
                    return False
                if over.done():
                    raise SignedOut
                if not coming.done():
                    await self._write(BEAT)
                elif (message := coming.result()) is None:
                    return True
                else:
                    await self._pass(message)
                    coming = asyncio.ensure_future(_next(messages))
        finally:
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)

    async def _pass(self, message: Message) -> None:
        marked = f"id: {message.position}\n" if self._stream.begun else ""
        await self._write(f"event: next\n{marked}data: {message.text}\n\n")
        self._position = message.position
        self._connections.live.tally.messages += 1

    async def _refuse(self, message: str, extensions: dict[str, Any]) -> None:
        """The last message, with where to resume."""
        position = {"position": self._position} if self._position else {}
        answer = {"errors": [{"message": message, "extensions": {**extensions, **position}}]}
        await self._write(f"event: next\ndata: {msgspec.json.encode(answer).decode()}\n\n{COMPLETE}")

    async def _write(self, text: str, *, more: bool = True) -> None:
        """Errors: TooSlow."""
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send({"type": "http.response.body", "body": text.encode(), "more_body": more})
        except TimeoutError:
            raise TooSlow from None


def _fulfil(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


async def _next(messages: Messages) -> Message | None:
    """None at the end."""
    return await anext(messages, None)
