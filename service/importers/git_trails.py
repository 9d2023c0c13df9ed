"""The way of each file back through the commits.

A file's chain is linear. It is followed back from the tip: through the first parent that has the same
text, else the commit is a revision and the walk goes on at its first parent. So a branch that was
merged as it is keeps its commits, and a merge that mixed two texts is one revision, by who merged.
A rename (Git's own guess, half the lines alike) goes on under the old name; a file that was deleted and
came back goes on with what it was before. Files that the tip does not have are not read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from service.importers.git_records import Change, Commit, TreeEntry
from service.importers.git_repository import Repository

REGULAR_FILES = {"100644", "100755", "100664"}  # the last one is written by very old Git


@dataclass(slots=True)
class Trail:
    """One file on the way back: `steps` are (commit, path, blob), newest first; no blob while deleted."""

    entry: TreeEntry
    blob: str | None
    steps: list[tuple[Commit, bytes, str]] = field(default_factory=list)


Trails = dict[bytes, list[Trail]]


def follow_back(git: Repository, tip: str, trails: Iterable[Trail]) -> None:
    """Walk once over all commits, children first, and carry each file's trail to one parent."""
    commits = git.commits(tip)
    trees = {commit.id: commit.tree for commit in commits}
    nothing = git.empty_tree()
    pairs = {c.id: [(trees[p], c.tree) for p in c.parents] or [(nothing, c.tree)] for c in commits}
    changes = git.changes(pair for found in pairs.values() for pair in found if pair[0] != pair[1])
    waiting: dict[str, Trails] = {tip: {trail.entry.path: [trail] for trail in trails}}
    for commit in commits:
        here = waiting.pop(commit.id, {})
        moved = _cross(commit, here, [_by_path(changes.get(pair, [])) for pair in pairs[commit.id]])
        for parent, carried in zip(commit.parents, moved, strict=False):
            waiting[parent] = _merged(waiting.get(parent, {}), carried)


def _by_path(changes: Iterable[Change]) -> dict[bytes, Change]:
    """Changes by the path they gave and, for what they took away, by the path that is gone."""
    changes = list(changes)
    gone = {change.old_path: change for change in changes if change.status in "DR"}
    return gone | {change.path: change for change in changes if change.status != "D"}


def _cross(commit: Commit, here: Trails, changes: list[dict[bytes, Change]]) -> list[Trails]:
    """Move the trails over one commit: what reaches each parent. A new text is written down here."""
    first = changes[0]
    moved: list[Trails] = [here, *({} for _ in changes[1:])]
    touched = {path: here.pop(path) for path in first if path in here}
    for path, trails in touched.items():
        same = next((n for n, other in enumerate(changes) if path not in other), None)
        if same is not None:
            moved[same].setdefault(path, []).extend(trails)
            continue
        for trail in trails:
            before = _step(commit, path, trail, first[path])
            if before is not None:
                moved[0].setdefault(before, []).append(trail)
    return moved


def _step(commit: Commit, path: bytes, trail: Trail, change: Change) -> bytes | None:
    """Take one trail over a commit that touched its path; the path before it, None at the file's start."""
    if trail.blob is None:
        return _find_deleted(path, trail, change)
    if trail.blob != change.old_blob or change.status in "CT":
        trail.steps.append((commit, path, trail.blob))
    if change.status in "AC":
        trail.blob = None
        return path if change.status == "A" else None
    trail.blob = change.old_blob
    return change.old_path if change.old_mode in REGULAR_FILES else None


def _find_deleted(path: bytes, trail: Trail, change: Change) -> bytes | None:
    """Before a file came back: go on with the deleted one, unless it lives on under another name."""
    if change.status == "D" and change.old_mode in REGULAR_FILES:
        trail.blob = change.old_blob
        return path
    return None


def _merged(there: Trails, carried: Trails) -> Trails:
    if len(there) < len(carried):
        there, carried = carried, there
    for path, trails in carried.items():
        there.setdefault(path, []).extend(trails)
    return there
