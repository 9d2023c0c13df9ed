"""One moment of the log, read page after page."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

import asyncpg

from service.exports.lines import FORMAT, Header, Kind, Line
from service.verification.checkpoints import origin

PAGE = 1_000  # events in memory at a time
_HEAD = "SELECT log_id, position FROM log_head"
_EPOCHS = "SELECT epoch, base FROM log_epochs WHERE base <= $1 ORDER BY epoch"
_KEYS = "SELECT vkey, added_at FROM log_keys ORDER BY added_at, vkey"
_CHECKPOINTS = """
SELECT c.size, c.note, c.signed_at, w.witness, w.line, w.cosigned_at
  FROM log_checkpoints c LEFT JOIN log_cosignatures w USING (size)
 WHERE c.size > $1 AND c.size <= $2 ORDER BY c.size, w.cosigned_at, w.witness
"""


class Head(NamedTuple):
    """The log at that moment, and how far the core read models are."""

    log_id: UUID
    position: int
    projected: int


@asynccontextmanager
async def snapshot(conn: asyncpg.Connection) -> AsyncIterator[Head]:
    """Everything that is read in the body is of one moment.

    A rebuild of the read models switches only while nobody holds a lock on their checkpoint. So it is
    locked until the moment is fixed, and given back at once: an export may take long.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        inner = conn.transaction()
        await inner.start()
        await conn.execute("LOCK TABLE read.checkpoint IN ACCESS SHARE MODE")
        projected = await conn.fetchval("SELECT position FROM read.checkpoint WHERE name = 'core'")
        await inner.rollback()
        log_id, position = await conn.fetchrow(_HEAD)
        yield Head(log_id, position, projected)


async def header(conn: asyncpg.Connection, kind: Kind, log_id: UUID, size: int) -> Header:
    """The first line; the secret and the summary are not in it."""
    epochs = [(epoch, base) for epoch, base in await conn.fetch(_EPOCHS, size)]
    keys: list[tuple[str, datetime]] = [(vkey, added) for vkey, added in await conn.fetch(_KEYS)]
    return Header(FORMAT, kind, log_id, origin(log_id, epochs[-1][0]), size, epochs, keys)


async def checkpoints(conn: asyncpg.Connection, after: int, to: int) -> dict[int, Line]:
    """What was signed about these positions. Source: log_checkpoints, log_cosignatures."""
    rows = await conn.fetch(_CHECKPOINTS, after, to)
    return {size: _line(list(group)) for size, group in groupby(rows, key=lambda row: row["size"])}


def _line(rows: Sequence[asyncpg.Record]) -> Line:
    first, cosigned = rows[0], [row for row in rows if row["witness"] is not None]
    note = first["note"] + "".join(f"{row['line']}\n" for row in cosigned)
    witnesses = [(row["witness"], row["cosigned_at"]) for row in cosigned]
    return Line(checkpoint=note, signed_at=first["signed_at"], witnesses=witnesses or ())
