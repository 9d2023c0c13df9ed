"""Bringing a complete export into an empty database: all of it, or nothing."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import asyncpg

from service.database import APPLICATION
from service.exports.checking import Item, OnProgress, checked
from service.exports.errors import ImportRefused
from service.exports.files import lines_of
from service.exports.lines import Header
from service.exports.logcheck import Proved
from service.exports.payloads import CATEGORIES
from service.exports.rows import TABLES, Row, Rows
from service.restores import BEGIN, SERVERS, ServersRunning

BATCH = 2_000
TREE = "tree"  # the follower whose work the file has done already
OUTBOX = "outbox"  # the one that tells people, who were told when it happened

_LOCK = "SELECT FROM log_head FOR UPDATE"
_FILLED = """
SELECT EXISTS (SELECT FROM log_head WHERE position > 0) OR EXISTS (SELECT FROM events)
    OR EXISTS (SELECT FROM claims) OR EXISTS (SELECT FROM commands) OR EXISTS (SELECT FROM payloads)
    OR EXISTS (SELECT FROM accounts.passwords) OR EXISTS (SELECT FROM log_keys)
    OR EXISTS (SELECT FROM tree_nodes)
"""
_HEAD = """
UPDATE log_head SET log_id = $1, position = $2,
                    recorded_at = coalesce((SELECT recorded_at FROM events WHERE position = $2), recorded_at)
"""
_STREAMS = """
INSERT INTO streams (stream_id, category, version)
SELECT e.stream_id, min(c.category), max(e.version)
  FROM events e JOIN unnest($1::text[], $2::text[]) AS c(type, category) USING (type) GROUP BY e.stream_id
"""
_TORN = """
SELECT stream_id FROM events GROUP BY stream_id
HAVING min(version) <> 1 OR max(version) <> count(*) ORDER BY min(position) LIMIT 1
"""
_KEYS = "INSERT INTO log_keys (vkey, added_at) VALUES ($1, $2)"
_FOLLOWED = "INSERT INTO follower_checkpoints (name, position) VALUES ($1, $2)"
_EPOCH = "INSERT INTO log_epochs (epoch, base, place) VALUES ($1, $2, 'imported')"


async def import_events(dsn: str, path: Path, on_progress: OnProgress | None = None) -> Proved:
    """Make an empty, migrated database the log of this file, verifying while reading.

    Shape:  positions, times and ids stay; positions that come later are of a new epoch.
    Errors: ImportRefused, ServersRunning, Tampered, those of asyncpg. Then nothing was changed.
    """
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await _check_free(conn)
            rows = await _copied(conn, checked(lines_of(path), on_progress=on_progress))
            await _complete(conn, rows.header)
            return rows.proved
    except asyncpg.IntegrityConstraintViolationError as error:
        raise ImportRefused(f"the file contradicts itself: {error.detail or error}") from error
    finally:
        await conn.close()


async def _check_free(conn: asyncpg.Connection) -> None:
    await conn.execute(_LOCK)
    if await conn.fetchval(_FILLED):
        raise ImportRefused("the database is not empty: import into a new one, such as another --data-dir")
    if count := await conn.fetchval(SERVERS, APPLICATION):
        raise ServersRunning(
            f"{count} connections of servers are open on this database: stop the servers first."
        )


async def _copied(conn: asyncpg.Connection, items: Iterator[Item]) -> Rows:
    """Everything that is in the file: one batch is read, in a thread, while another is stored."""
    rows = Rows()
    reading = asyncio.create_task(asyncio.to_thread(_batch, rows, items))
    try:
        while batch := await reading:
            reading = asyncio.create_task(asyncio.to_thread(_batch, rows, items))
            for table, its in batch.items():
                await conn.copy_records_to_table(table, records=its, columns=TABLES[table].split(", "))
    finally:
        await asyncio.gather(reading, return_exceptions=True)  # the thread ends before the file is closed
    return rows


def _batch(rows: Rows, items: Iterator[Item]) -> dict[str, list[Row]]:
    """Empty at the end of the file only."""
    while not (batch := rows.taken()):
        some = list(islice(items, BATCH))
        if not some:
            return {}
        for item in some:
            rows.take(item)
    return batch


async def _complete(conn: asyncpg.Connection, header: Header) -> None:
    """What follows from the events, and what the first line says."""
    if torn := await conn.fetchval(_TORN):
        raise ImportRefused(f"the file contradicts itself: versions of the stream {torn} are missing")
    await conn.execute(_STREAMS, list(CATEGORIES), list(CATEGORIES.values()))
    await conn.execute(_HEAD, header.log, header.size)
    await conn.execute("UPDATE installation SET secret = $1", bytes.fromhex(header.secret or ""))
    await conn.executemany(_KEYS, header.keys)
    await conn.execute(_FOLLOWED, TREE, header.size)
    await conn.execute(_FOLLOWED, OUTBOX, header.size)
    await conn.execute("DELETE FROM log_epochs")
    await conn.executemany(_EPOCH, header.epochs)
    await conn.execute(BEGIN)  # what clients knew of a longer log is refused
