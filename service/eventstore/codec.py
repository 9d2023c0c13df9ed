"""Events to bytes and back.

A topic is an event's class name, resolved through a closed registry: nothing else is ever imported.
The state is the whole event as JSON, less its forgettable fields; in their place stands, under
`forgettable`, the payload's id and the SHA-256 of its salt and content.
"""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from asyncpg.pgproto.pgproto import UUID as QuickUUID  # a UUID too, and made in a quarter of the time
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from service.domain.events import EVENTS, DomainEvent

SALT_BYTES = 16
NO_PAYLOADS: Mapping[str, UUID] = MappingProxyType({})


class Payload(msgspec.Struct, frozen=True, gc=False):
    """An erasable content and the salt of its commitment."""

    payload_id: UUID
    salt: bytes
    content: bytes

    def commitment(self) -> str:
        return hashlib.sha256(self.salt + self.content).hexdigest()


class Encoded(msgspec.Struct, frozen=True, gc=False):
    """An event ready to be stored, with the payloads that it commits to."""

    stored: StoredEvent
    category: str
    schema_version: int
    hides_actor: bool
    payloads: tuple[Payload, ...]


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """An event without its forgettable contents, and where they are: field → payload."""

    event: DomainEvent
    payloads: Mapping[str, UUID]


class _Reference(msgspec.Struct, array_like=True, gc=False):
    """The first of what stands for a forgettable field; its commitment is not needed to read."""

    payload_id: UUID


class _Forgettable(msgspec.Struct, gc=False):
    forgettable: dict[str, _Reference] = {}


class _Topic:
    """How one class of events is written and read."""

    def __init__(self, cls: type[DomainEvent]) -> None:
        self.cls = cls
        self.version = cls.class_version
        hints = get_type_hints(cls)
        fields = dataclasses.fields(cls)
        self.plain = [f.name for f in fields if not f.metadata.get("forgettable")]
        self.forgettable = [f.name for f in fields if f.metadata.get("forgettable")]
        self.holds_uuid = {name for name in self.forgettable if hints[name] == UUID | None}
        self.decode: Callable[[bytes], DomainEvent] = msgspec.json.Decoder(cls).decode
        self.upcasters: list[Callable[[dict[str, Any]], None]] = [
            getattr(cls, f"upcast_v{v}_v{v + 1}") for v in range(1, self.version)
        ]


class Codec:
    """Encodes and decodes the events of a closed list of classes.

    Errors: MapperDeserialisationError (of eventsourcing) for an unknown topic, a version newer than
            this code, or a state that does not fit; TypeError for an event that is not registered.
    """

    def __init__(
        self,
        classes: Iterable[type[DomainEvent]] = EVENTS,
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._topics = {cls.__name__: _Topic(cls) for cls in classes}
        self._holds_uuid = {topic.cls: topic.holds_uuid for topic in self._topics.values()}
        self._encode = msgspec.json.Encoder().encode
        self._references = msgspec.json.Decoder(_Forgettable).decode
        self._random = random

    def encode(self, event: DomainEvent) -> Encoded:
        """The event as stored, with a fresh salt for each forgettable content."""
        topic_name = type(event).__name__
        topic = self._topics.get(topic_name)
        if topic is None or topic.cls is not type(event):
            raise TypeError(f"{topic_name} is not a registered event")
        state, payloads = self._parted(topic, event) if topic.forgettable else (event, ())
        stored = StoredEvent(event.originator_id, event.originator_version, topic_name, self._encode(state))
        return Encoded(stored, event.category, topic.version, event.hides_actor, payloads)

    def decode(self, topic_name: str, version: int, state: bytes) -> Decoded:
        """The event in its current version, its forgettable fields still None."""
        topic = self._topics.get(topic_name)
        if topic is None:
            raise MapperDeserialisationError(f"unknown topic {topic_name!r}")
        try:
            if version != topic.version:
                state = self._upcast(topic, version, state)
            event = topic.decode(state)
            if not topic.forgettable:
                return Decoded(event, NO_PAYLOADS)
            references = self._references(state).forgettable
        except (msgspec.MsgspecError, LookupError) as error:  # LookupError: an upcaster missed a field
            raise MapperDeserialisationError(f"{topic_name} version {version}: {error}") from error
        return Decoded(event, {name: reference.payload_id for name, reference in references.items()})

    def fill(self, decoded: Decoded, contents: Mapping[UUID, bytes | None]) -> None:
        """Put the contents that survive into the event. Only for an event that nobody else holds yet."""
        event = decoded.event
        for name, payload_id in decoded.payloads.items():
            content = contents.get(payload_id)
            if content is not None:
                holds_uuid = name in self._holds_uuid[type(event)]
                object.__setattr__(event, name, QuickUUID(content) if holds_uuid else content.decode())

    def _parted(self, topic: _Topic, event: DomainEvent) -> tuple[dict[str, Any], tuple[Payload, ...]]:
        """What stays in the log, and what is kept apart from it."""
        state = {name: getattr(event, name) for name in topic.plain}
        payloads = {
            name: self._payload(value)
            for name in topic.forgettable
            if (value := getattr(event, name)) is not None
        }
        if payloads:
            state["forgettable"] = {name: (p.payload_id, p.commitment()) for name, p in payloads.items()}
        return state, tuple(payloads.values())

    def _payload(self, value: str | UUID) -> Payload:
        content = value.bytes if isinstance(value, UUID) else value.encode()
        return Payload(_uuid4(self._random(16)), self._random(SALT_BYTES), content)

    def _upcast(self, topic: _Topic, version: int, state: bytes) -> bytes:
        if not 1 <= version < topic.version:
            raise MapperDeserialisationError(
                f"{topic.cls.__name__} version {version} is newer than this code knows ({topic.version})"
            )
        values = msgspec.json.decode(state, type=dict[str, Any])
        for upcast in topic.upcasters[version - 1 :]:
            upcast(values)
        return self._encode(values)


def _uuid4(randomness: bytes) -> UUID:
    data = bytearray(randomness)
    data[6] = data[6] & 0x0F | 0x40
    data[8] = data[8] & 0x3F | 0x80
    made: UUID = QuickUUID(bytes(data))
    return made
