"""The APIs of X and Facebook behind real HTTP, as far as we use them; they can behave badly."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, unquote

from service.integrations.facebook import Facebook
from service.integrations.oauth1 import Credentials
from service.integrations.x import X

OWN = Credentials("key-of-the-app", "s3cret/of+the=app", "12-token-of-the-account", "s3cret-of-the-account")
PAGE, TOKEN = "1029384756", "EAAs3cretOfThePage"
REASONS = {200: "OK", 201: "Created", 302: "Found", 400: "Bad Request"}


@dataclass
class Clock:
    """The time of day, which tests can put forward."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """One answer."""

    status: int
    body: Any
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        headers = {"Content-Length": str(len(body)), "Connection": "close", **self.headers}
        head = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Other')}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*head, "", ""]).encode() + body


Behaviour = Callable[["Api", Asked, asyncio.StreamWriter], Awaitable[None]]


async def well(api: "Api", asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(api.answer(asked).encoded())


def answering(status: int, body: Any, **headers: str) -> Behaviour:
    """With this instead of posting."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def behave(_api: "Api", _asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(Answered(status, body, named).encoded())

    return behave


async def closes(_api: "Api", _asked: Asked, _writer: asyncio.StreamWriter) -> None:
    """Without an answer, and nothing is posted."""


async def posts_and_closes(api: "Api", asked: Asked, _writer: asyncio.StreamWriter) -> None:
    api.answer(asked)


async def posts_and_closes_midway(api: "Api", asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(api.answer(asked).encoded()[:-10])


async def posts_and_hangs(api: "Api", asked: Asked, _writer: asyncio.StreamWriter) -> None:
    api.answer(asked)
    await asyncio.sleep(3_600)


@dataclass
class Api:
    """Behaves as the first of `next`, while there are any, then well."""

    clock: Clock = field(default_factory=Clock)
    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    posted: list[str] = field(default_factory=list)
    next: list[Behaviour] = field(default_factory=list)
    behave: Behaviour = well
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, asked: Asked) -> Answered:
        raise NotImplementedError

    def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(task := asyncio.create_task(self._serve(reader, writer)))
        task.add_done_callback(self.serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError), closing(writer):
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
            pairs = (line.partition(": ") for line in lines)
            headers = {name.lower(): value for name, _, value in pairs}
            method, path, _ = first.split(" ")
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.asked.append(asked := Asked(method, path, headers, body))
            await (self.next.pop(0) if self.next else self.behave)(self, asked, writer)
            await writer.drain()
            writer.close()
            await writer.wait_closed()

    async def stop(self) -> None:
        for task in self.serving:
            task.cancel()
        await asyncio.gather(*self.serving, return_exceptions=True)


def _problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Answered:
    return Answered(status, {"title": title, "detail": detail, "type": kind, "status": status})


@dataclass
class XApi(Api):
    """Takes what is signed with OWN."""

    nonces: set[str] = field(default_factory=set)

    def network(self) -> X:
        return X(OWN, self.clock, api=self.url)

    def answer(self, asked: Asked) -> Answered:
        if (asked.method, asked.path) != ("POST", "/2/tweets"):
            return _problem(404, "Not Found", "No such thing.")
        if not self._signed(asked):
            return _problem(401, "Unauthorized", "Unauthorized")
        text = json.loads(asked.body)["text"]
        if text in self.posted:
            detail = "You are not allowed to create a Tweet with duplicate content."
            return _problem(403, "Forbidden", detail)
        self.posted.append(text)
        return Answered(201, {"data": {"id": str(len(self.posted)), "text": text}})

    def _signed(self, asked: Asked) -> bool:
        """As RFC 5849 has it, from what came over the wire."""
        scheme, _, rest = asked.headers["authorization"].partition(" ")
        fields = dict(one.strip().split("=", 1) for one in rest.split(","))
        said = {name: unquote(value.strip('"')) for name, value in fields.items()}
        claimed = said.pop("oauth_signature")
        normal = "&".join(f"{quote(one, safe='~')}={quote(said[one], safe='~')}" for one in sorted(said))
        address = f"http://{asked.headers['host']}{asked.path}"
        base = f"POST&{quote(address, safe='~')}&{quote(normal, safe='~')}"
        key = f"{quote(OWN.consumer_secret, safe='~')}&{quote(OWN.token_secret, safe='~')}"
        made = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
        fresh = said["oauth_nonce"] not in self.nonces
        self.nonces.add(said["oauth_nonce"])
        late = abs(self.clock().timestamp() - int(said["oauth_timestamp"]))
        return (
            scheme == "OAuth"
            and hmac.compare_digest(base64.b64encode(made).decode(), claimed)
            and (said["oauth_consumer_key"], said["oauth_token"]) == (OWN.consumer_key, OWN.token)
            and said["oauth_signature_method"] == "HMAC-SHA1"
            and fresh
            and late < 300
        )


def graph_error(code: int, message: str, subcode: int | None = None, status: int = 400) -> Answered:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return Answered(status, {"error": error | ({"error_subcode": subcode} if subcode else {})})


@dataclass
class FacebookApi(Api):
    """A page's feed. Posted are the links."""

    messages: list[str] = field(default_factory=list)

    def network(self, token: str = TOKEN) -> Facebook:
        return Facebook(PAGE, token, api=f"{self.url}/v23.0")

    def answer(self, asked: Asked) -> Answered:
        form = {name: value for name, [value] in parse_qs(asked.body.decode(), strict_parsing=True).items()}
        if (asked.method, asked.path) != ("POST", f"/v23.0/{PAGE}/feed"):
            return graph_error(100, "Unsupported post request.", 33)
        if form.pop("access_token") != TOKEN:
            return graph_error(190, "Error validating access token: Session has expired.", 463)
        if form.keys() != {"message", "link"}:
            return graph_error(100, "Invalid parameter")
        self.messages.append(form["message"])
        self.posted.append(form["link"])
        return Answered(200, {"id": f"{PAGE}_{len(self.posted)}"})


@asynccontextmanager
async def speaking(api: Api) -> AsyncIterator[None]:
    """It answers until the end of the body."""
    server = await asyncio.start_server(api.serve, "127.0.0.1", api.port)
    api.port = server.sockets[0].getsockname()[1]
    try:
        yield
    finally:
        server.close()
        await api.stop()
