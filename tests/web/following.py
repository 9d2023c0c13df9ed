"""Clients that follow: over WebSockets, and over server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.web.site import Site

SECONDS = 60.0  # until something that is to come must be there
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
    url: str, protocols: Sequence[Subprotocol] | None = (PROTOCOL,), **more: Any
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


@dataclass(frozen=True, slots=True)
class Event:
    """One of server-sent events, and the id that it leaves."""

    kind: str
    data: Any
    id: str | None


class Events:
    """What comes of an operation as server-sent events."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.id: str | None = None
        self.comments = 0
        self._fields: dict[str, str] = {}
        self._lines = response.aiter_lines()

    async def line(self) -> Event | None:
        """The event that the next line completes, if it does.

        Errors: StopAsyncIteration at the end; httpx.TransportError; TimeoutError.
        """
        async with asyncio.timeout(SECONDS):
            line = await anext(self._lines)
        name, _, value = line.partition(": ")
        if line.startswith(":"):
            self.comments += 1
        elif line:
            self._fields[name.rstrip(":")] = value
        else:
            fields, self._fields = self._fields, {}
            self.id = fields.get("id", self.id)
            if "event" in fields:
                data = json.loads(fields["data"]) if fields["data"] else None
                return Event(fields["event"], data, fields.get("id"))
        return None

    async def next(self) -> Event:
        """Errors: as `line`."""
        while (event := await self.line()) is None:
            pass
        return event

    async def ended(self) -> bool:
        """Whether it ends without another event."""
        try:
            await self.next()
        except StopAsyncIteration:
            return True
        return False

    async def published(self) -> Any:
        """The next summary that became public."""
        event = await self.next()
        found = event.data["data"]["summaryPublished"]
        assert event == Event(
            "next", {"data": {"summaryPublished": found}, "extensions": {"position": event.id}}, event.id
        )
        assert found["position"] == event.id
        return found


@asynccontextmanager
async def events(
    client: httpx.AsyncClient,
    query: str,
    headers: dict[str, str] | None = None,
    method: str = "POST",
    params: dict[str, str] | None = None,
    **variables: Any,
) -> AsyncIterator[Events]:
    """By POST, or by GET with params."""
    body = {"query": query, "variables": variables} if method == "POST" else None
    accept = {"accept": "text/event-stream"} | (headers or {})
    async with client.stream(method, "/graphql", json=body, params=params, headers=accept) as response:
        yield Events(response)


async def following(site: Site, count: int) -> None:
    """Wait until so many subscriptions are open."""
    async with asyncio.timeout(SECONDS):
        while site.live.followers != count:  # noqa: ASYNC110 (the server sets no event)
            await asyncio.sleep(0.01)
