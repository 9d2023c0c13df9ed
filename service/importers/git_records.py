"""What Git prints about commits, trees and their differences, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit as Git has it. `authored_at` is seconds since 1970, still as Git wrote it."""

    id: str
    parents: tuple[str, ...]
    tree: str
    author_name: str
    author_email: str
    authored_at: str
    message: str


@dataclass(frozen=True, slots=True)
class Change:
    """One path in the difference of two trees. `status` is Git's letter: A, M, D, R, C or T."""

    status: str
    old_path: bytes
    path: bytes
    old_mode: str
    old_blob: str


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One path at a commit. `mode` tells files (100644, 100755) from links and submodules."""

    path: bytes
    mode: str
    blob: str


def parse_commit(words: list[str]) -> Commit:
    """The seven fields in which `git log` prints a commit."""
    commit, parents, tree, name, email, seconds, message = words
    return Commit(commit, tuple(parents.split()), tree, name, email, seconds, message.strip())


def parse_entry(line: bytes) -> TreeEntry:
    """One line of `git ls-tree -z`."""
    about, _, path = line.partition(b"\t")
    mode, _, blob = about.decode().split()
    return TreeEntry(path, mode, blob)


def parse_changes(printed: bytes) -> dict[tuple[str, str], list[Change]]:
    """What differs, by (old tree, new tree), from `git diff-tree --stdin -z --raw`.

    Shape: lines `old new`, each followed by records `:modes ids status NUL path NUL [path NUL]`.
    """
    found: dict[tuple[str, str], list[Change]] = {}
    current: list[Change] = []
    position = 0
    while position < len(printed):
        if printed[position : position + 1] != b":":
            end = printed.index(b"\n", position)
            old, new = printed[position:end].decode().split()
            current = found.setdefault((old, new), [])
            position = end + 1
            continue
        change, position = _change(printed, position)
        current.append(change)
    return found


def _change(printed: bytes, position: int) -> tuple[Change, int]:
    end = printed.index(b"\0", position)
    old_mode, _, old_blob, _, status = printed[position + 1 : end].decode().split()
    paths: list[bytes] = []
    for _ in range(2 if status[0] in "RC" else 1):
        start, end = end + 1, printed.index(b"\0", end + 1)
        paths.append(printed[start:end])
    return Change(status[0], paths[0], paths[-1], old_mode, old_blob), end + 1
