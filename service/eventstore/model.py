"""What goes into the log and what comes out: the words that both stores share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

import msgspec
from eventsourcing.persistence import IntegrityError, OperationalError

from service.domain.events import DomainEvent, PayloadsErased

Contents = Literal["all", "latest", "none"]


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that only one thing can hold, such as "username:ada"."""

    key: str
    owner: UUID


@dataclass(frozen=True, slots=True)
class Append:
    """One command's effect: all of it, or nothing.

    Shape:  events may belong to several streams; in each, versions follow one another, and the
            first one says which version the stream must be at (its own less one).
    Units:  command_id identifies the command over retries; request_hash what it asked for;
            subject is the thing it is about, and comes back with the outcome; occurred_at is the
            claimed time of imported history, None for now.
    Errors: ValueError for versions of a stream that do not follow one another, a claim named twice,
            for erasing a payload that no PayloadsErased among the events names, and for a claimed
            time without a zone.
    """

    command_id: UUID
    request_hash: bytes
    subject: UUID
    events: tuple[DomainEvent, ...] = ()
    takes: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    actor: UUID | None = None
    occurred_at: datetime | None = None
    erases: tuple[UUID, ...] = ()  # payloads to destroy, with the events that say so

    def __post_init__(self) -> None:
        versions: dict[UUID, int] = {}
        for event in self.events:
            stream, version = event.originator_id, event.originator_version
            if versions.setdefault(stream, version - 1) != version - 1:
                raise ValueError(f"version {version} of {stream} follows {versions[stream]}")
            versions[stream] = version
        keys = [claim.key for claim in self.takes + self.releases]
        if len(set(keys)) < len(keys):
            raise ValueError(f"a claim is named twice: {keys}")
        named = {key for e in self.events if isinstance(e, PayloadsErased) for key in e.payload_ids}
        if not named.issuperset(self.erases):
            raise ValueError("erasing is an event: append the PayloadsErased that names the payloads")
        if self.occurred_at is not None and self.occurred_at.tzinfo is None:
            raise ValueError("a claimed time needs a time zone")


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of a command: the position of its last event, or the head if it changed nothing."""

    position: int
    recorded_at: datetime
    subject: UUID
    replayed: bool = False  # true: this command was known, and this is its first outcome


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """An event with its place in the log.

    Units:  recorded_at is the log's time, claimed_at differs from None only for imported history;
            payloads maps a forgettable field to its payload, whether it survives or not.
    """

    position: int
    event: DomainEvent
    recorded_at: datetime
    claimed_at: datetime | None
    actor: UUID | None
    payloads: Mapping[str, UUID] = {}

    @property
    def occurred_at(self) -> datetime:
        """The time that pages show."""
        return self.claimed_at or self.recorded_at


@dataclass(frozen=True, slots=True)
class Head:
    """Where the log ends; position 0 is the empty log."""

    log_id: UUID
    position: int


class StaleVersion(IntegrityError):
    """A stream is not at the version that the append expects."""

    def __init__(self, stream_id: UUID, current: int) -> None:
        super().__init__(f"stream {stream_id} is at version {current}")
        self.stream_id = stream_id
        self.current = current


class ClaimTaken(IntegrityError):
    """A claim is held by another owner, or to be given back by one who does not hold it."""

    def __init__(self, key: str, owner: UUID | None) -> None:
        super().__init__(f"claim {key!r} is held by {owner}")
        self.key = key
        self.owner = owner


class CommandReused(IntegrityError):
    """A known command id came with another request."""


class LogBusy(OperationalError):
    """The queue of waiting appends is full: nothing was taken."""


class LogUnavailable(OperationalError):
    """The database cannot be reached. The append may have been recorded: retry with its command id."""


class EventStore(Protocol):
    """The log. PostgreSQL and memory both keep these promises; one suite tests both."""

    async def append(self, append: Append) -> Appended:
        """Record all of it, durably, or nothing.

        Errors: StaleVersion, ClaimTaken, CommandReused, LogBusy, LogUnavailable.
        """
        ...

    async def outcome(self, command_id: UUID, request_hash: bytes) -> Appended | None:
        """The first outcome of a known command. Errors: CommandReused for another request."""
        ...

    async def load(self, stream_id: UUID, *, contents: Contents = "latest") -> list[Recorded]:
        """A stream from its beginning; empty if there is none.

        Units:  contents says which forgettable fields are filled: all, or of each field only the
                last one (enough to decide on, however long the history), or none.
        """
        ...

    async def read(
        self, after: int, limit: int, *, topics: Sequence[str] = (), contents: Contents = "all"
    ) -> list[Recorded]:
        """Up to limit events after a position, in order; contents as in load."""
        ...

    async def contents(self, payload_ids: Sequence[UUID]) -> dict[UUID, bytes | None]:
        """Single contents of events, as stored; None where erased."""
        ...

    async def head(self) -> Head:
        """Where the log ends now."""
        ...

    async def owners(self, keys: Sequence[str]) -> dict[str, UUID]:
        """Who holds these claims; keys that nobody holds are absent."""
        ...

    async def wait(self, after: int, timeout: float) -> bool:
        """Sleep until there may be something after this position. False when the time ran out."""
        ...
