"""The address, and the server that answers there."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.applications import Starlette

from schema.live import Live
from service.settings import Settings, SettingsError
from service.web.parameters import BODY_LIMIT

log = structlog.get_logger()

LAST_ANSWERS = 10  # seconds that requests under way have when the service stops
UNREAD = 60  # seconds that a client may leave unread what it was sent: then its connection is dropped


@contextmanager
def listening_socket(settings: Settings) -> Iterator[socket.socket]:
    """The address, taken before anything else is started. Errors: SettingsError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:  # TCP: no delay
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # connections inherit it; other systems than Linux have none
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD * 1000)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another "
                "SHORTSCIENCE_PORT (--port) or SHORTSCIENCE_HOST (--host)."
            ) from error
        yield listener


class Server(uvicorn.Server):
    """A server that leaves signals to us: uvicorn raises them again, and PostgreSQL would be left running."""

    def __init__(self, app: Starlette, live: Live) -> None:
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=BODY_LIMIT,
            ws_per_message_deflate=False,  # it costs connections memory, and secrets are not compressed
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
        super().__init__(config)
        self._live = live

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        """The second time without waiting for requests under way."""
        self.force_exit = self.should_exit
        self.should_exit = True
        if self.server_state.tasks and not self.force_exit:
            log.info(
                "finishing requests; a second signal stops without them",
                requests=len(self.server_state.tasks),
                seconds=LAST_ANSWERS,
            )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, followers first; then no request is left that holds a connection of the pool."""
        self._live.stop()
        await super().shutdown(sockets)
        left = list(self.server_state.tasks)
        for task in left:
            if not task.cancelling():
                task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
