"""Writing what everybody may see of one summary, with proofs that it is in the log."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID

import asyncpg
import msgspec

from projections.tree_reader import inclusion_proofs, latest_checkpoint
from service.eventstore.entries import COLUMNS, Entry, entry_of
from service.exports.errors import ExportRefused
from service.exports.exporting import Sheet, event_lines
from service.exports.files import gzipped
from service.exports.lines import encoded
from service.exports.publicity import publicity
from service.exports.snapshot import PAGE, checkpoints, header, snapshot

_LISTED = "SELECT listed FROM read.summary WHERE summary_id = $1"
_ENTRIES = f"""
SELECT {COLUMNS} FROM events WHERE position IN (
  SELECT position FROM read.event
   WHERE summary_id = $1 AND position > $2 AND position <= $3 ORDER BY position LIMIT $4)
 ORDER BY position
"""  # noqa: S608 (a constant)


class NotPublic(ExportRefused):
    """There is no such summary, or not for everybody."""


class NotSealed(ExportRefused):
    """Nothing is signed yet that could prove it."""


async def summary_file(pool: asyncpg.Pool, summary_id: UUID) -> AsyncGenerator[bytes, None]:
    """The file about a summary, compressed, for whoever asks. Errors: as export_summary, before all bytes."""
    async with pool.acquire() as conn, aclosing(gzipped(export_summary(conn, summary_id))) as blocks:
        async for block in blocks:
            yield block


async def export_summary(conn: asyncpg.Connection, summary_id: UUID) -> AsyncGenerator[bytes, None]:
    """Its events, its comments' and votes', as far as they are signed, in blocks of lines.

    Errors: NotPublic, NotSealed; both before the first block.
    Source: events, payloads, tree_nodes, log_checkpoints, read.event, read.summary.
    """
    async with snapshot(conn) as head:
        if not await conn.fetchval(_LISTED, summary_id):
            raise NotPublic(f"There is no public summary with the id {summary_id}.")
        checkpoint = await latest_checkpoint(conn)
        if checkpoint is None:
            raise NotSealed("The log is not signed yet: try again in a moment, while the service runs.")
        size = checkpoint.size
        first = await header(conn, "summary", head.log_id, size)
        signed = map(encoded, (await checkpoints(conn, size - 1, size)).values())
        sheet = Sheet()
        yield sheet.block([encoded(msgspec.structs.replace(first, summary=summary_id)), *signed])
        after = 0
        while entries := [entry_of(row) for row in await conn.fetch(_ENTRIES, summary_id, after, size, PAGE)]:
            yield sheet.block(await _proved(conn, sheet, entries, size))
            after = entries[-1].position
        yield sheet.end()


async def _proved(conn: asyncpg.Connection, sheet: Sheet, entries: Sequence[Entry], size: int) -> list[bytes]:
    shown = [
        (entry, show)
        for entry, show in zip(entries, await publicity(conn, entries), strict=True)
        if show.event
    ]
    paths = await inclusion_proofs(conn, [entry.position for entry, _ in shown], size)
    proofs = [[one.hex() for one in path] for path in paths]
    lines = await event_lines(conn, [entry for entry, _ in shown], [show for _, show in shown], proofs)
    sheet.events += len(lines)
    return lines
