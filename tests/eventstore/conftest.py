"""Both stores, empty and open."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.memory import MemoryStore
from service.eventstore.model import EventStore
from service.eventstore.postgres import PostgresStore


@pytest.fixture
async def postgres(database_url: str) -> AsyncIterator[PostgresStore]:
    """The log on PostgreSQL."""
    async with (
        connection_pool(database_url, max_size=4) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        yield store


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> EventStore:
    """Each of the two stores in turn: a test that takes it is a promise of both."""
    if request.param == "memory":
        return MemoryStore()
    opened: EventStore = request.getfixturevalue("postgres")
    return opened


@pytest.fixture
async def owner(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the database's owner, who here is a superuser."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's role."""
    connection = await connector(database_url)()
    yield connection
    await connection.close()
