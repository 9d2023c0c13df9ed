"""The log below the codec: `append_batch` called with plain values, as another program could."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import asyncpg

from service.eventstore.batch import CALL

Columns = Sequence[Sequence[object]]
NO_CLAIMS: Columns = ([], [], [], [])
NO_PAYLOADS: Columns = ([], [], [], [])
NO_ERASES: Columns = ([], [])


async def append_raw(
    connection: asyncpg.Connection,
    events: Sequence[tuple[UUID, int, str, bytes]],
    *,
    command_id: UUID | None = None,
    claims: Columns = NO_CLAIMS,
    payloads: Columns = NO_PAYLOADS,
    erases: Columns = NO_ERASES,
) -> asyncpg.Record:
    """The verdict on one command with these (stream, version, type, data)."""
    n = len(events)
    commands: Columns = ([command_id or uuid4()], [b"raw"], [UUID(int=0)], [n])
    columns: Columns = (
        [1] * n,
        [stream for stream, _, _, _ in events],
        ["raw"] * n,
        [version for _, version, _, _ in events],
        [type_ for _, _, type_, _ in events],
        [1] * n,
        [None] * n,
        [None] * n,
        [data for _, _, _, data in events],
    )
    return await connection.fetchrow(CALL, *commands, *columns, *claims, *payloads, *erases)
