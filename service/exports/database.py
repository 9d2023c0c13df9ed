"""Checking the log where it lives: against its own tree, and against what was signed."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from projections.tree_reader import hashes_of
from service.eventstore.entries import Entry, encode, read_entries
from service.exports.checking import OnProgress
from service.exports.errors import Tampered
from service.exports.kept import Kept
from service.exports.logcheck import LogCheck, Proved, read_data
from service.exports.payloads import read_payloads
from service.exports.snapshot import PAGE, checkpoints
from service.exports.trust import Trust, outside_checkpoint, parse_key
from service.verification.merkle import Node, leaf_hash
from service.verification.notes import Verifier

_HEAD = """
SELECT log_id, position, greatest((SELECT max(size) FROM log_checkpoints),
                                  (SELECT position FROM follower_checkpoints WHERE name = 'tree'), 0)
  FROM log_head
"""
_KEYS = "SELECT vkey FROM log_keys ORDER BY added_at"


async def check_database(
    conn: asyncpg.Connection,
    keys: Sequence[Verifier] = (),
    outside: str | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[UUID, Proved]:
    """Read the whole log and compare it with every hash that is kept of it; the log's id, and what held.

    Errors: Tampered, with the first position where it fails; those of asyncpg.
    Source: events, payloads, tree_nodes, log_checkpoints, log_cosignatures, log_keys, in one snapshot.
    """
    async with conn.transaction(isolation="repeatable_read", readonly=True):
        log_id, size, sealed = await conn.fetchrow(_HEAD)
        stated = [parse_key(row["vkey"]) for row in await conn.fetch(_KEYS)]
        mine = outside_checkpoint(log_id, keys, stated, outside)
        check = LogCheck(Trust(log_id, keys, stated), whole=True, outside=mine)
        kept = Kept(conn)
        while entries := await read_entries(conn, check.frontier.size, PAGE):
            await _check_page(conn, check, entries, sealed)
            named = ((entry.position, one.payload_id) for entry in entries for one in read_data(entry)[0])
            await kept.compare(named, check.frontier.size)
            if on_progress:
                on_progress(check.frontier.size, size)
        if check.frontier.size < sealed:
            raise Tampered(check.next, f"it is missing: the log was sealed up to position {sealed:,}")
        proved = check.finish(size)
        await kept.finish()
        return log_id, proved


async def _check_page(
    conn: asyncpg.Connection, check: LogCheck, entries: Sequence[Entry], sealed: int
) -> None:
    leaves = [leaf_hash(encode(entry)) for entry in entries]
    same = await _as_sealed(conn, entries, leaves, sealed)
    ids = [one.payload_id for entry in entries[:same] for one in read_data(entry)[0]]
    stored = await read_payloads(conn, ids)
    signed = await checkpoints(conn, check.frontier.size, entries[-1].position)
    nodes: dict[Node, bytes] = {}
    for entry, leaf in zip(entries[:same], leaves, strict=False):
        ids = [one.payload_id for one in read_data(entry)[0]]
        check.event(entry, leaf, {key: stored[key] for key in ids if key in stored})
        nodes.update(check.completed)
        if line := signed.get(entry.position):
            check.checkpoint(line.checkpoint or "")
    if same < len(entries):
        check.expect(entries[same].position)
        raise Tampered(check.next, "its entry is not the one that was sealed in the tree")
    await _compare(conn, nodes, sealed)


async def _as_sealed(
    conn: asyncpg.Connection, entries: Sequence[Entry], leaves: Sequence[bytes], sealed: int
) -> int:
    """How many, from the first, are what the tree took in."""
    kept = await hashes_of(conn, [(0, entry.position - 1) for entry in entries])
    for i, (entry, leaf) in enumerate(zip(entries, leaves, strict=True)):
        if entry.position <= sealed and kept.get((0, entry.position - 1)) != leaf:
            return i
    return len(entries)


async def _compare(conn: asyncpg.Connection, nodes: dict[Node, bytes], sealed: int) -> None:
    """The nodes above the leaves."""
    kept = await hashes_of(conn, list(nodes))
    for (level, index), computed in nodes.items():
        first, last = (index << level) + 1, (index + 1) << level
        if last <= sealed and kept.get((level, index)) != computed:
            raise Tampered(first, f"the tree that is kept is wrong from here to position {last:,}")
