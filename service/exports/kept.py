"""Contents that are kept: each must belong to the event that it stands with."""

from collections.abc import AsyncIterator, Iterable
from uuid import UUID

import asyncpg

from service.exports.errors import Tampered
from service.exports.snapshot import PAGE

_ROWS = "SELECT position, payload_id FROM payloads ORDER BY position, payload_id"


class Kept:
    """The rows of payloads in the order of positions, held against events in the same order.

    Errors: Tampered for a row whose event does not name it, those of asyncpg.
    Source: payloads, in the transaction that is open.
    """

    def __init__(self, conn: asyncpg.Connection) -> None:
        self._rows = aiter(conn.cursor(_ROWS, prefetch=PAGE))
        self._next: asyncpg.Record | None = None

    async def compare(self, named: Iterable[tuple[int, UUID]], to: int) -> None:
        """Up to this position no other rows are there than these; `named` may have more."""
        known = set(named)
        async for position, payload in self._rows_to(to):
            if position < 1:
                raise _of_none(payload)
            if (position, payload) not in known:
                raise Tampered(position, f"the payload {payload} is kept with it, but is none of its own")

    async def finish(self) -> None:
        """The log ends here."""
        if row := await self._peek():
            raise _of_none(row["payload_id"])

    async def _rows_to(self, to: int) -> AsyncIterator[tuple[int, UUID]]:
        while (row := await self._peek()) and row["position"] <= to:
            self._next = None
            yield row["position"], row["payload_id"]

    async def _peek(self) -> asyncpg.Record | None:
        if self._next is None:
            self._next = await anext(self._rows, None)
        return self._next


def _of_none(payload: UUID) -> Tampered:
    return Tampered(None, f"the payload {payload} is kept, and no event names it")
