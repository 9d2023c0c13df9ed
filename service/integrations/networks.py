"""What a network is to the announcer, and HTTP to its API. Another one goes beside x.py and facebook.py."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
import msgspec

from service.integrations.backoff import parsed_date, seconds_asked
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 20.0  # less than the sender gives a delivery
LONGEST_ANSWER = 65_536  # bytes that are read
_NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


@dataclass(frozen=True, slots=True)
class Unclear:
    """It may be there or not."""

    why: str
    status: int | None = None


Posted = Delivered | Refused | Retry | GiveUp | Unclear
"""How it ended. Only after Retry and GiveUp it is certain that nothing is there, and may be tried again."""


class Network(Protocol):
    """Where summaries are announced. Shape: the response of Delivered is the post's id there."""

    @property
    def name(self) -> str: ...

    def text(self, said: Announcement) -> str:
        """What is posted, fitted to the network's rules. A network that takes links apart gets none in it."""
        ...

    async def post(self, said: Announcement) -> Posted:
        """Post it, once. No error leaves a doubt whether it is there: that is Unclear."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Shape: body is its beginning, as far as it came, without secrets; broken: there was to be more of it.
    """

    status: int
    headers: Mapping[str, str]
    body: str
    broken: bool = False

    def fields(self) -> dict[str, Any]:
        """The body's JSON object; empty when it is none."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            return {}

    def asks_to_wait(self) -> float | None:
        """Units: seconds, as Retry-After says; a time counts from that of the answer."""
        return seconds_asked(self.headers.get("retry-after"), parsed_date(self.headers.get("date", "")))


async def ask(
    url: str, content: bytes, headers: Mapping[str, str], secrets: Sequence[str]
) -> Answer | Retry | Unclear:
    """Post once, following no redirects. Shape: secrets are in nothing that comes back."""
    try:
        async with asyncio.timeout(TOTAL_SECONDS), _client() as client:
            request = client.build_request("POST", url, content=content, headers=headers)
            response = await client.send(request, stream=True)
            try:
                body, broken = await _beginning(response)
            finally:
                await response.aclose()
    except _NOTHING_SENT as error:
        return Retry(_hidden(f"No connection: {_told(error)}", secrets))
    except (httpx.HTTPError, TimeoutError) as error:
        return Unclear(_hidden(f"No answer: {_told(error)}", secrets))
    text = _hidden(body.decode("utf-8", "replace"), secrets)
    return Answer(response.status_code, response.headers, text, broken)


def _client() -> httpx.AsyncClient:
    """It goes by the proxy of the environment, if there is one: the operator chose these addresses."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity", "User-Agent": "shortscience"},
    )


async def _beginning(response: httpx.Response) -> tuple[bytes, bool]:
    """As much of the body as comes, and whether it breaks off."""
    body = b""
    try:
        async for part in response.aiter_raw(4_096):
            body += part
            if len(body) >= LONGEST_ANSWER:
                break
    except httpx.TransportError:
        return body, True
    return body[:LONGEST_ANSWER], False


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _hidden(text: str, secrets: Sequence[str]) -> str:
    for secret in filter(None, secrets):
        text = text.replace(secret, "…")
    return text
