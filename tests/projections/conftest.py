"""A log on PostgreSQL, and the pool through which its read models are written and read."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from tests.projections.history import World


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connection_pool(database_url, max_size=8) as opened:
        yield opened


@pytest.fixture
async def store(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[PostgresStore]:
    async with PostgresStore.open(pool, connector(database_url)) as opened:
        yield opened


@pytest.fixture
def world(store: PostgresStore) -> World:
    """Who acts in the test."""
    return World(store)
