"""One snapshot for one operation: all its parts show the same moment."""

import asyncio
from typing import Any

import asyncpg

from projections import progress

# A rebuild switches tables when it has locked this one alone: a snapshot never sees the tables of two
# builds. LOCK comes first because it takes no snapshot itself.
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE read.checkpoint IN ACCESS SHARE MODE"

ACQUIRE_SECONDS = 10.0

DATABASE_GONE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,  # a connection died just as it was to be used
)


class TookTooLong(Exception):
    """A statement of an operation, or one before it, was stopped: what it asks for takes too long."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"stopped after {seconds:g} seconds")
        self.seconds = seconds


def is_away(error: BaseException) -> bool:
    """Whether it says that the database cannot be reached just now."""
    # InterfaceError itself tells of closed connections; its subclasses, of what we did wrong.
    return isinstance(error, DATABASE_GONE) or type(error) is asyncpg.InterfaceError


class ReadSession:
    """A read-only transaction on one connection, begun by the first read.

    Fetches follow one another. `position` is what the snapshot reflects, None before the first read.

    Units:  statement_seconds is for each statement.
    Errors: of asyncpg, also TimeoutError when no connection gets free; RuntimeError for a read after `close`;
            TookTooLong, and then for all that would be read after it.
    """

    def __init__(self, pool: asyncpg.Pool, statement_seconds: float = 10.0) -> None:
        self.position: int | None = None
        self._pool = pool
        self._statement_seconds = statement_seconds
        self._stopped = False
        self._lock = asyncio.Lock()
        self._conn: Any = None
        self._closed = False

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """All records that a statement returns, as of the snapshot."""
        async with self._lock:
            if self._closed:
                raise RuntimeError("this snapshot is closed: what it loads must be awaited before")
            if self._stopped:
                raise TookTooLong(self._statement_seconds)
            if self._conn is None:
                await self._open()
            try:
                return list(await self._conn.fetch(sql, *args))
            except asyncpg.QueryCanceledError as error:
                self._stopped = True
                raise TookTooLong(self._statement_seconds) from error

    def shown(self) -> int:
        """The position. Errors: RuntimeError before the first read."""
        if self.position is None:
            raise RuntimeError("nothing was read yet")
        return self.position

    async def _open(self) -> None:
        conn = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        try:
            await conn.execute(
                f"{BEGIN}; SET LOCAL statement_timeout = {round(self._statement_seconds * 1000)}"
            )
            self.position = await progress.position(conn)
        except BaseException:
            try:
                if not conn.is_closed() and conn.is_in_transaction():  # whoever waited has gone meanwhile
                    await conn.execute("ROLLBACK")
            finally:
                await self._pool.release(conn)
            raise
        self._conn = conn

    async def close(self) -> None:
        """End the transaction and give the connection back; harmless when repeated."""
        async with self._lock:
            self._closed = True
            conn, self._conn = self._conn, None
            if conn is None:
                return
            try:
                await conn.execute("ROLLBACK")
            finally:
                await self._pool.release(conn)
