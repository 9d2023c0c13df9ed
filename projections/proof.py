"""Proofs that a text is in the sealed log, as somebody can check who does not trust us."""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from projections.reading import Reader, in_order
from projections.tree_reader import CheckpointRow, inclusion_proofs, latest_checkpoint
from service.eventstore.entries import COLUMNS, encode, entry_of


class ProofRow(Struct, frozen=True, gc=False):
    """Where an event is in the tree of a checkpoint, and what opens its commitment to a content.

    Shape:  entry is what the leaf is the hash of; path are the hashes from the leaf's neighbour up; salt is
            None when the content was erased.
    """

    entry: bytes
    path: tuple[bytes, ...]
    salt: bytes | None
    checkpoint: CheckpointRow


async def proofs_of(
    conn: Reader, contents: Sequence[tuple[int, UUID]], witnesses: Sequence[str] = ()
) -> list[ProofRow | None]:
    """Of contents by (position of the event that committed to it, payload), all in the same checkpoint.

    Shape:  result[i] belongs to contents[i]; None where no signed checkpoint reaches that far yet.
    Source: events, payloads, tree_nodes, log_checkpoints.
    """
    checkpoint = await latest_checkpoint(conn, witnesses, least=max(position for position, _ in contents))
    if checkpoint is None:
        return [None] * len(contents)
    sealed = sorted({position for position, _ in contents if position <= checkpoint.size})
    paths = dict(zip(sealed, await inclusion_proofs(conn, sealed, checkpoint.size), strict=True))
    entries = await _entries(conn, sealed)
    salts = await _salts(conn, [payload_id for _, payload_id in contents])
    return [
        ProofRow(entries[position], tuple(paths[position]), salt, checkpoint) if position in paths else None
        for (position, _), salt in zip(contents, salts, strict=True)
    ]


async def _entries(conn: Reader, positions: Sequence[int]) -> dict[int, bytes]:
    sql = f"SELECT {COLUMNS} FROM events WHERE position = ANY($1::bigint[])"  # noqa: S608 (constants)
    return {record["position"]: encode(entry_of(record)) for record in await conn.fetch(sql, positions)}


async def _salts(conn: Reader, payload_ids: Sequence[UUID]) -> list[bytes | None]:
    records = await conn.fetch(
        "SELECT payload_id, salt FROM payloads WHERE payload_id = ANY($1::uuid[])", payload_ids
    )
    return in_order(payload_ids, ((record["payload_id"], record["salt"]) for record in records))
