"""The history of every note in a Git repository: the files at one commit, each with its chain of texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from service.importers.git_records import Commit
from service.importers.git_repository import BlobReader, GitError, Repository
from service.importers.git_trails import REGULAR_FILES, Trail, follow_back

__all__ = ["FileHistory", "FileRevision", "GitError", "RefusedFile", "read_histories", "resolve_ref"]

OTHER_MODES = {"120000": "it is a symbolic link", "160000": "it is a submodule"}


@dataclass(frozen=True, slots=True)
class FileRevision:
    """One text of a file and the commit that brought it. The author's time is as claimed: it may go back."""

    commit: str
    path: str
    author_name: str
    author_email: str
    authored_at: datetime
    message: str
    text: str


@dataclass(frozen=True, slots=True)
class FileHistory:
    """A file at the tip, its revisions oldest first; no two neighbours have the same text."""

    path: str
    revisions: tuple[FileRevision, ...]


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file at the tip that cannot be read as a note, and why, for the person who runs the import."""

    path: str
    reason: str


class _Unreadable(Exception):
    """Why one file is refused."""


def resolve_ref(repository: Path, ref: str | None) -> str:
    """The full hash of the commit to read: `ref`, else HEAD, else the only commit that refs point to.

    Errors: GitError for an unknown ref, an empty repository, or several refs and no HEAD (it names them).
    """
    return _resolve(Repository(repository), ref)


def read_histories(
    repository: Path, ref: str | None = None, *, pattern: str = "*.md"
) -> Iterator[FileHistory | RefusedFile]:
    """The history of each file at `ref` whose name matches `pattern`, in the order of Git's tree.

    Shape:  one item a file; the last revision's text is exactly the file's at `ref`.
    Units:  authored_at is UTC; texts keep their line ends and a byte order mark.
    Errors: GitError for a repository that cannot be read; a file that cannot is a RefusedFile.
            Names and messages that are not valid text have U+FFFD in place of the broken bytes.
    Source: seven git processes, whatever the number of commits; texts are read file by file.
    """
    git = Repository(repository)
    tip = _resolve(git, ref)
    trails = [Trail(entry, entry.blob) for entry in git.entries(tip) if _matches(entry.path, pattern)]
    follow_back(git, tip, [trail for trail in trails if trail.entry.mode in REGULAR_FILES])
    with git.blob_reader() as blobs:
        for trail in trails:
            yield _history(trail, blobs)


def _resolve(git: Repository, ref: str | None) -> str:
    found = git.attempt("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref or 'HEAD'}^{{commit}}")
    if found.returncode == 0:
        return found.stdout.decode().strip()
    names = git.refs()
    listed = ", ".join(name for name, _ in names[:20]) + (", …" if len(names) > 20 else "")
    if ref is not None:
        raise GitError(f"there is no commit {ref!r}; the refs are: {listed or 'none'}")
    if not names:
        raise GitError("the repository has no commits")
    if len({commit for _, commit in names}) > 1:
        raise GitError(f"HEAD names no commit; choose one of the refs with --ref: {listed}")
    return names[0][1]


def _matches(path: bytes, pattern: str) -> bool:
    return PurePosixPath(_shown(path)).match(pattern)


def _shown(path: bytes) -> str:
    return path.decode(errors="backslashreplace")


def _history(trail: Trail, blobs: BlobReader) -> FileHistory | RefusedFile:
    path = _shown(trail.entry.path)
    if trail.entry.mode not in REGULAR_FILES:
        return RefusedFile(path, OTHER_MODES.get(trail.entry.mode, f"its mode is {trail.entry.mode}"))
    try:
        return FileHistory(path, tuple(_revisions(trail, blobs)))
    except _Unreadable as error:
        return RefusedFile(path, str(error))


def _revisions(trail: Trail, blobs: BlobReader) -> Iterator[FileRevision]:
    last = None
    for commit, path, blob in reversed(trail.steps):
        if blob != last:
            yield _revision(commit, path, blobs.read(blob))
        last = blob


def _revision(commit: Commit, path: bytes, content: bytes) -> FileRevision:
    return FileRevision(
        commit=commit.id,
        path=_shown(path),
        author_name=commit.author_name,
        author_email=commit.author_email,
        authored_at=_time(commit),
        message=commit.message,
        text=_text(commit, content),
    )


def _text(commit: Commit, content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _Unreadable(f"it is not UTF-8 (byte {error.start} at commit {commit.id[:12]})") from error
    if "\0" in text:
        raise _Unreadable(f"it is not text: it has a NUL character at commit {commit.id[:12]}")
    return text


def _time(commit: Commit) -> datetime:
    try:
        return datetime.fromtimestamp(int(commit.authored_at), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise _Unreadable(f"commit {commit.id[:12]} has no readable author's time") from error
