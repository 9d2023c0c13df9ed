"""Fixtures of every test: a migrated database of its own, quickly."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.migrations import migrate
from tests.postgres import database, execute, fresh_database, running_cluster
from tests.projections.history import World

# A busy machine is no failure; and each example may have what the fixtures of its test have made.
settings.register_profile(
    "patient",
    settings.default,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("patient")

# A copied database does not inherit the rights on the template itself, which migration 0004 gives.
GRANT_AGAIN = """
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO shortscience_service', current_database()); END $$
"""


@pytest.fixture(scope="session")
def cluster_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A superuser's DSN of the cluster that all tests share; made and stopped once a session."""
    data_dir: Path = tmp_path_factory.mktemp("cluster")
    with running_cluster(data_dir) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def migrated_template(cluster_dsn: str) -> str:
    """The name of a database with every migration applied, to be copied."""

    async def make() -> None:
        await execute(cluster_dsn, "CREATE DATABASE migrated_template")
        await migrate(database(cluster_dsn, "migrated_template"))

    with ThreadPoolExecutor(1) as thread:  # a loop of its own, away from the tests' loop
        thread.submit(asyncio.run, make()).result()
    return "migrated_template"


@pytest.fixture
async def database_url(cluster_dsn: str, migrated_template: str) -> AsyncIterator[str]:
    """A migrated, empty database of the test's own."""
    async with fresh_database(cluster_dsn, migrated_template) as dsn:
        await execute(dsn, GRANT_AGAIN)
        yield dsn


@pytest.fixture
async def empty_database_url(cluster_dsn: str) -> AsyncIterator[str]:
    """A database of the test's own without any migration."""
    async with fresh_database(cluster_dsn, "template0") as dsn:
        yield dsn


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    """Connections as the service's role."""
    async with connection_pool(database_url, max_size=12) as opened:
        yield opened


@pytest.fixture
async def store(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[PostgresStore]:
    """The log in it."""
    async with PostgresStore.open(pool, connector(database_url)) as opened:
        yield opened


@pytest.fixture
def world(store: PostgresStore) -> World:
    """Who acts in the test."""
    return World(store)
