"""Histories to export, exports as files, and what is read from them."""

import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg

from service.database import connection_pool, connector
from service.domain.events import Visibility, VoteValue
from service.eventstore.model import EventStore
from service.eventstore.postgres import PostgresStore
from service.exports.checking import Item, checked
from service.exports.exporting import export_complete, export_public
from service.exports.files import gzipped, lines_of
from service.exports.logcheck import Proved
from service.exports.summary import export_summary
from service.exports.trust import parse_key
from service.verification.notes import Verifier
from tests.projections.history import ACTIONS, START, World, play
from tests.projections.projecting import project_all
from tests.projections.sealing import seal, vkey

EVERYTHING = [(name, i, i * 3, i * 7) for i in range(6) for name in ACTIONS]


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[tuple[asyncpg.Pool, PostgresStore]]:
    """A log in this database."""
    async with (
        connection_pool(dsn, max_size=8) as pool,
        PostgresStore.open(pool, connector(dsn)) as store,
    ):
        yield pool, store


async def live(pool: asyncpg.Pool, store: EventStore, world: World) -> None:
    """A history with something of everything, sealed three times, its end not sealed, all projected."""
    await play(world, EVERYTHING)
    await seal(pool, store)
    paper, author = world.papers[0], world.users[0]
    one = await world.publish(paper, author, "Imported ∑ text", at=START)
    await world.revise(one, "Its second text", "a note", at=START)
    await world.restore(one, 1)
    await seal(pool, store)
    await world.redact(one, 2, "a reason")
    hidden = await world.publish(paper, uuid4(), "A hidden text", Visibility.PRIVATE)
    await world.vote(hidden, uuid4(), VoteValue.DOWN)
    await world.publish(paper, uuid4(), "An anonymous text", anonymous=True)
    await seal(pool, store)
    await world.comment(one.id, author, "A comment that is not sealed yet")
    await project_all(pool, store)


async def bytes_of(blocks: AsyncGenerator[bytes, None]) -> bytes:
    """Uncompressed."""
    return b"".join([block async for block in blocks])


async def complete(conn: asyncpg.Connection) -> bytes:
    return await bytes_of(export_complete(conn))


async def public(conn: asyncpg.Connection) -> bytes:
    return await bytes_of(export_public(conn))


async def about(conn: asyncpg.Connection, summary: UUID) -> bytes:
    return await bytes_of(export_summary(conn, summary))


async def write(blocks: AsyncGenerator[bytes, None], path: Path) -> Path:
    """As the command does."""
    path.write_bytes(await bytes_of(gzipped(blocks)))  # noqa: ASYNC240 (nobody else waits)
    return path


def packed(data: bytes) -> bytes:
    """With gzip."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(data) + packer.flush()


def read(path: Path, *keys: Verifier, outside: str | None = None) -> list[Item]:
    """Everything in a file, checked."""
    return list(checked(lines_of(path), keys, outside))


def proved(data: bytes, *keys: Verifier, outside: str | None = None) -> Proved:
    """What these bytes prove."""
    *_, last = checked(data.splitlines(keepends=True), keys, outside)
    assert isinstance(last, Proved)
    return last


def lines(data: bytes) -> list[bytes]:
    return [line + b"\n" for line in data.split(b"\n")[:-1]]


def joined(changed: Sequence[bytes]) -> bytes:
    return b"".join(changed)


async def key_of(store: EventStore) -> Verifier:
    """The key that seals in tests."""
    return parse_key(vkey((await store.head()).log_id))
