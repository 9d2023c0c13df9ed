"""Reading the sealed log: checkpoints, leaves, and proofs that anybody can check.

Every reader is one statement, or two where it says so, whatever the number of proofs.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from projections.reading import Reader, in_order, row_maker
from service.verification.errors import ProofError
from service.verification.merkle import Node, Range, consistency_ranges, fold, inclusion_ranges, subtrees


class CheckpointRow(Struct, frozen=True, gc=False):
    """A signed checkpoint.

    Shape:  note is signed by a key of the log, with the cosignatures that came since below.
    Units:  size is a number of leaves, and the position of the last event in it.
    """

    size: int
    origin: str
    root: bytes
    note: str
    signed_at: datetime
    cosignatures: int


_CHECKPOINT = """
SELECT c.size, c.origin, c.root, c.signed_at, cardinality(l.lines) AS cosignatures,
       c.note || array_to_string(l.lines, '') AS note
  FROM log_checkpoints c,
       LATERAL (SELECT ARRAY(SELECT s.line || E'\\n' FROM log_cosignatures s
                              WHERE s.size = c.size ORDER BY s.cosigned_at, s.witness) AS lines) l
"""
_LATEST = """
 WHERE c.size >= $2 AND c.size = coalesce(
         (SELECT max(s.size) FROM log_cosignatures s WHERE s.witness = ANY($1) AND s.size >= $2),
         (SELECT max(size) FROM log_checkpoints))
"""
_make_checkpoint = row_maker(CheckpointRow)


async def latest_checkpoint(
    conn: Reader, witnesses: Sequence[str] = (), *, least: int = 0
) -> CheckpointRow | None:
    """The newest checkpoint of at least so many leaves that one of these witnesses has cosigned.

    Shape:  witnesses are their keys (vkeys). Where none has cosigned such a one, the newest that is
            signed; None when that is too small, too.
    Source: log_checkpoints, log_cosignatures.
    """
    records = await conn.fetch(_CHECKPOINT + _LATEST, list(witnesses), least)
    return _make_checkpoint(records[0]) if records else None


async def checkpoints_by_size(conn: Reader, sizes: Sequence[int]) -> list[CheckpointRow | None]:
    """result[i] has exactly sizes[i] leaves; None where no such tree was signed. Source: as above."""
    records = await conn.fetch(_CHECKPOINT + " WHERE c.size = ANY($1)", list(sizes))
    return in_order(sizes, ((record["size"], _make_checkpoint(record)) for record in records))


async def leaf_hashes(conn: Reader, positions: Sequence[int]) -> list[bytes | None]:
    """result[i] is the hash of the event at positions[i] as it was sealed; None where none is yet.

    Source: tree_nodes.
    """
    hashes = await hashes_of(conn, [(0, position - 1) for position in positions])
    return [hashes.get((0, position - 1)) for position in positions]


async def inclusion_proofs(conn: Reader, positions: Sequence[int], size: int) -> list[list[bytes]]:
    """result[i] is the audit path from the event at positions[i] to the root of the tree of `size` leaves.

    Units:  positions from 1; the leaf's index is one less.
    Errors: ProofError for a position that is not in that tree, or a tree larger than what is sealed.
    Source: tree_nodes.
    """
    paths = [inclusion_ranges(position - 1, size) for position in positions]
    hashes = await _range_hashes(conn, {one for path in paths for one in path})
    return [[hashes[one] for one in path] for path in paths]


async def consistency_proof(conn: Reader, first: int, second: int) -> list[bytes]:
    """What proves that the tree of `first` leaves is the beginning of the tree of `second`.

    Errors: ProofError when first > second, or for a tree larger than what is sealed.
    Source: tree_nodes.
    """
    ranges = consistency_ranges(first, second)
    hashes = await _range_hashes(conn, {*ranges, (0, second)})
    return [hashes[one] for one in ranges]


async def root_of(conn: Reader, size: int) -> bytes:
    """The root of the tree of so many leaves, signed or not. Errors, source: as above."""
    return (await _range_hashes(conn, [(0, size)]))[(0, size)]


async def sealed_size(conn: Reader) -> int:
    """The number of leaves in the largest signed tree; 0 before the first. Source: log_checkpoints."""
    [record] = await conn.fetch("SELECT coalesce(max(size), 0) AS size FROM log_checkpoints")
    return int(record["size"])


async def hashes_of(conn: Reader, nodes: Iterable[Node]) -> dict[Node, bytes]:
    """The hashes of complete subtrees; those that are not there yet are absent. Source: tree_nodes."""
    levels_and_indexes = list(zip(*nodes, strict=True))
    if not levels_and_indexes:
        return {}
    records = await conn.fetch(
        """
        SELECT t.level, t.index, t.hash FROM unnest($1::smallint[], $2::bigint[]) AS n(level, index)
          JOIN tree_nodes t ON t.level = n.level AND t.index = n.index
        """,
        *levels_and_indexes,
    )
    return {(record["level"], record["index"]): record["hash"] for record in records}


async def _range_hashes(conn: Reader, ranges: Iterable[Range]) -> Mapping[Range, bytes]:
    """Errors: ProofError when something of it is not sealed."""
    covers = {one: subtrees(*one) for one in ranges}
    hashes = await hashes_of(conn, {node for cover in covers.values() for node in cover})
    try:
        return {one: fold([hashes[node] for node in cover]) for one, cover in covers.items()}
    except KeyError:
        raise ProofError(f"the log is not sealed up to {max(end for _, end in covers)} yet") from None
