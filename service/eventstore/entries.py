"""An event as one line of JSON: the bytes that the tree hashes, and that an export holds."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

COLUMNS = (
    "position, stream_id, version, type, schema_version, event_id, recorded_at, occurred_at, actor, "
    "correlation_id, causation_id, data"
)
READ = f"SELECT {COLUMNS} FROM events WHERE position > $1 ORDER BY position LIMIT $2"  # noqa: S608 (constants)


class Entry(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True, gc=False):
    """Everything that the log holds of an event, in the order in which it is written.

    Shape:  data is the event's own JSON, byte for byte as it is stored.
    Units:  position from 1; times are UTC.
    """

    position: int
    stream: UUID
    version: int
    type: str
    schema_version: int
    event: UUID
    recorded_at: datetime
    occurred_at: datetime | None
    actor: UUID | None
    correlation: UUID
    causation: UUID | None
    data: msgspec.Raw


_made: Callable[..., Entry] = Entry
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode


def encode(entry: Entry) -> bytes:
    """The one way to write an entry."""
    return _encode(entry)


def decode(line: bytes) -> Entry:
    """The entry that was written so.

    Errors: ValueError for what `encode` does not write, byte for byte (msgspec's for what is no entry).
    """
    entry = _decode(line)
    if _encode(entry) != line:
        raise ValueError("not written as the log writes it")
    return entry


def entry_of(row: asyncpg.Record) -> Entry:
    """The entry of a row of COLUMNS."""
    return _made(*row[:-1], msgspec.Raw(row[-1]))


async def read_entries(conn: asyncpg.Connection, after: int, limit: int) -> list[Entry]:
    """Up to limit entries after a position, in order. Source: events."""
    return [entry_of(row) for row in await conn.fetch(READ, after, limit)]
