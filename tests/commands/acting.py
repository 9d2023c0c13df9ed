"""Words for tests of commands."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.domain.errors import DomainError
from service.domain.events import DomainEvent
from service.eventstore.model import EventStore


async def position(store: EventStore) -> int:
    return (await store.head()).position


async def events(store: EventStore, after: int = 0) -> list[DomainEvent]:
    return [recorded.event for recorded in await store.read(after, 1000)]


async def topics(store: EventStore, after: int = 0) -> list[str]:
    return [type(event).__name__ for event in await events(store, after)]


async def refused(store: EventStore, action: Awaitable[Any], kind: type[DomainError], *path: str) -> Any:
    """The error with which it was refused; and nothing was appended."""
    async with unchanged(store):
        with pytest.raises(kind) as error:
            await action
    assert error.value.path == path
    return error.value


@asynccontextmanager
async def unchanged(store: EventStore) -> AsyncIterator[None]:
    before = await position(store)
    yield
    assert await position(store) == before
