"""Fixtures of the importers' tests."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.commands.context import Context
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from tests.importers.repository import Work


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "notes")


@pytest.fixture
async def ctx(database_url: str) -> AsyncIterator[Context]:
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        yield Context(store, b"secret", lambda: datetime.now(UTC), os.urandom, actor=None)
