"""Trees that seal a log in tests, and what they have made."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections.follower import followed_to
from projections.log_keys import keys
from projections.tree import Tree
from projections.tree_reader import sealed_size
from service.eventstore.entries import encode, read_entries
from service.eventstore.model import EventStore
from service.verification.checkpoints import key_name
from service.verification.notes import Signer, Verifier

PATIENCE = 60.0
KEY = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"\2" * 32)


@asynccontextmanager
async def sealing(
    pool: asyncpg.Pool, store: EventStore, key: Ed25519PrivateKey = KEY, **options: object
) -> AsyncIterator[Tree]:
    """A tree that grows until the end of the body, quickly."""
    options = {"holder": "one", "lease_seconds": 1.0, "sign_seconds": 0.0, **options}
    tree = Tree(pool, store, key, **options)  # type: ignore[arg-type]
    task = asyncio.create_task(tree.run())
    try:
        yield tree
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def sealed(pool: asyncpg.Pool | asyncpg.Connection, position: int) -> None:
    """Wait until a checkpoint of this size, or larger, is signed."""
    async with asyncio.timeout(PATIENCE):
        while await sealed_size(pool) < position:  # noqa: ASYNC110 (state of another process)
            await asyncio.sleep(0.02)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what another task does."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (state of another task, without an event)
            await asyncio.sleep(0.02)


async def seal(pool: asyncpg.Pool, store: EventStore, **options: object) -> None:
    """Up to the head."""
    async with sealing(pool, store, **options):
        await sealed(pool, (await store.head()).position)


async def lines(pool: asyncpg.Pool) -> list[bytes]:
    """What the leaves are made of."""
    return [encode(entry) for entry in await read_entries(pool, 0, 1_000_000)]


async def verifiers(pool: asyncpg.Pool) -> list[Verifier]:
    return [Verifier.from_vkey(vkey) for vkey in await keys(pool)]


async def size(pool: asyncpg.Pool) -> int:
    return await followed_to(pool, "tree")


def vkey(log_id: UUID, key: Ed25519PrivateKey = KEY) -> str:
    return Signer(key_name(log_id), key).vkey
