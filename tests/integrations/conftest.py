"""A log on PostgreSQL that is projected, and who acts in the test."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from tests.projections.history import World


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connection_pool(database_url, max_size=12) as opened:
        yield opened


@pytest.fixture
async def store(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[PostgresStore]:
    async with PostgresStore.open(pool, connector(database_url)) as opened:
        yield opened


@pytest.fixture
def world(store: PostgresStore) -> World:
    """Who acts in the test."""
    return World(store)
