"""The whole API on a database of the test's own: a log, a runner that projects it, people who ask."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest
import strawberry
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from projections.progress import Progress
from projections.runner import Runner
from schema.build import build_schema
from schema.context import Tools
from service.accounts.passwords import Passwords
from service.accounts.service import Accounts
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.integrations.posting import Poster
from tests.integrations.receiver import Receiver, receiving
from tests.schema.people import Api


@pytest.fixture(scope="session")
def schema() -> strawberry.Schema:
    return build_schema()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connection_pool(database_url, max_size=8) as opened:
        yield opened


@pytest.fixture
async def tools(database_url: str, pool: asyncpg.Pool) -> AsyncIterator[Tools]:
    """The tools, without a runner: what is recorded is not projected."""

    def clock() -> datetime:
        return datetime.now(UTC)

    async with PostgresStore.open(pool, connector(database_url)) as store:
        passwords = Passwords(PasswordHasher.from_parameters(CHEAPEST))
        yield Tools(
            store=store,
            pool=pool,
            accounts=Accounts(pool, store, clock, os.urandom, passwords),
            progress=Progress(pool),
            log_id=(await store.head()).log_id,
            secret=await pool.fetchval("SELECT secret FROM installation"),
            clock=clock,
            random=os.urandom,
            base_url="https://example.org",
            wait_seconds=20.0,
        )


@pytest.fixture
async def api(schema: strawberry.Schema, tools: Tools) -> AsyncIterator[Api]:
    """The API as people meet it."""
    runner = Runner(tools.pool, tools.store, tools.progress, holder="test")
    running = asyncio.create_task(runner.run())
    yield Api(schema, tools)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.fixture
def near(api: Api) -> Api:
    """The API, which may send to this machine."""
    return Api(api.schema, replace(api.tools, poster=Poster(private=True)))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Of webhooks."""
    async with receiving() as opened:
        yield opened
