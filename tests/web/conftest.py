"""A running site for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.web.site import Site, running_site


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with running_site(database_url) as running:
        yield running


@pytest.fixture
async def stuck_site(database_url: str) -> AsyncIterator[Site]:
    """One on which nothing is ever projected."""
    async with running_site(database_url, projecting=False) as running:
        yield running
