"""Running sites: one for each test, or one for all tests of a module that only read."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.postgres import fresh_database
from tests.web.site import Site, running_site


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def quiet_site(cluster_dsn: str, migrated_template: str) -> AsyncIterator[Site]:
    """An empty one, for tests that change nothing and run in the module's loop."""
    async with fresh_database(cluster_dsn, migrated_template) as dsn, running_site(dsn) as running:
        yield running


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with running_site(database_url) as running:
        yield running


@pytest.fixture
async def stuck_site(database_url: str) -> AsyncIterator[Site]:
    """One on which nothing is ever projected."""
    async with running_site(database_url, projecting=False, patience=0.5) as running:
        yield running
