"""A batch of appends as the arguments of `append_batch`, and its answer as outcomes."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from service.eventstore.codec import Encoded
from service.eventstore.model import Append, Appended, ClaimTaken, CommandReused, StaleVersion

CALL = f"SELECT * FROM append_batch({', '.join(f'${n}' for n in range(1, 24))})"  # noqa: S608 (only numbers)


class Waiting:
    """An append in the queue, and the future of its outcome.

    Shape:  keys are what no other append of its batch may touch (ids as numbers, which hash quicker).
    Units:  size is bytes of events and payloads.
    """

    __slots__ = ("append", "encoded", "future", "keys", "size")

    def __init__(self, append: Append, encoded: Sequence[Encoded], future: asyncio.Future[Appended]) -> None:
        self.append = append
        self.encoded = encoded
        self.future = future
        self.keys: set[int | str] = {append.command_id.int}
        self.size = 0
        for event in append.events:
            self.keys.add(event.originator_id.int)
        for claim in append.takes + append.releases:
            self.keys.add(claim.key)
        for item in encoded:
            self.size += len(item.stored.state)
            for payload in item.payloads:
                self.size += len(payload.content)


async def call(connection: asyncpg.Connection, batch: Sequence[Waiting]) -> list[asyncpg.Record]:
    """Append the batch. Result[i] is the verdict on batch[i]."""
    return list(await connection.fetch(CALL, *_arguments(batch)))


def settle(batch: Sequence[Waiting], rows: Sequence[asyncpg.Record]) -> int:
    """Give each append its outcome; the highest position among them."""
    highest = 0
    for waiting, row in zip(batch, rows, strict=True):
        outcome = _outcome(*row)
        highest = max(highest, row[1])
        if waiting.future.done():  # its caller has gone
            continue
        if isinstance(outcome, Appended):
            waiting.future.set_result(outcome)
        else:
            waiting.future.set_exception(outcome)
    return highest


def _outcome(
    verdict: str,
    position: int,
    recorded_at: datetime,
    subject: UUID,
    detail: str,
    current: int,
    holder: UUID | None,
) -> Appended | Exception:
    match verdict:
        case "recorded" | "known":
            return Appended(position, recorded_at, subject, verdict == "known")
        case "stale":
            return StaleVersion(UUID(detail), current)
        case "taken":
            return ClaimTaken(detail, holder)
        case "reused":
            return CommandReused("this command id was another request")
        case other:
            return RuntimeError(f"append_batch answered {other!r}")


def _arguments(batch: Sequence[Waiting]) -> list[Sequence[object]]:
    commands: list[tuple[object, ...]] = []
    events: list[tuple[object, ...]] = []
    claims: list[tuple[object, ...]] = []
    payloads: list[tuple[object, ...]] = []
    erases: list[tuple[object, ...]] = []
    for number, waiting in enumerate(batch, 1):
        append = waiting.append
        for item in waiting.encoded:
            events.append(_event(number, append, item))
            for payload in item.payloads:
                payloads.append((len(events), payload.payload_id, payload.salt, payload.content))
        last = len(events) if waiting.encoded else 0
        commands.append((append.command_id, append.request_hash, append.subject, last))
        claims += [(number, claim.key, claim.owner, True) for claim in append.takes]
        claims += [(number, claim.key, claim.owner, False) for claim in append.releases]
        erases += [(number, payload_id) for payload_id in append.erases]
    return [
        *_columns(commands, 4),
        *_columns(events, 9),
        *_columns(claims, 4),
        *_columns(payloads, 4),
        *_columns(erases, 2),
    ]


def _event(number: int, append: Append, item: Encoded) -> tuple[object, ...]:
    stored = item.stored
    return (
        number,
        stored.originator_id,
        item.category,
        stored.originator_version,
        stored.topic,
        item.schema_version,
        append.occurred_at,
        None if item.hides_actor else append.actor,
        stored.state,
    )


def _columns(rows: Sequence[tuple[object, ...]], width: int) -> Sequence[Sequence[object]]:
    return list(zip(*rows, strict=True)) if rows else [()] * width
