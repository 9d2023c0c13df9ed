"""What clients were told, held against what the database has."""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import UUID

import asyncpg

from projections import rebuild
from schema import ids as ids_of_nodes
from service.database import connection_pool, connector
from service.domain import events, ids
from service.eventstore.model import Recorded
from service.eventstore.postgres import PostgresStore
from tests.end_to_end.client import Person
from tests.end_to_end.server import PATIENCE
from tests.end_to_end.traffic import Notes, Request

PROJECTED = "SELECT (SELECT position FROM log_head) = (SELECT position FROM read.checkpoint)"


def uuid_of(node_id: str) -> UUID:
    return ids_of_nodes.uuid_of(node_id, ("id",), "Paper", "Summary", "Comment", "User")


async def compare(dsn: str, people: list[Person], notes: Notes) -> None:
    """All that can be compared, once the read models have caught up."""
    async with connection_pool(dsn) as pool:
        store = PostgresStore(pool, connector(dsn))
        await projected(pool)
        await compare_with_log(pool, store, people, notes)
        await compare_with_rebuild(pool, store)


async def whole_log(store: PostgresStore) -> list[Recorded]:
    """Every event, with the texts that survive."""
    recorded: list[Recorded] = []
    while batch := await store.read(len(recorded), 5_000):
        recorded += batch
    return recorded


async def compare_with_log(
    pool: asyncpg.Pool, store: PostgresStore, people: list[Person], notes: Notes
) -> None:
    """Accepted is there, refused is absent, nothing else is, and nothing twice; positions are 1..N."""
    log = await whole_log(store)
    assert [recorded.position for recorded in log] == list(range(1, len(log) + 1))
    assert (await store.head()).position == len(log)
    secret = await pool.fetchval("SELECT secret FROM installation")
    commands = dict(await pool.fetch("SELECT command_id, position FROM commands"))
    by_command: dict[UUID, list[Recorded]] = defaultdict(list)
    for position, command_id in await pool.fetch("SELECT position, correlation_id FROM events"):
        by_command[command_id].append(log[position - 1])

    for request in notes.refused:
        command_id = _command_id(secret, request)
        assert command_id not in commands, request
        assert command_id not in by_command, request
    for request in notes.accepted:
        command_id = _command_id(secret, request)
        assert commands[command_id] == request.position, request
        _compare(request, sorted(by_command.pop(command_id), key=lambda recorded: recorded.position))
    rest = [recorded.event for found in by_command.values() for recorded in found]
    assert {type(event) for event in rest} == {events.UserSignedUp}
    assert {event.originator_id for event in rest} == {uuid_of(person.id) for person in people}
    assert len(rest) == len(people)


def _command_id(secret: bytes, request: Request) -> UUID:
    return ids.derived_id(secret, b"command", uuid_of(request.person.id).bytes, request.key.encode())


def _compare(request: Request, recorded: list[Recorded]) -> None:
    """The events of one request: where it was told, once, with its content."""
    assert tuple(type(one.event).__name__ for one in recorded) == request.topics, request
    last = recorded[-1].position
    assert [one.position for one in recorded] == list(range(last + 1 - len(recorded), last + 1))
    assert last == request.position
    subject, actor, event = uuid_of(request.subject), uuid_of(request.person.id), recorded[0].event
    match event:
        case events.PaperRegistered(bibtex_key=key):
            assert (event.originator_id, key) == (subject, request.given["fields"]["bibtexKey"])
        case events.SummaryPublished(body=body, author_id=author):
            assert (event.originator_id, author, body) == (subject, actor, request.given["body"])
        case events.SummaryRevised(body=body, revision=revision):
            assert (event.originator_id, revision, body) == (subject, 2, request.given["body"])
        case events.CommentPosted(body=body, author_id=author):
            assert (event.originator_id, author, body) == (subject, actor, request.given["body"])
        case events.VoteCast(subject_id=about, voter_id=voter, value=value):
            assert (about, voter, value) == (subject, actor, request.given["value"])
        case _:
            raise AssertionError(f"nobody asked for {event}")


async def compare_with_rebuild(pool: asyncpg.Pool, store: PostgresStore) -> None:
    """The live read models and rendered texts are those that the log alone gives."""
    live = await read_models(pool)
    await pool.execute("DELETE FROM rendered")
    assert await rebuild.rebuild(pool, store) == (await store.head()).position
    assert await read_models(pool) == live


async def read_models(pool: asyncpg.Pool) -> dict[str, list[Any]]:
    """Every row of every table that is made from the log."""
    names = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'read' ORDER BY 1")
    tables = [f'read."{name}"' for (name,) in names]
    assert len(tables) >= 8, tables
    return {table: await _rows(pool, table) for table in [*tables, "public.rendered"]}


async def _rows(pool: asyncpg.Pool, table: str) -> list[Any]:
    rows = await pool.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")  # noqa: S608 (names of our tables)
    return [text for (text,) in rows]


async def projected(pool: asyncpg.Pool) -> None:
    """Wait until the read models show the whole log."""
    async with asyncio.timeout(PATIENCE):
        while not await pool.fetchval(PROJECTED):  # noqa: ASYNC110 (another process does it)
            await asyncio.sleep(0.05)
