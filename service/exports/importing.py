"""Bringing a complete export into an empty database: all of it, or nothing."""

from pathlib import Path

import asyncpg
from eventsourcing.persistence import MapperDeserialisationError

from service.database import APPLICATION
from service.domain.events import EVENTS
from service.eventstore.codec import Codec
from service.eventstore.entries import COLUMNS, Entry
from service.exports.checking import Event, Item, OnProgress, Signed, checked
from service.exports.errors import ImportRefused
from service.exports.files import lines_of
from service.exports.lines import ClaimPart, CommandPart, Header
from service.exports.logcheck import Proved
from service.exports.payloads import Stored
from service.restores import BEGIN, SERVERS, ServersRunning
from service.verification.notes import note, parse_note

BATCH = 2_000
TREE = "tree"  # the follower whose work the file has done already

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
_FOLLOWED = "INSERT INTO follower_checkpoints (name, position) VALUES ($1, $2)"

TABLES = {
    "events": COLUMNS,
    "payloads": "payload_id, position, salt, content",
    "tree_nodes": "level, index, hash",
    "log_checkpoints": "size, origin, root, note, signed_at",
    "log_cosignatures": "size, witness, line, cosigned_at",
    "claims": "key, owner",
    "commands": "command_id, request_hash, subject, position, recorded_at",
}


async def import_events(dsn: str, path: Path, on_progress: OnProgress | None = None) -> Proved:
    """Make an empty, migrated database the log of this file, verifying while reading.

    Shape:  positions, times and ids stay; positions that come later are of a new epoch.
    Errors: ImportRefused, ServersRunning, Tampered, Damaged, those of asyncpg. Then nothing was changed.
    """
    conn = await asyncpg.connect(dsn)
    try:
        async with conn.transaction():
            await _check_free(conn)
            loading = _Loading(conn)
            for item in checked(lines_of(path), on_progress=on_progress):
                await loading.take(item)
            return await loading.finish()
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


class _Loading:
    """Rows gathered to be copied, and what is known once the file is read."""

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._conn = conn
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in TABLES}
        self._waiting = 0
        self._decode = Codec().decode
        self._known = {cls.__name__: cls for cls in EVENTS}
        self._header: Header
        self._proved: Proved

    async def take(self, item: Item) -> None:
        """The next part of the file."""
        match item:
            case Header():
                self._begin(item)
            case Event():
                self._event(item)
            case Signed():
                self._signed(item)
            case ClaimPart():
                self._rows["claims"].append((item.key, item.owner))
            case CommandPart():
                self._command(item)
            case Proved():
                self._proved = item
        self._waiting += 1
        if self._waiting >= BATCH:
            await self._copy()

    async def finish(self) -> Proved:
        """Everything is there: now the rest of the tables that follow from it."""
        await self._copy()
        conn, header = self._conn, self._header
        if torn := await conn.fetchval(_TORN):
            raise ImportRefused(f"the file contradicts itself: versions of the stream {torn} are missing")
        await conn.execute(_STREAMS, list(self._known), [cls.category for cls in self._known.values()])
        await conn.execute(_HEAD, header.log, header.size)
        await conn.execute("UPDATE installation SET secret = $1", bytes.fromhex(header.secret or ""))
        keys = [(vkey, added_at) for vkey, added_at in header.keys]
        await conn.executemany("INSERT INTO log_keys (vkey, added_at) VALUES ($1, $2)", keys)
        await conn.execute(_FOLLOWED, TREE, header.size)
        await self._begin_epoch(header)
        return self._proved

    async def _begin_epoch(self, header: Header) -> None:
        """Those of the file, and a new one: what clients knew of a longer log is refused."""
        await self._conn.execute("DELETE FROM log_epochs")
        await self._conn.executemany(
            "INSERT INTO log_epochs (epoch, base, place) VALUES ($1, $2, 'imported')", header.epochs
        )
        await self._conn.execute(BEGIN)

    def _begin(self, header: Header) -> None:
        if header.kind != "complete":
            raise ImportRefused(
                f"the file is {_WHAT[header.kind]}: a log can be made of a complete export only, which its "
                "operator writes with `shortscience export events`"
            )
        if not header.secret or not header.epochs:
            raise ImportRefused("the first line lacks the installation's secret or the epochs")
        self._header = header

    def _event(self, item: Event) -> None:
        entry = item.entry
        self._check_known(entry)
        self._rows["events"].append(_row(entry))
        for one in item.committed:
            salt, content = item.contents.get(one.payload_id, _ERASED)
            self._rows["payloads"].append((one.payload_id, entry.position, salt, content))
        self._rows["tree_nodes"] += [(level, index, hash_) for (level, index), hash_ in item.nodes]

    def _check_known(self, entry: Entry) -> None:
        cls = self._known.get(entry.type)
        if cls is None or entry.schema_version > cls.class_version:
            raise ImportRefused(
                f"position {entry.position:,} is a {entry.type} of version {entry.schema_version}, which "
                "this software does not know yet: update it"
            )
        try:
            self._decode(entry.type, entry.schema_version, bytes(entry.data))
        except MapperDeserialisationError as error:
            raise ImportRefused(f"position {entry.position:,} cannot be read: {error}") from error

    def _signed(self, item: Signed) -> None:
        origin, size, root = item.checkpoint
        text, lines = parse_note(item.line.checkpoint or "")
        own = len(lines) - len(item.line.witnesses)
        if own < 1 or item.line.signed_at is None:
            raise ImportRefused(f"the checkpoint of position {size:,} is not complete")
        self._rows["log_checkpoints"].append(
            (size, origin, root, note(text, lines[:own]), item.line.signed_at)
        )
        self._rows["log_cosignatures"] += [
            (size, witness, line, at)
            for (witness, at), line in zip(item.line.witnesses, lines[own:], strict=True)
        ]

    def _command(self, part: CommandPart) -> None:
        try:
            request = bytes.fromhex(part.hash)
        except ValueError as error:
            raise ImportRefused(f"the command {part.id} cannot be read: {error}") from error
        self._rows["commands"].append((part.id, request, part.subject, part.position, part.recorded_at))

    async def _copy(self) -> None:
        for table, rows in self._rows.items():
            if rows:
                columns = TABLES[table].split(", ")
                await self._conn.copy_records_to_table(table, records=rows, columns=columns)
                rows.clear()
        self._waiting = 0


_ERASED = Stored(None, None)
_WHAT = {"public": "a public one, which lacks what is private", "summary": "about one summary"}


def _row(entry: Entry) -> tuple[object, ...]:
    return (
        entry.position,
        entry.stream,
        entry.version,
        entry.type,
        entry.schema_version,
        entry.event,
        entry.recorded_at,
        entry.occurred_at,
        entry.actor,
        entry.correlation,
        entry.causation,
        bytes(entry.data),
    )
