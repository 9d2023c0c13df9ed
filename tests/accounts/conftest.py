"""Accounts on PostgreSQL, with a clock to turn and passwords that are quick to hash."""

import os
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from argon2 import PasswordHasher
from argon2.profiles import CHEAPEST

from service.accounts.passwords import Passwords
from service.accounts.service import Accounts
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


MakeAccounts = Callable[[PasswordHasher], Accounts]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[asyncpg.Pool]:
    async with connection_pool(database_url) as pool:
        yield pool


@pytest.fixture
async def store(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[PostgresStore]:
    async with PostgresStore.open(pool, connector(database_url)) as store:
        yield store


@pytest.fixture
def make_accounts(pool: asyncpg.Pool, store: PostgresStore, clock: Clock) -> MakeAccounts:
    """Accounts with another hasher, as after a new start of the server."""
    return lambda hasher: Accounts(pool, store, clock, os.urandom, Passwords(hasher))


@pytest.fixture
def accounts(make_accounts: MakeAccounts) -> Accounts:
    return make_accounts(PasswordHasher.from_parameters(CHEAPEST))
