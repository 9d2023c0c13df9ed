"""From rows of the log to recorded events: what both stores do alike."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from service.eventstore.codec import Codec, Decoded
from service.eventstore.model import Contents, Recorded


class Row(NamedTuple):
    """An event as stored, in the order of the columns that are read."""

    position: int
    type: str
    schema_version: int
    recorded_at: datetime
    occurred_at: datetime | None
    actor: UUID | None
    data: bytes


def wanted_contents(decoded: Sequence[Decoded], contents: Contents) -> list[UUID]:
    """The payloads to fetch for these events."""
    match contents:
        case "none":
            return []
        case "all":
            return [payload_id for item in decoded for payload_id in item.payloads.values()]
        case "latest":
            last: dict[str, UUID] = {}
            for item in decoded:
                last.update(item.payloads)
            return list(last.values())


def fill(
    codec: Codec, rows: Sequence[Row], decoded: Sequence[Decoded], contents: Mapping[UUID, bytes | None]
) -> list[Recorded]:
    """Recorded events, with the contents put in."""
    recorded = []
    for (position, _, _, recorded_at, occurred_at, actor, _), item in zip(rows, decoded, strict=True):
        if contents and item.payloads:
            codec.fill(item, contents)
        recorded.append(Recorded(position, item.event, recorded_at, occurred_at, actor, item.payloads))
    return recorded
