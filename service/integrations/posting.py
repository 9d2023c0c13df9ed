"""HTTP outwards, to addresses that somebody else has chosen."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from service.domain import limits
from service.domain.errors import Invalid, RateLimited
from service.domain.limits import Path
from service.integrations.addresses import NotPublic, Resolve, addresses_of
from service.integrations.names import NotBegun, SystemNames

CHECK_SECONDS = 10.0
CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
LONGEST_ANSWER = 16_384  # bytes that are read
LOOK_UPS = 64  # names at once


class NotSent(Exception):
    """There was no answer; the message says why."""


class NotTried(NotSent):
    """Nothing was sent, and it was not for the address: another time it may be."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Shape: text is its beginning."""

    status: int
    text: str
    retry_after: str | None


class Poster:
    """Posts to hosts of the public internet; with private, to any.

    A name is resolved once for each request, and the connection goes to the addresses that were checked,
    so nothing can change in between. Proxies of the environment are not used, and redirects not followed.
    Each request has a connection of its own.

    Shape:  look_ups: so many names at once. Who is not to wait for others has a Poster of their own.
    """

    def __init__(
        self,
        *,
        private: bool = False,
        look_ups: int = LOOK_UPS,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._private = private
        self._resolve = resolve or SystemNames(look_ups)
        self._tls = tls or httpx.create_ssl_context(trust_env=False)

    async def check(self, address: str, path: Path) -> None:
        """Errors: Invalid for an address that nothing would be sent to; path names the field. RateLimited
        when too many ask.
        """
        url = self._parsed(address, path)
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._addresses(url)
        except NotBegun as error:
            raise RateLimited(f"{error} Wait a few seconds and try again.", path=path) from error
        except NotPublic as error:
            raise Invalid(f"{path[-1]}: {error}", path=path) from error
        except TimeoutError as error:
            raise Invalid(f"{path[-1]}: {url.host} cannot be found in time.", path=path) from error

    async def post(self, address: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Errors: NotSent; of its kinds NotTried when the name could not even be looked up."""
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                url = self._parsed(address, ("url",))
                return await self._first(url, await self._addresses(url), content, headers)
        except TimeoutError as error:
            raise NotSent(f"no answer within {TOTAL_SECONDS:.0f} seconds") from error
        except NotBegun as error:
            raise NotTried(str(error)) from error
        except (NotPublic, Invalid) as error:
            raise NotSent(str(error)) from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
            raise NotSent(f"{type(error).__name__}: {error}".rstrip(": ")) from error

    def _parsed(self, address: str, path: Path) -> httpx.URL:
        limits.text(address, limits.URL, path)
        try:
            url = httpx.URL(address)
            _ = url.host  # decodes it
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise Invalid(f"{path[-1]} is no web address: {error}", path=path) from error
        schemes = ("https", "http") if self._private else ("https",)
        if url.scheme not in schemes or not url.host or "%" in url.host:
            allowed = " or ".join(f"{one}://" for one in schemes)
            raise Invalid(f"{path[-1]} must be {allowed} and a host.", path=path)
        if url.port is not None and not 0 < url.port < 65_536:
            raise Invalid(f"{path[-1]} is no web address: its port is not from 1 to 65535.", path=path)
        if url.userinfo or url.fragment:
            raise Invalid(f"{path[-1]} must be without a user, a password and a fragment.", path=path)
        return url

    async def _addresses(self, url: httpx.URL) -> list[str]:
        port = url.port or {"http": 80, "https": 443}[url.scheme]
        host = url.raw_host.decode("ascii").strip("[]")
        return await addresses_of(host, port, private=self._private, resolve=self._resolve)

    async def _first(
        self, url: httpx.URL, addresses: list[str], content: bytes, headers: Mapping[str, str]
    ) -> Answer:
        """From the first address that a connection can be made to."""
        async with httpx.AsyncClient(
            verify=self._tls,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
        ) as client:
            for address in addresses[:-1]:
                try:
                    return await self._ask(client, url, address, content, headers)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    continue
            return await self._ask(client, url, addresses[-1], content, headers)

    async def _ask(
        self,
        client: httpx.AsyncClient,
        url: httpx.URL,
        address: str,
        content: bytes,
        headers: Mapping[str, str],
    ) -> Answer:
        request = client.build_request(
            "POST",
            url.copy_with(host=address),
            content=content,
            headers={
                **headers,
                "Host": url.netloc.decode("ascii"),
                "User-Agent": "shortscience",
                "Accept-Encoding": "identity",
            },
            extensions={"sni_hostname": url.raw_host.decode("ascii").strip("[]")},
        )
        response = await client.send(request, stream=True)
        try:
            body = b""
            async for part in response.aiter_raw(4_096):
                body += part
                if len(body) >= LONGEST_ANSWER:
                    break
        finally:
            await response.aclose()
        text = body[:LONGEST_ANSWER].decode("utf-8", "replace")
        return Answer(response.status_code, text, response.headers.get("Retry-After"))
