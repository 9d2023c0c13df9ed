"""The tree against the text of RFC 6962, section 2.1, written out naively, and against known roots."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.verification.errors import ProofError
from service.verification.merkle import (
    EMPTY_ROOT,
    Frontier,
    Range,
    consistency_ranges,
    fold,
    inclusion_ranges,
    leaf_hash,
    root_of_inclusion,
    subtrees,
    verify_consistency,
)

SIZES = range(1, 71)

# The leaves and roots that implementations of Certificate Transparency test themselves with.
KNOWN_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
KNOWN_PROOF = ("0ebc5d34", "ca854ea1", "d37ee418")  # that the tree of 6 of them is the beginning of that of 8
KNOWN_ROOTS = ("6e340b9c", "fac54203", "aeb6bcfe", "d37ee418", "4e3bbb1f", "76e67dad", "ddb89be4", "5dc9da79")


def leaves(count: int) -> list[bytes]:
    return [str(number).encode() for number in range(count)]


def naive_root(entries: Sequence[bytes]) -> bytes:
    """MTH."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\0" + entries[0]).digest()
    k = split(len(entries))
    return sha256(b"\1" + naive_root(entries[:k]) + naive_root(entries[k:])).digest()


def naive_path(m: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*naive_path(m, entries[:k]), naive_root(entries[k:])]
    return [*naive_path(m - k, entries[k:]), naive_root(entries[:k])]


def naive_proof(m: int, entries: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF."""
    if m == len(entries):
        return [] if whole else [naive_root(entries)]
    k = split(len(entries))
    if m <= k:
        return [*naive_proof(m, entries[:k], whole), naive_root(entries[k:])]
    return [*naive_proof(m - k, entries[k:], False), naive_root(entries[:k])]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


class Tree:
    """All nodes of a tree that our frontier made."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        self.frontier = Frontier()
        self.nodes = {node: hash_ for e in entries for node, hash_ in self.frontier.append(leaf_hash(e))}

    def hashes(self, ranges: Sequence[Range]) -> list[bytes]:
        return [fold([self.nodes[node] for node in subtrees(*one)]) for one in ranges]


def damaged(proof: Sequence[bytes]) -> list[list[bytes]]:
    """The proof with one hash changed, dropped, doubled, or put elsewhere; and one added."""
    found = [[*proof, b"\0" * 32], [b"\0" * 32, *proof]]
    for i, one in enumerate(proof):
        before, after = list(proof[:i]), list(proof[i + 1 :])
        found += [
            [*before, bytes([one[0] ^ 1]) + one[1:], *after],
            before + after,
            [*before, one, one, *after],
        ]
        found += [[*before, one[:31] + bytes([one[31] ^ 0x80]), *after], [*before, one[:31], *after]]
        found += [[*before, after[0], one, *after[1:]]] if after and after[0] != one else []
    return found


def test_roots_and_proofs_are_those_of_certificate_transparency() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == naive_root([])
    for leaf, root in zip(KNOWN_LEAVES, KNOWN_ROOTS, strict=True):
        frontier.append(leaf_hash(bytes.fromhex(leaf)))
        assert frontier.root().hex().startswith(root)
    proof = Tree([bytes.fromhex(leaf) for leaf in KNOWN_LEAVES]).hashes(consistency_ranges(6, 8))
    assert tuple(one.hex()[:8] for one in proof) == KNOWN_PROOF


@pytest.mark.parametrize("size", SIZES)
def test_the_tree_is_that_of_the_text(size: int) -> None:
    entries = leaves(size)
    tree = Tree(entries)
    assert tree.frontier.root() == naive_root(entries)
    assert {
        node: naive_root(entries[i << level : i + 1 << level]) for node in tree.nodes for level, i in [node]
    } == (tree.nodes)
    again = Frontier.of(size, [tree.nodes[node] for node in subtrees(0, size)])
    assert again.append(leaf_hash(b"next")) == tree.frontier.append(leaf_hash(b"next"))
    assert again.root() == naive_root([*entries, b"next"])


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_is_proved_and_nothing_else(size: int) -> None:
    entries = leaves(size)
    tree, root = Tree(entries), naive_root(entries)
    for index, entry in enumerate(entries):
        path = tree.hashes(inclusion_ranges(index, size))
        assert path == naive_path(index, entries)
        assert root_of_inclusion(leaf_hash(entry), index, size, path) == root
        for other in damaged(path):
            assert not included(entry, index, size, other, root)
        assert not included(b"another", index, size, path, root)
        for wrong in {*range(size), -1, size} - {index}:
            assert not included(entry, wrong, size, path, root)


def included(entry: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    try:
        return root_of_inclusion(leaf_hash(entry), index, size, path) == root
    except ProofError:
        return False


@pytest.mark.parametrize("second", SIZES)
def test_consistency_is_proved_and_nothing_else(second: int) -> None:
    entries = leaves(second)
    tree, root = Tree(entries), naive_root(entries)
    for first in range(1, second + 1):
        old = naive_root(entries[:first])
        proof = tree.hashes(consistency_ranges(first, second))
        assert proof == naive_proof(first, entries)
        verify_consistency(first, second, proof, old, root)
        for other in damaged(proof):
            assert not consistent(first, second, other, old, root)
        assert not consistent(first, second, proof, naive_root([*entries[: first - 1], b"changed"]), root)
        assert not consistent(first, second, proof, old, naive_root([b"changed", *entries[1:]]))
        for wrong in {first - 1, first + 1} - {0}:
            assert not consistent(wrong, second, proof, old, root)


def consistent(first: int, second: int, proof: Sequence[bytes], old: bytes, new: bytes) -> bool:
    try:
        verify_consistency(first, second, proof, old, new)
    except ProofError:
        return False
    return True


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    verify_consistency(0, 3, [], EMPTY_ROOT, naive_root(leaves(3)))
    assert not consistent(0, 3, [], naive_root(leaves(1)), naive_root(leaves(3)))
    assert not consistent(0, 3, [b"\0" * 32], EMPTY_ROOT, naive_root(leaves(3)))
    assert not consistent(4, 3, [], naive_root(leaves(4)), naive_root(leaves(3)))


@given(st.integers(1, 3000), st.data())
def test_larger_trees(size: int, data: st.DataObject) -> None:
    entries = leaves(size)
    tree = Tree(entries)
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert tree.frontier.root() == naive_root(entries)
    path = tree.hashes(inclusion_ranges(index, size))
    assert path == naive_path(index, entries)
    assert included(entries[index], index, size, path, naive_root(entries))
    proof = tree.hashes(consistency_ranges(first, size))
    assert proof == naive_proof(first, entries)
    verify_consistency(first, size, proof, naive_root(entries[:first]), naive_root(entries))


@given(st.integers(1, 2**63 - 1), st.data())
def test_covers_of_the_largest_trees_are_complete_and_short(size: int, data: st.DataObject) -> None:
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for ranges in (inclusion_ranges(index, size), consistency_ranges(first, size)):
        assert len(ranges) <= size.bit_length() + 1
        for start, end in ranges:
            cover = [(i << level, i + 1 << level) for level, i in subtrees(start, end)]
            assert [start, *(e for _, e in cover)] == [*(s for s, _ in cover), end]
    covered = sorted([*inclusion_ranges(index, size), (index, index + 1)])
    assert [0, *(end for _, end in covered)] == [*(start for start, _ in covered), size]


def test_a_frontier_needs_the_hashes_of_its_subtrees() -> None:
    with pytest.raises(ValueError, match="has 2 subtrees, not 1"):
        Frontier.of(3, [b"\0" * 32])
