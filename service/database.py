"""Connections of the service: as the role that may read and append, and nothing more."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

SERVICE_ROLE = "shortscience_service"
APPLICATION = "shortscience"
CLOSING = 5.0  # seconds that connections have to come back when a pool is closed
SETTINGS = {"role": SERVICE_ROLE, "application_name": APPLICATION, "jit": "off"}


def connector(dsn: str) -> Callable[[], Awaitable[asyncpg.Connection]]:
    """Makes connections outside the pool, as the service's role."""

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(dsn, server_settings=SETTINGS, timeout=10)

    return connect


class WrongRole(Exception):
    """Connections come as another role than the service's; the message says what to do."""


@asynccontextmanager
async def bouncer_pool(dsn: str, *, max_size: int) -> AsyncIterator[asyncpg.Pool]:
    """A pool of connections to pgbouncer in transaction mode.

    It passes no settings on when a connection starts, and each transaction may run on another connection
    of its own: so no statement is prepared beyond its use, and the role comes from the user.

    Errors: WrongRole when it does not, and those of asyncpg.
    """
    async with _closed(
        asyncpg.create_pool(
            dsn, min_size=1, max_size=max_size, statement_cache_size=0, reset=_keep, timeout=10
        )
    ) as pool:
        user, role = await pool.fetchrow("SELECT session_user, current_user")
        if role != SERVICE_ROLE:
            raise WrongRole(
                f"through SHORTSCIENCE_BOUNCER_URL the role is {role}, not {SERVICE_ROLE}. As the database's "
                f'owner: GRANT {SERVICE_ROLE} TO "{user}"; ALTER ROLE "{user}" SET role = {SERVICE_ROLE}; '
                "then RECONNECT in pgbouncer."
            )
        yield pool


@asynccontextmanager
async def connection_pool(dsn: str, *, min_size: int = 1, max_size: int = 10) -> AsyncIterator[asyncpg.Pool]:
    """A pool of the service's connections.

    Statements leave no session state behind (no SET, no LISTEN, no temporary tables), so a released
    connection is not reset: that query would cost small reads as much as they do themselves.
    """
    async with _closed(
        asyncpg.create_pool(
            dsn, min_size=min_size, max_size=max_size, server_settings=SETTINGS, reset=_keep, timeout=10
        )
    ) as pool:
        yield pool


@asynccontextmanager
async def _closed(pool: asyncpg.Pool) -> AsyncIterator[asyncpg.Pool]:
    """It is closed at the end; a connection that does not come back is cut off.

    asyncpg gives one back when the query that was under way is taken back, and pgbouncer may not say so for
    as long as the database cannot be reached.
    """
    await pool
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), CLOSING)


async def _keep(_connection: asyncpg.Connection) -> None:
    """Nothing to reset: asyncpg itself has rolled back what was left open."""
