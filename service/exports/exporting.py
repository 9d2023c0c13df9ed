"""Writing the log: all of it for its operator, or what everybody may see."""

import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from itertools import chain
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from service.eventstore.entries import Entry, encode, read_entries
from service.exports.errors import ExportRefused
from service.exports.lines import ClaimPart, CommandPart, EndPart, Line, PayloadPart, ToldPart, encoded
from service.exports.payloads import CATEGORIES, Commitment, Stored, commitments, part_of, read_payloads
from service.exports.publicity import Shown, publicity
from service.exports.snapshot import PAGE, Head, checkpoints, header, snapshot
from service.verification.merkle import leaf_hash

OnProgress = Callable[[int, int], None]
VOTE = ("subject_id", "subject_kind", "value")  # what is told of one
_CLAIMS = "SELECT key, owner FROM claims ORDER BY key"
_COMMANDS = """
SELECT command_id, encode(request_hash, 'hex'), subject, position, recorded_at
  FROM commands ORDER BY command_id
"""


class Sheet:
    """Lines become blocks; at the end it knows their checksum and how many events they hold."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self.events = 0

    def block(self, lines: Sequence[bytes]) -> bytes:
        """These lines, taken into the checksum."""
        block = b"".join(lines)
        self._digest.update(block)
        return block

    def end(self) -> bytes:
        """The last line."""
        return encoded(Line(end=EndPart(self.events, self._digest.hexdigest())))


async def export_complete(
    conn: asyncpg.Connection, on_progress: OnProgress | None = None
) -> AsyncGenerator[bytes, None]:
    """Everything, in blocks of lines: as confidential as the database itself.

    Errors: those of asyncpg.
    Source: events, payloads, claims, commands, the installation's secret, and what was signed.
    """
    async with snapshot(conn) as head:
        first = await header(conn, "complete", head.log_id, head.position)
        secret: bytes = await conn.fetchval("SELECT secret FROM installation")
        sheet = Sheet()
        yield sheet.block([encoded(msgspec.structs.replace(first, secret=secret.hex()))])
        async for block in _events(conn, sheet, head.position, on_progress, public=False):
            yield block
        async for row in _pages(conn, _CLAIMS):
            yield sheet.block([encoded(Line(claim=ClaimPart(*one))) for one in row])
        async for row in _pages(conn, _COMMANDS):
            yield sheet.block([encoded(Line(command=CommandPart(*one))) for one in row])
        yield sheet.end()


async def export_public(
    conn: asyncpg.Connection,
    on_progress: OnProgress | None = None,
    on_behind: Callable[[Head], None] | None = None,
) -> AsyncGenerator[bytes, None]:
    """What everybody may see, in blocks of lines; of the rest only the leaf hashes.

    Shape:  it ends where the read models are; on_behind is told when that is before the end of the log.
    Errors: ExportRefused when there are no read models yet, or when they are made anew meanwhile.
    Source: events, payloads, what was signed, and the core read models.
    """
    async with snapshot(conn) as head:
        if head.projected < head.position:
            if not head.projected:
                raise ExportRefused("the read models are still empty: start the service, or `rebuild`, first")
            if on_behind:
                on_behind(head)
        first = await header(conn, "public", head.log_id, head.projected)
        sheet = Sheet()
        yield sheet.block([encoded(first)])
        async for block in _events(conn, sheet, head.projected, on_progress, public=True):
            yield block
        yield sheet.end()


async def _events(
    conn: asyncpg.Connection, sheet: Sheet, size: int, on_progress: OnProgress | None, *, public: bool
) -> AsyncIterator[bytes]:
    """Their lines, with the signed checkpoints between them."""
    for start in range(0, size, PAGE):
        end = min(start + PAGE, size)
        entries = await read_entries(conn, start, end - start)
        if len(entries) != end - start:
            raise ExportRefused(
                f"events are missing between positions {start + 1:,} and {end:,}: see `shortscience verify`"
            )
        shown = await publicity(conn, entries) if public else None
        lines = await event_lines(conn, entries, shown)
        signed = await checkpoints(conn, start, end)
        sheet.events += len(lines)
        yield sheet.block(_interleaved(start, lines, signed))
        if on_progress:
            on_progress(end, size)


async def event_lines(
    conn: asyncpg.Connection,
    entries: Sequence[Entry],
    shown: Sequence[Shown] | None,
    proofs: Sequence[list[str]] | None = None,
) -> list[bytes]:
    """A line for each; shown None: everything is."""
    committed = [commitments(entry) for entry in entries]
    if shown is not None:
        committed = [
            [one for one in ones if show.tells(entry, one)]
            for entry, ones, show in zip(entries, committed, shown, strict=True)
        ]
    stored = await read_payloads(conn, [one.payload_id for one in chain.from_iterable(committed)])
    lines = []
    for i, (entry, ones) in enumerate(zip(entries, committed, strict=True)):
        show = shown[i] if shown is not None else None
        lines.append(_line(entry, ones, stored, show, proofs[i] if proofs else None))
    return lines


def _line(
    entry: Entry,
    committed: Sequence[Commitment],
    stored: dict[UUID, Stored],
    show: Shown | None,
    proof: list[str] | None,
) -> bytes:
    data = encode(entry)
    leaf = leaf_hash(data).hex()
    if show is not None and not show.event:
        return encoded(Line(leaf=leaf, withheld=entry.position, told=_told(entry, show)))
    payloads = _payloads(entry, committed, stored) or ()
    return encoded(Line(leaf=leaf, entry=msgspec.Raw(data), payloads=payloads, proof=proof))


def _told(entry: Entry, show: Shown) -> ToldPart | None:
    """Of a vote, what it is on and what it says: not which earlier one it changes."""
    if not show.told:
        return None
    if show.withdrawn:
        return ToldPart(entry.type, entry.stream, entry.recorded_at, withdrawn=True)
    stream, data = entry.stream, entry.data
    if CATEGORIES[entry.type] == "vote":
        values = msgspec.json.decode(data, type=dict[str, Any])
        stream = UUID(values["subject_id"])
        data = msgspec.Raw(msgspec.json.encode({name: values[name] for name in VOTE if name in values}))
    return ToldPart(entry.type, stream, entry.recorded_at, data, entry.occurred_at)


def _payloads(entry: Entry, committed: Sequence[Commitment], stored: dict[UUID, Stored]) -> list[PayloadPart]:
    """Those that are there: not erased."""
    parts = []
    for one in committed:
        salt, content = stored.get(one.payload_id, (None, None))
        if salt is not None and content is not None:
            parts.append(part_of(entry, one, salt, content))
    return parts


def _interleaved(start: int, lines: Sequence[bytes], signed: Mapping[int, Line]) -> list[bytes]:
    """Each checkpoint after the event that it ends with."""
    result: list[bytes] = []
    for position, line in enumerate(lines, start + 1):
        result.append(line)
        if position in signed:
            result.append(encoded(signed[position]))
    return result


async def _pages(conn: asyncpg.Connection, sql: str) -> AsyncIterator[list[asyncpg.Record]]:
    cursor = await conn.cursor(sql)
    while rows := await cursor.fetch(PAGE):
        yield rows
