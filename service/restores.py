"""Beginning a new epoch of the log: after a restore, by itself where it can be seen, else by command."""

from dataclasses import dataclass

import asyncpg

from service.database import APPLICATION

LAST = "SELECT epoch, place FROM log_epochs ORDER BY epoch DESC LIMIT 1"
BEGIN = """
INSERT INTO log_epochs (epoch, base, place)
SELECT greatest(extract(epoch FROM clock_timestamp())::bigint, max(epoch) + 1),
       (SELECT position FROM log_head), log_place()
  FROM log_epochs
RETURNING epoch, base
"""
SERVERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1"


class ServersRunning(Exception):
    """Servers are connected to the database: stop them first, and start them afterwards."""


@dataclass(frozen=True, slots=True)
class Begun:
    """An epoch that began, and the position after which it did."""

    epoch: int
    base: int


async def begin_if_moved(dsn: str) -> Begun | None:
    """A new epoch when the log lives in another cluster or on another timeline than its last epoch began on.

    Shape:  what pg_dump, a base backup with recovery, or a standby that took over leave behind is seen.
            A copy of the files of a stopped or snapshotted cluster is not: `shortscience restored`.
    Errors: those of asyncpg.
    """
    conn = await asyncpg.connect(dsn)
    try:
        place = await conn.fetchval("SELECT log_place()")
        if (await conn.fetchrow(LAST))["place"] == place:
            return None
        async with conn.transaction():
            await conn.execute("SELECT FROM log_head FOR UPDATE")  # nobody appends, nobody else begins one
            if (await conn.fetchrow(LAST))["place"] == place:
                return None
            return Begun(*await conn.fetchrow(BEGIN))
    finally:
        await conn.close()


async def begin(dsn: str) -> Begun:
    """A new epoch, because somebody knows that the log was restored.

    Errors: ServersRunning, and those of asyncpg.
    """
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await conn.execute("SELECT FROM log_head FOR UPDATE")
            if count := await conn.fetchval(SERVERS, APPLICATION):
                raise ServersRunning(
                    f"{count} connections of servers are open on this database: stop the servers first. They "
                    "would go on with what they knew before the restore."
                )
            return Begun(*await conn.fetchrow(BEGIN))
    finally:
        await conn.close()
