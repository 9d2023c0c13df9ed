"""Events to bytes and back.

A topic is an event's class name, resolved through a closed registry: nothing else is ever imported.
The state is the whole event as JSON, less its forgettable fields; in their place stands, under
`forgettable`, the payload's id and the SHA-256 of its salt and content.
"""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints
from uuid import UUID

import msgspec
from eventsourcing.persistence import MapperDeserialisationError, StoredEvent

from service.domain.events import EVENTS, DomainEvent

SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Payload:
    """An erasable content and the salt of its commitment."""

    payload_id: UUID
    salt: bytes
    content: bytes

    def commitment(self) -> str:
        return hashlib.sha256(self.salt + self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event ready to be stored, with the payloads that it commits to."""

    stored: StoredEvent
    category: str
    schema_version: int
    hides_actor: bool
    payloads: tuple[Payload, ...]


class Decoded(msgspec.Struct, frozen=True):
    """An event without its forgettable contents, and where they are: field → payload."""

    event: DomainEvent
    payloads: Mapping[str, UUID]


class _Forgettable(msgspec.Struct):
    forgettable: dict[str, tuple[UUID, str]] = {}


class _Topic:
    """How one class of events is written and read."""

    def __init__(self, cls: type[DomainEvent]) -> None:
        self.cls = cls
        self.version = cls.class_version
        hints = get_type_hints(cls)
        fields = dataclasses.fields(cls)
        self.plain = [f.name for f in fields if not f.metadata.get("forgettable")]
        self.forgettable = [f.name for f in fields if f.metadata.get("forgettable")]
        self.holds_uuid = {name: hints[name] == UUID | None for name in self.forgettable}
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
        self._encode = msgspec.json.Encoder().encode
        self._references = msgspec.json.Decoder(_Forgettable).decode
        self._random = random

    def encode(self, event: DomainEvent) -> Encoded:
        """The event as stored, with a fresh salt for each forgettable content."""
        topic = self._topics.get(type(event).__name__)
        if topic is None or topic.cls is not type(event):
            raise TypeError(f"{type(event).__name__} is not a registered event")
        state = {name: getattr(event, name) for name in topic.plain}
        payloads = {
            name: self._payload(value)
            for name in topic.forgettable
            if (value := getattr(event, name)) is not None
        }
        if payloads:
            state["forgettable"] = {name: (p.payload_id, p.commitment()) for name, p in payloads.items()}
        stored = StoredEvent(
            event.originator_id, event.originator_version, type(event).__name__, self._encode(state)
        )
        return Encoded(stored, event.category, topic.version, event.hides_actor, tuple(payloads.values()))

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
                return Decoded(event, {})
            references = self._references(state).forgettable
        except msgspec.MsgspecError as error:
            raise MapperDeserialisationError(f"{topic_name} version {version}: {error}") from error
        return Decoded(event, {name: reference[0] for name, reference in references.items()})

    def fill(self, decoded: Decoded, contents: Mapping[UUID, bytes]) -> None:
        """Put the contents that survive into the event. Only for an event that nobody else holds yet."""
        holds_uuid = self._topics[type(decoded.event).__name__].holds_uuid
        for name, payload_id in decoded.payloads.items():
            content = contents.get(payload_id)
            if content is not None:
                value = UUID(bytes=content) if holds_uuid[name] else content.decode("utf-8")
                object.__setattr__(decoded.event, name, value)

    def _payload(self, value: str | UUID) -> Payload:
        content = value.bytes if isinstance(value, UUID) else value.encode("utf-8")
        payload_id = UUID(bytes=self._random(16), version=4)
        return Payload(payload_id, self._random(SALT_BYTES), content)

    def _upcast(self, topic: _Topic, version: int, state: bytes) -> bytes:
        if not 1 <= version < topic.version:
            raise MapperDeserialisationError(
                f"{topic.cls.__name__} version {version} is newer than this code knows ({topic.version})"
            )
        values = msgspec.json.decode(state)
        for upcast in topic.upcasters[version - 1 :]:
            upcast(values)
        return self._encode(values)
