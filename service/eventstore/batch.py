"""A batch of appends as the arguments of `append_batch`, and its answer as outcomes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import asyncpg

from service.eventstore.codec import Encoded
from service.eventstore.model import Append, Appended, ClaimTaken, CommandReused, StaleVersion

CALL = f"SELECT * FROM append_batch({', '.join(f'${n}' for n in range(1, 24))})"  # noqa: S608 (only numbers)


@dataclass(frozen=True)
class Waiting:
    """An append in the queue, and the future of its outcome."""

    append: Append
    encoded: tuple[Encoded, ...]
    future: asyncio.Future[Appended]

    @cached_property
    def keys(self) -> frozenset[UUID | str]:
        """What no other append of its batch may touch."""
        return frozenset(
            [self.append.command_id]
            + [event.originator_id for event in self.append.events]
            + [claim.key for claim in self.append.takes + self.append.releases]
        )

    @cached_property
    def size(self) -> int:
        """Bytes of events and payloads."""
        return sum(
            len(item.stored.state) + sum(len(p.content) for p in item.payloads) for item in self.encoded
        )


async def call(connection: asyncpg.Connection, batch: Sequence[Waiting]) -> list[asyncpg.Record]:
    """Append the batch. Result[i] is the verdict on batch[i]."""
    return list(await connection.fetch(CALL, *_arguments(batch)))


def settle(batch: Sequence[Waiting], rows: Sequence[asyncpg.Record]) -> int:
    """Give each append its outcome; the highest position among them."""
    for waiting, row in zip(batch, rows, strict=True):
        if waiting.future.done():  # its caller has gone
            continue
        outcome = _outcome(row)
        if isinstance(outcome, Appended):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(outcome)
    return max(int(row["at_position"]) for row in rows)


def _outcome(row: asyncpg.Record) -> Appended | Exception:
    match row["verdict"]:
        case "recorded" | "known" as verdict:
            return Appended(row["at_position"], row["at_time"], row["about"], verdict == "known")
        case "stale":
            return StaleVersion(UUID(row["detail"]), row["current"])
        case "taken":
            return ClaimTaken(row["detail"], row["holder"])
        case "reused":
            return CommandReused("this command id was another request")
        case other:
            return RuntimeError(f"append_batch answered {other!r}")


def _arguments(batch: Sequence[Waiting]) -> list[list[object]]:
    commands: tuple[list[object], ...] = ([], [], [], [])
    events: tuple[list[object], ...] = ([], [], [], [], [], [], [], [], [])
    claims: tuple[list[object], ...] = ([], [], [], [])
    payloads: tuple[list[object], ...] = ([], [], [], [])
    erases: tuple[list[object], ...] = ([], [])
    for number, waiting in enumerate(batch, 1):
        append = waiting.append
        for item in waiting.encoded:
            stored = item.stored
            actor = None if item.hides_actor else append.actor
            _add(
                events,
                number,
                stored.originator_id,
                item.category,
                stored.originator_version,
                stored.topic,
                item.schema_version,
                append.occurred_at,
                actor,
                stored.state,
            )
            for payload in item.payloads:
                _add(payloads, len(events[0]), payload.payload_id, payload.salt, payload.content)
        last = len(events[0]) if waiting.encoded else 0
        _add(commands, append.command_id, append.request_hash, append.subject, last)
        for claim in append.takes:
            _add(claims, number, claim.key, claim.owner, True)
        for claim in append.releases:
            _add(claims, number, claim.key, claim.owner, False)
        for payload_id in append.erases:
            _add(erases, number, payload_id)
    return [*commands, *events, *claims, *payloads, *erases]


def _add(columns: Sequence[list[object]], *values: object) -> None:
    for column, value in zip(columns, values, strict=True):
        column.append(value)
