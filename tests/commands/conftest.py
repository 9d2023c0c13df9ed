"""The log, in memory and on PostgreSQL, and people at work on it."""

import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.commands.summary import PublishSummary, publish_summary
from service.commands.user import SignUp, sign_up
from service.database import connection_pool, connector
from service.eventstore.memory import MemoryStore
from service.eventstore.model import EventStore
from service.eventstore.postgres import PostgresStore

SECRET = b"a secret of this test's installation"


@pytest.fixture
def memory_store() -> EventStore:
    return MemoryStore()


@pytest.fixture
async def postgres_store(database_url: str) -> AsyncIterator[EventStore]:
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        yield store


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> EventStore:
    found: EventStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture
def visitor(store: EventStore) -> Context:
    return Context(store, SECRET, lambda: datetime.now(UTC), os.urandom, actor=None)


@pytest.fixture
async def ada(visitor: Context) -> Context:
    return replace(visitor, actor=(await sign_up(visitor, SignUp("ada", "Ada Lovelace"))).id)


@pytest.fixture
async def bob(visitor: Context) -> Context:
    return replace(visitor, actor=(await sign_up(visitor, SignUp("bob"))).id)


@pytest.fixture
async def paper(ada: Context) -> UUID:
    fields = PaperFields("k", "FaceNet", doi="10.1109/CVPR.2015.7298682", arxiv_id="1503.03832")
    return (await register_paper(ada, RegisterPaper(fields))).id


@pytest.fixture
async def summary(ada: Context, paper: UUID) -> UUID:
    return (await publish_summary(ada, PublishSummary(paper, "Faces as points."))).id
