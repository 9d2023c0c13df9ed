"""What events commit to, and how it is written beside them."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple, get_type_hints
from uuid import UUID

import asyncpg
import msgspec

from service.domain.events import EVENTS
from service.eventstore.entries import Entry
from service.exports.lines import PayloadPart

CATEGORIES = {cls.__name__: cls.category for cls in EVENTS}
READ = "SELECT payload_id, salt, content FROM payloads WHERE payload_id = ANY($1::uuid[])"


class Commitment(NamedTuple):
    """An event's field whose content stands apart. Units: digest is hex."""

    field: str
    payload_id: UUID
    digest: str

    def fits(self, salt: bytes, content: bytes) -> bool:
        return hashlib.sha256(salt + content).hexdigest() == self.digest


class Stored(NamedTuple):
    """Salt and content; both None: erased."""

    salt: bytes | None
    content: bytes | None


class _Committed(msgspec.Struct, gc=False):
    forgettable: dict[str, tuple[UUID, str]] = {}


class _Erasing(msgspec.Struct, gc=False):
    payload_ids: list[UUID]


_committed = msgspec.json.Decoder(_Committed).decode
_erasing = msgspec.json.Decoder(_Erasing).decode
_BYTES = {
    (cls.__name__, name)
    for cls in EVENTS
    for name, hint in get_type_hints(cls).items()
    if hint == UUID | None
}
_NONE: list[Commitment] = []


def commitments(entry: Entry) -> list[Commitment]:
    """Those of an event, in its order. Errors: msgspec's."""
    data = bytes(entry.data)
    if b'"forgettable"' not in data:
        return _NONE
    return [Commitment(field, *one) for field, one in _committed(data).forgettable.items()]


def erased_by(entry: Entry) -> list[UUID]:
    """The payloads that an event destroys. Errors: msgspec's."""
    return _erasing(bytes(entry.data)).payload_ids if entry.type == "PayloadsErased" else []


def part_of(entry: Entry, commitment: Commitment, salt: bytes, content: bytes) -> PayloadPart:
    """It, to be written."""
    if (entry.type, commitment.field) in _BYTES:
        return PayloadPart(commitment.payload_id, salt.hex(), raw=content.hex())
    return PayloadPart(commitment.payload_id, salt.hex(), text=content.decode())


async def read_payloads(conn: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, Stored]:
    """What is stored under these ids. Source: payloads."""
    return {key: Stored(salt, content) for key, salt, content in await conn.fetch(READ, ids)} if ids else {}
