"""Connections of the service: as the role that may read and append, and nothing more."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

SERVICE_ROLE = "shortscience_service"
APPLICATION = "shortscience"
SETTINGS = {"role": SERVICE_ROLE, "application_name": APPLICATION, "jit": "off"}


def connector(dsn: str) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Makes connections outside the pool, as the service's role."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings=SETTINGS, timeout=10)

    return connect


@asynccontextmanager
async def connection_pool(dsn: str, *, min_size: int = 1, max_size: int = 10) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the service's connections.

    Statements leave no session state behind (no SET, no LISTEN, no temporary tables), so a released
    connection is not reset: that query would cost small reads as much as they do themselves.
    """
    async with asyncpg.create_pool(
        dsn, min_size=min_size, max_size=max_size, server_settings=SETTINGS, reset=_keep, timeout=10
    ) as pool:
        yield pool


async def _keep(_connection: asyncpg.Connection) -> None:
    """Nothing to reset: asyncpg itself has rolled back what was left open."""
