"""The Merkle tree of RFC 6962 (section 2.1), over leaves numbered from 0.

A tree of any size is made of complete subtrees: node (level, index) covers the 2**level leaves from
index * 2**level on. Complete subtrees never change, so they are what is stored.
"""

import hashlib
from collections.abc import Sequence
from typing import Self

from service.verification.errors import ProofError

HASH_BYTES = 32
LARGEST = 2**63 - 1  # leaves
EMPTY_ROOT = hashlib.sha256().digest()

Node = tuple[int, int]  # (level, index)
Range = tuple[int, int]  # leaves start … end - 1


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf; never that of a node."""
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return hashlib.sha256(b"\1" + left + right).digest()


def subtrees(start: int, end: int) -> list[Node]:
    """The largest complete subtrees that cover leaves start … end - 1, from left to right."""
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """The hash over a range that `subtrees` covers with these."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


class Frontier:
    """The right edge of a tree: all that is needed to let it grow, and to know its root."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    @classmethod
    def of(cls, size: int, hashes: Sequence[bytes]) -> Self:
        """The frontier of a tree whose `subtrees(0, size)` have these hashes. Errors: ValueError."""
        if len(hashes) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} subtrees, not {len(hashes)}")
        frontier = cls()
        frontier.size, frontier._hashes = size, list(hashes)
        return frontier

    def append(self, leaf: bytes) -> list[tuple[Node, bytes]]:
        """Take in the hash of the next leaf: the nodes that it completes, itself first."""
        level, index, made = 0, self.size, leaf
        completed = [((level, index), made)]
        while index & 1:
            made = node_hash(self._hashes.pop(), made)
            level, index = level + 1, index >> 1
            completed.append(((level, index), made))
        self._hashes.append(made)
        self.size += 1
        return completed

    def root(self) -> bytes:
        return fold(self._hashes)


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """Whose hashes prove that a leaf is in the tree, from the bottom up. Errors: ProofError."""
    if not 0 <= index < size <= LARGEST:
        raise ProofError(f"there is no leaf {index} in a tree of {size} leaves")
    ranges = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    return ranges[::-1]


def consistency_ranges(first: int, second: int) -> list[Range]:
    """Whose hashes prove that a tree is the beginning of a larger one, bottom up. Errors: ProofError."""
    if not 0 <= first <= second <= LARGEST:
        raise ProofError(f"a tree of {first} leaves is not the beginning of one of {second}")
    if first in (0, second):
        return []
    ranges = []
    start, end = 0, second
    while end != first:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:  # else it is the whole first tree, whose root is known
        ranges.append((start, first))
    return ranges[::-1]


def _split(size: int) -> int:
    """The largest power of two below this size."""
    return 1 << ((size - 1).bit_length() - 1)


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an audit path leads to. Errors: ProofError for a path of another length."""
    ranges = inclusion_ranges(index, size)
    _check_hashes(path, len(ranges))
    root = leaf
    for (start, _), other in zip(ranges, path, strict=True):
        root = node_hash(root, other) if start > index else node_hash(other, root)
    return root


def verify_consistency(
    first: int, second: int, proof: Sequence[bytes], first_root: bytes, second_root: bytes
) -> None:
    """That the tree of `second` leaves begins with the tree of `first` leaves. Errors: ProofError."""
    ranges = consistency_ranges(first, second)
    _check_hashes(proof, len(ranges))
    if not ranges:
        _check_same(first, first_root, second_root if first == second else EMPTY_ROOT)
        return
    rest = list(zip(ranges, proof, strict=True))
    old = new = rest.pop(0)[1] if ranges[0][1] == first else first_root
    for (start, _), other in rest:
        if start >= first:
            new = node_hash(new, other)
        else:
            old, new = node_hash(other, old), node_hash(other, new)
    _check_same(first, first_root, old)
    _check_same(second, second_root, new)


def _check_hashes(hashes: Sequence[bytes], count: int) -> None:
    if len(hashes) != count:
        raise ProofError(f"the proof has {len(hashes)} hashes, and must have {count}")
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofError(f"a hash of the proof is not {HASH_BYTES} bytes long")


def _check_same(size: int, expected: bytes, found: bytes) -> None:
    if expected != found:
        raise ProofError(
            f"the proof leads to another root of the tree of {size} leaves: {found.hex()}, "
            f"not {expected.hex()}"
        )
