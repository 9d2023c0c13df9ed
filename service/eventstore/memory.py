"""The log in memory: the same promises, for tests of what stands on it."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from service.domain.events import DomainEvent
from service.eventstore.codec import Codec, Encoded
from service.eventstore.model import (
    Append,
    Appended,
    Claim,
    ClaimTaken,
    CommandReused,
    Contents,
    Head,
    Recorded,
    StaleVersion,
)
from service.eventstore.reading import Row, fill, wanted_contents


def _now() -> datetime:
    return datetime.now(UTC)


class MemoryStore:
    """An EventStore in this process. It encodes and decodes as the real one does."""

    def __init__(self, codec: Codec | None = None, clock: Callable[[], datetime] = _now) -> None:
        self._codec = codec or Codec()
        self._clock = clock
        self._log_id = uuid4()
        self._rows: list[Row] = []
        self._versions: dict[UUID, int] = {}
        self._streams: dict[UUID, list[Row]] = {}
        self._contents: dict[UUID, bytes] = {}
        self._claims: dict[str, UUID] = {}
        self._commands: dict[UUID, tuple[bytes, Appended]] = {}
        self._grown = asyncio.Event()

    async def append(self, append: Append) -> Appended:
        encoded = [self._codec.encode(event) for event in append.events]
        known = await self.outcome(append.command_id, append.request_hash)
        if known is not None:
            return known
        self._check_versions(append.events)
        self._check_claims(append.takes, append.releases)
        outcome = self._record(append, encoded)
        self._grown.set()
        self._grown = asyncio.Event()
        return outcome

    async def outcome(self, command_id: UUID, request_hash: bytes) -> Appended | None:
        known = self._commands.get(command_id)
        if known is None:
            return None
        first_hash, outcome = known
        if first_hash != request_hash:
            raise CommandReused(f"command {command_id} was another request")
        return Appended(outcome.position, outcome.recorded_at, outcome.subject, replayed=True)

    async def load(self, stream_id: UUID, *, contents: Contents = "latest") -> list[Recorded]:
        return self._decode(self._streams.get(stream_id, []), contents)

    async def read(
        self, after: int, limit: int, *, topics: Sequence[str] = (), contents: Contents = "all"
    ) -> list[Recorded]:
        rows = (row for row in self._rows[max(after, 0) :] if not topics or row.type in topics)
        return self._decode([row for row, _ in zip(rows, range(limit), strict=False)], contents)

    async def contents(self, payload_ids: Sequence[UUID]) -> dict[UUID, bytes | None]:
        return {payload_id: self._contents.get(payload_id) for payload_id in payload_ids}

    async def head(self) -> Head:
        return Head(self._log_id, len(self._rows))

    async def owners(self, keys: Sequence[str]) -> dict[str, UUID]:
        return {key: self._claims[key] for key in keys if key in self._claims}

    async def wait(self, after: int, timeout: float) -> bool:
        try:
            async with asyncio.timeout(timeout):
                while len(self._rows) <= after:
                    await self._grown.wait()
        except TimeoutError:
            return False
        return True

    def _decode(self, rows: Sequence[Row], contents: Contents) -> list[Recorded]:
        decoded = [self._codec.decode(row.type, row.schema_version, row.data) for row in rows]
        wanted = wanted_contents(decoded, contents)
        found = {key: self._contents[key] for key in wanted if key in self._contents}
        return fill(self._codec, rows, decoded, found)

    def _check_versions(self, events: Sequence[DomainEvent]) -> None:
        seen: set[UUID] = set()
        for event in events:
            current = self._versions.get(event.originator_id, 0)
            if event.originator_id not in seen and event.originator_version != current + 1:
                raise StaleVersion(event.originator_id, current)
            seen.add(event.originator_id)

    def _check_claims(self, takes: Sequence[Claim], releases: Sequence[Claim]) -> None:
        for claim in takes:
            if claim.key in self._claims:
                raise ClaimTaken(claim.key, self._claims[claim.key])
        for claim in releases:
            if self._claims.get(claim.key) != claim.owner:
                raise ClaimTaken(claim.key, self._claims.get(claim.key))

    def _record(self, append: Append, encoded: Sequence[Encoded]) -> Appended:
        last = self._rows[-1].recorded_at if self._rows else None
        now = max(self._clock(), last) if last else self._clock()
        for item in encoded:
            stream = self._streams.setdefault(item.stored.originator_id, [])  # type: ignore[arg-type]
            row = Row(
                len(self._rows) + 1,
                item.stored.topic,
                item.schema_version,
                now,
                append.occurred_at,
                None if item.hides_actor else append.actor,
                item.stored.state,
            )
            self._rows.append(row)
            stream.append(row)
            self._contents.update({p.payload_id: p.content for p in item.payloads})
        for event in append.events:
            self._versions[event.originator_id] = event.originator_version
        for payload_id in append.erases:
            self._contents.pop(payload_id, None)
        for claim in append.releases:
            del self._claims[claim.key]
        for claim in append.takes:
            self._claims[claim.key] = claim.owner
        outcome = Appended(len(self._rows), now, append.subject)
        self._commands[append.command_id] = (append.request_hash, outcome)
        return outcome
