"""Clients that follow: over WebSockets, and over server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

SECONDS = 20.0  # until something that is to come must be there
PROTOCOL = Subprotocol("graphql-transport-ws")
PUBLISHED = (
    "subscription($after: Position, $filter: FeedFilter) { summaryPublished(after: $after, filter: $filter) "
    "{ position summary { id body } } }"
)


class Socket:
    """A WebSocket after connection_ack, with what comes over it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def subscribe(self, query: str, id: str = "1", **variables: Any) -> None:
        await self.send(type="subscribe", id=id, payload={"query": query, "variables": variables})

    async def receive(self) -> Any:
        """The next message. Errors: websockets.ConnectionClosed, TimeoutError."""
        async with asyncio.timeout(SECONDS):
            message = await self.connection.recv()
        assert isinstance(message, str)
        return json.loads(message)

    async def next(self, id: str = "1") -> Any:
        """The payload of the next message, which is of this operation and no error."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id), message
        return message["payload"]

    async def published(self) -> Any:
        """The next summary that became public."""
        payload = await self.next()
        assert "errors" not in payload, payload
        assert payload["extensions"] == {"position": payload["data"]["summaryPublished"]["position"]}
        return payload["data"]["summaryPublished"]

    async def closed(self) -> tuple[int, str]:
        """Code and reason, once it is closed; what comes before does not matter."""
        async with asyncio.timeout(SECONDS):
            with suppress(websockets.ConnectionClosed):
                while True:
                    await self.connection.recv()
        assert self.connection.close_code is not None
        return self.connection.close_code, self.connection.close_reason or ""

    async def quiet(self) -> None:
        """Nothing is under way to us: a ping is answered first."""
        await self.send(type="ping")
        assert await self.receive() == {"type": "pong"}


@asynccontextmanager
async def connected(
    url: str, protocols: Sequence[Subprotocol] = (PROTOCOL,), **more: Any
) -> AsyncIterator[Socket]:
    """Before connection_init."""
    address = f"{url.replace('http', 'ws', 1)}/graphql"
    async with connect(address, subprotocols=protocols, compression=None, **more) as connection:
        yield Socket(connection)


@asynccontextmanager
async def socket(url: str, token: str | None = None, **more: Any) -> AsyncIterator[Socket]:
    """After connection_ack."""
    async with connected(url, **more) as opened:
        payload = {} if token is None else {"Authorization": f"Bearer {token}"}
        await opened.send(type="connection_init", payload=payload)
        assert await opened.receive() == {"type": "connection_ack"}
        yield opened
