"""Pages of other sites that may use the API from a browser: those on the list, by default none."""

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from service.web.parameters import PREFLIGHTED

ALLOWED_HEADERS = ("Authorization", "Last-Event-ID", "Min-Position", "X-Request-Id", *PREFLIGHTED)
EXPOSED_HEADERS = ("Position", "X-Request-Id", "Retry-After")


def cors(origins: Sequence[str]) -> list[Middleware]:
    """Credentials stay off: nobody is known by a cookie, and a token is sent by whoever has it."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=7200,
        )
    ]
