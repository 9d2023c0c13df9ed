"""A Git repository under construction, made by real git."""

import os
import subprocess
from pathlib import Path

from service.importers.git_history import FileHistory, RefusedFile, read_histories

DAY = 86_400
ADA = {"NAME": "Ada", "EMAIL": "ada@example.org"}


class Work:
    """A repository under construction. Every commit is a day after the one before, unless told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.day = 0
        path.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, stdin: bytes = b"", **environment: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        people = {
            f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in ADA.items()
        }
        settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            check=True,
            env=clean | settings | people | environment,
        )
        return done.stdout.decode().strip()

    def write(self, path: str, content: str | bytes) -> None:
        target = self.path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)

    def commit(self, message: str = "change", *, at: int | None = None, **environment: str) -> str:
        self.day += 1
        when = f"@{self.day * DAY if at is None else at} +0200"
        self.git("add", "-A")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        self.git("commit", "-q", "--allow-empty", "-m", message, **(dates | environment))
        return self.git("rev-parse", "HEAD")

    def save(self, path: str, content: str | bytes, message: str = "change", **environment: str) -> str:
        self.write(path, content)
        return self.commit(message, **environment)

    def history(self, path: str, ref: str | None = None) -> FileHistory:
        found = [item for item in read_histories(self.path, ref) if item.path == path]
        assert len(found) == 1
        assert isinstance(found[0], FileHistory)
        return found[0]

    def refusal(self, path: str) -> str:
        found = [item for item in read_histories(self.path) if item.path == path]
        assert len(found) == 1
        assert isinstance(found[0], RefusedFile)
        return found[0].reason
