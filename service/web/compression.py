"""Compression of what everybody may read.

The size of a compressed answer tells how much of it repeats, so nothing secret may be compressed beside
what somebody else chose (BREACH). Secret is what only the viewer sees, and the token that signing in
gives; chosen by others are texts, names, and what the request itself brings. So answers to requests with
Authorization and answers of mutations go as they are, and everything else is public and is compressed.
"""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware, IdentityResponder
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.observing import observed

MINIMUM = 1_000  # bytes: less fits in a packet anyhow
LEVEL = 5  # 9 takes twice the time for a few per cent
MARK = "identity"
_GZIP = re.compile(r"(?:^|,)\s*gzip\s*(?P<never>;\s*q\s*=\s*0(?:\.0*)?\s*)?(?:;[^,]*)?(?=,|$)")


class Compression:
    """Gzip for answers that hold nothing secret, where the client takes it."""

    def __init__(self, app: ASGIApp) -> None:
        self._plain = app
        self._marked = _Marked(app)
        self._compressing = GZipMiddleware(self._marked, MINIMUM, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else None
        if headers is None or "authorization" in headers:
            await self._plain(scope, receive, send)
        elif not takes_gzip(headers.get("accept-encoding", "")):
            await IdentityResponder(self._marked, MINIMUM)(scope, receive, _unmarked(send))
        else:
            await self._compressing(scope, receive, _unmarked(send))


def takes_gzip(accepted: str) -> bool:
    """Whether Accept-Encoding names it, other than to refuse it."""
    found = _GZIP.search(accepted)
    return found is not None and found["never"] is None


class _Marked:
    """Keeps answers of mutations from the compressor: it leaves alone what says that it is encoded."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start" and observed(scope).kind == "mutation":
                MutableHeaders(scope=message)["Content-Encoding"] = MARK
            await send(message)

        await self._app(scope, receive, marked)


def _unmarked(send: Send) -> Send:
    async def unmarked(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if headers.get("content-encoding") == MARK:
                del headers["content-encoding"]
        await send(message)

    return unmarked
