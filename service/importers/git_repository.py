"""Reading a Git repository through the `git` command.

Nothing is checked out, written or fetched, and no settings of the person who runs it have an effect.
"""

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from service.importers.git_records import Change, Commit, TreeEntry, parse_changes, parse_commit, parse_entry

RENAME_LIMIT = 1000  # more candidates than this in one commit: only exact renames are found


class GitError(Exception):
    """The repository cannot be read; the message says why and what to do."""


class Repository:
    """A work tree, a bare repository or a `.git` directory; never a directory further up.

    Errors: GitError when it is no complete repository, or when git itself fails.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise GitError(f"{path} is not a directory")
        self._path = path.resolve()
        if self.run("rev-parse", "--is-shallow-repository").strip() != b"false":
            raise GitError(
                f"{path} is a shallow clone, so its history is cut; run `git fetch --unshallow` in it"
            )

    def run(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What one git command prints."""
        done = self.attempt(*arguments, stdin=stdin)
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip() or f"exit code {done.returncode}"
            raise GitError(f"git {arguments[0]} failed in {self._path}: {reason}")
        return done.stdout

    def attempt(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Like `run`, for a command that may answer no."""
        try:
            return subprocess.run(  # noqa: S603 - a fixed program, no shell
                self._command(arguments),
                input=stdin,
                capture_output=True,
                env=_environment(self._path),
                check=False,
            )
        except FileNotFoundError as error:
            raise GitError("the program `git` is not installed") from error

    def commits(self, tip: str) -> list[Commit]:
        """Every commit that `tip` can reach, children before their parents."""
        fields = "%x00".join(["%H", "%P", "%T", "%an", "%ae", "%at", "%B"])
        printed = self.run(
            "log", "-z", "--topo-order", "--no-patch", "--no-show-signature", "--encoding=UTF-8",
            f"--format=tformat:{fields}", tip, "--",
        )  # fmt: skip
        words = printed.decode(errors="replace").split("\0")
        return [parse_commit(words[start : start + 7]) for start in range(0, len(words) - 1, 7)]

    def changes(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Change]]:
        """What differs between two trees (old, new), renames paired, for every pair at once."""
        asked = "".join(f"{old} {new}\n" for old, new in dict.fromkeys(pairs))
        printed = self.run(
            "diff-tree", "--stdin", "-z", "-r", "--raw", "-M", f"-l{RENAME_LIMIT}", "--no-ext-diff",
            stdin=asked.encode(),
        )  # fmt: skip
        return parse_changes(printed)

    def entries(self, commit: str) -> list[TreeEntry]:
        """Every path at a commit, in Git's order."""
        lines = self.run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0")[:-1]
        return [parse_entry(line) for line in lines]

    def refs(self) -> list[tuple[str, str]]:
        """Every ref that leads to a commit, with its name; a tag leads to what it names."""
        fields = "%(objecttype) %(objectname) %(refname)%00%(*objecttype) %(*objectname) %(refname)"
        lines = self.run("for-each-ref", f"--format={fields}").decode(errors="backslashreplace").splitlines()
        ways = [way.split(" ", 2) for line in lines for way in line.split("\0")]
        return [(name, commit) for kind, commit, name in ways if kind == "commit"]

    def empty_tree(self) -> str:
        """The id of the tree without files: what a first commit is compared with."""
        return self.run("hash-object", "-t", "tree", "--stdin").decode().strip()

    @contextmanager
    def blob_reader(self) -> Iterator["BlobReader"]:
        """One git process that answers for many blobs; it ends with the block."""
        with subprocess.Popen(  # noqa: S603 - a fixed program, no shell
            self._command(("cat-file", "--batch")),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(self._path),
        ) as process:
            if process.stdin is None or process.stdout is None:
                raise GitError("git cat-file gave no pipes")
            yield BlobReader(process.stdin, process.stdout)

    def _command(self, arguments: Iterable[str]) -> list[str]:
        # Nothing we run executes what a repository configures, so another owner's is safe to read.
        return ["git", "--no-pager", "-C", str(self._path), "-c", "safe.directory=*", *arguments]


class BlobReader:
    """Asks for one blob at a time, so neither side can block on a full pipe."""

    def __init__(self, questions: IO[bytes], answers: IO[bytes]) -> None:
        self._questions = questions
        self._answers = answers

    def read(self, blob: str) -> bytes:
        """The exact bytes of a blob. Errors: GitError when the repository lacks it."""
        try:
            self._questions.write(blob.encode() + b"\n")
            self._questions.flush()
        except BrokenPipeError as error:
            raise GitError(f"git cat-file ended before object {blob}") from error
        header = self._answers.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            raise GitError(f"object {blob} is missing or damaged; `git fsck` tells more")
        size = int(header[2])
        content = self._answers.read(size + 1)
        if len(content) != size + 1:
            raise GitError(f"git cat-file ended inside object {blob}")
        return content[:-1]


def _environment(path: Path) -> Mapping[str, str]:
    """The process's own environment without its Git settings: only the repository's content may speak."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {
        "LC_ALL": "C",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(path.parent),
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
    }
