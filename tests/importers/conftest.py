"""Fixtures of the importers' tests."""

from pathlib import Path

import pytest

from tests.importers.repository import Work


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "notes")
