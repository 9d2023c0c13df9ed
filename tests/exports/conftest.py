"""How a log is exported, and room to import it."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.database import connector
from tests.conftest import GRANT_AGAIN
from tests.postgres import execute, fresh_database


@pytest.fixture
async def conn(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's role, to export through."""
    connection = await connector(database_url)()
    yield connection
    await connection.close()


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the database's owner, who here is a superuser."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def other_url(cluster_dsn: str, migrated_template: str) -> AsyncIterator[str]:
    """A second database, empty."""
    async with fresh_database(cluster_dsn, migrated_template) as dsn:
        await execute(dsn, GRANT_AGAIN)
        yield dsn
