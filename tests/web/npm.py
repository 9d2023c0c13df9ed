"""Packages of npm that somebody has installed. Without them, tests are skipped, and say so."""

import os
import shutil
from pathlib import Path

import pytest


def packages(*wanted: str) -> Path:
    """The folder of NODE_PATH that has them all; the test is skipped when there is none."""
    paths = [Path(path) for path in os.environ.get("NODE_PATH", "").split(os.pathsep) if path]
    for path in paths if shutil.which("node") else ():
        if all((path / package).is_dir() for package in wanted):
            return path
    pytest.skip(f"NOT TRIED: needs node, and NODE_PATH to node_modules with {' and '.join(wanted)}")


def script(folder: Path, name: str, code: str, *wanted: str) -> Path:
    """Code as a module that finds those packages; the test is skipped when they are not there."""
    if not (folder / "node_modules").exists():
        (folder / "node_modules").symlink_to(packages(*wanted))
    path = folder / f"{name}.mjs"
    path.write_text(code, "utf-8")
    return path
