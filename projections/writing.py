"""What all writers share: transactions on a schema, the checkpoint, and sets of rows."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg

Row = TypeVar("Row")


class Writer(Protocol):
    """A connection in a transaction whose search path leads to the tables to write."""

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """All records that a statement returns."""
        ...

    async def execute(self, sql: str, *args: Any) -> str:
        """What a statement did, such as "UPDATE 1"."""
        ...


class CheckpointMoved(Exception):
    """Someone else projected meanwhile, or the tables were rebuilt: start again from the checkpoint."""


@asynccontextmanager
async def on_schema(conn: asyncpg.Connection, schema: str) -> AsyncIterator[None]:
    """In a transaction: names without a schema are this schema's, or the log's.

    Plans are made anew each time: one kept from when the tables were empty would scan them. A commit
    need not reach the disk: what a crash takes away, rows and checkpoint together, is projected again.
    Who stops in the middle loses the transaction after 10 seconds, so that another can go on.
    """
    async with conn.transaction():
        await conn.execute(
            """
            SELECT set_config('search_path', $1, true),
                   set_config('plan_cache_mode', 'force_custom_plan', true),
                   set_config('synchronous_commit', 'off', true),
                   set_config('idle_in_transaction_session_timeout', '10s', true)
            """,
            f"{schema}, public",
        )
        yield


async def move_checkpoint(conn: Writer, after: int, to: int) -> None:
    """The first statement of every batch: it holds the row until the commit, and so keeps others away.

    Errors: CheckpointMoved when it is not at `after`.
    """
    sql = "UPDATE checkpoint SET position = $2 WHERE name = 'core' AND position = $1"
    if await conn.execute(sql, after, to) != "UPDATE 1":
        raise CheckpointMoved(f"the checkpoint is not at {after}")


def arrays(rows: Iterable[Any], *names: str) -> Iterable[tuple[Any, ...]]:
    """The rows' fields (two or more) as parallel arrays, for unnest. There must be rows."""
    return zip(*map(attrgetter(*names), rows), strict=True)


def known(rows: Mapping[UUID, Row], row_id: UUID) -> Row:
    """The row that an event is about. Errors: LookupError when no event before made it."""
    row = rows.get(row_id)
    if row is None:
        raise LookupError(f"an event is about {row_id}, which no event before it made")
    return row


def ids_of(events: Sequence[Any]) -> set[UUID]:
    """The streams of these recorded events."""
    return {recorded.event.originator_id for recorded in events}
