"""eventsourcing's synchronous recorder over our log, so that its own suites can judge us.

Events are written by the real Writer through append_batch, and read by the statements of
PostgresStore, but below the codec: the suites store bytes and topics that are no events of ours.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
from eventsourcing.persistence import (
    ApplicationRecorder,
    IntegrityError,
    Notification,
    StoredEvent,
    Subscription,
)

from service.database import connection_pool, connector
from service.domain.events import DomainEvent
from service.eventstore.batch import Waiting
from service.eventstore.codec import Encoded
from service.eventstore.model import Append, Appended
from service.eventstore.postgres import LOAD, READ, READ_TOPICS
from service.eventstore.wakeups import Wakeups
from service.eventstore.writer import Limits, Writer

T = TypeVar("T")


class Bridge(ApplicationRecorder):
    """A recorder whose calls run in another thread's loop.

    Streams of ours begin at version 1, and the suites write some from 0: such a stream, and no
    other, is kept one version higher, and comes back as it was given.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, pool: asyncpg.Pool, writer: Writer, wakeups: Wakeups):
        self._loop = loop
        self._pool = pool
        self._writer = writer
        self.wakeups = wakeups
        self._from_zero: set[UUID] = set()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        for event in stored_events:
            if event.originator_version == 0:
                self._from_zero.add(_stream(event))
        shifted = [self._shifted(event, +1) for event in stored_events]
        outcome = self.run(self._append(shifted))
        return list(range(outcome.position - len(shifted) + 1, outcome.position + 1))

    async def _append(self, events: Sequence[StoredEvent]) -> Appended:
        bare = tuple(
            DomainEvent(originator_id=_stream(event), originator_version=event.originator_version)
            for event in events
        )
        try:
            append = Append(uuid4(), b"recorder", uuid4(), bare)
        except ValueError as error:  # an append that contradicts itself is no conflict to us, but a fault
            raise IntegrityError(str(error)) from error
        encoded = [Encoded(event, "recorder", 1, False, ()) for event in events]
        future: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self._writer.submit(Waiting(append, tuple(encoded), future))
        return await future

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        assert isinstance(originator_id, UUID)
        rows = self.run(self._pool.fetch(LOAD, originator_id))
        events = [
            self._shifted(StoredEvent(originator_id, version, row["type"], row["data"]), -1)
            for version, row in enumerate(rows, 1)
        ]
        found = [
            event
            for event in events
            if (gt is None or event.originator_version > gt)
            and (lte is None or event.originator_version <= lte)
        ]
        return (found[::-1] if desc else found)[:limit]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = 0 if start is None else start - inclusive_of_start
        return self.run(self._notifications(after, limit, stop, topics))

    async def _notifications(
        self, after: int, limit: int, stop: int | None, topics: Sequence[str]
    ) -> list[Notification]:
        arguments = (after, limit, list(topics)) if topics else (after, limit)
        rows = await self._pool.fetch(READ_TOPICS if topics else READ, *arguments)
        places = await self._pool.fetch(
            "SELECT stream_id, version FROM events WHERE position = ANY($1) ORDER BY position",
            [row["position"] for row in rows],
        )
        found = []
        for row, (stream, version) in zip(rows, places, strict=True):
            event = self._shifted(StoredEvent(stream, version, row["type"], row["data"]), -1)
            if stop is None or row["position"] <= stop:
                found.append(
                    Notification(
                        stream, event.originator_version, event.topic, event.state, id=row["position"]
                    )
                )
        return found

    def max_notification_id(self) -> int | None:
        head: int = self.run(self._pool.fetchval("SELECT position FROM log_head"))
        return head or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> "Subscription[ApplicationRecorder]":
        return Following(self, gt, topics)

    def _shifted(self, event: StoredEvent, by: int) -> StoredEvent:
        if _stream(event) not in self._from_zero:
            return event
        return StoredEvent(event.originator_id, event.originator_version + by, event.topic, event.state)


class AggregateBridge(Bridge):
    """An aggregate recorder has no positions to answer with."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:  # type: ignore[override]
        super().insert_events(stored_events)


class Following(Subscription[ApplicationRecorder]):
    """Polls by position; a wake-up makes it quicker."""

    def __next__(self) -> Notification:
        assert isinstance(self._recorder, Bridge)
        after = self._last_notification_id or 0
        while not self._has_been_stopped:
            for one in self._recorder.select_notifications(
                after, 1, topics=self._topics, inclusive_of_start=False
            ):
                self._last_notification_id = one.id
                return one
            self._recorder.run(self._recorder.wakeups.wait(after, 0.1))
        raise StopIteration


def _stream(event: StoredEvent) -> UUID:
    assert isinstance(event.originator_id, UUID)
    return event.originator_id


@asynccontextmanager
async def _parts(dsn: str) -> Any:
    wakeups = Wakeups(connector(dsn))
    writer = Writer(connector(dsn), wakeups.committed, Limits())
    async with connection_pool(dsn, max_size=4) as pool:
        wakeups.start()
        writer.start()
        try:
            yield pool, writer, wakeups
        finally:
            await writer.stop()
            await wakeups.stop()


@contextmanager
def bridged(dsn: str, kind: type[Bridge]) -> Iterator[Bridge]:
    """A recorder on this database, with a thread that runs until the end."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        thread = Thread(target=loop.run_forever)
        thread.start()
        parts = _parts(dsn)
        try:
            opened = asyncio.run_coroutine_threadsafe(parts.__aenter__(), loop).result(60)
            yield kind(loop, *opened)
            asyncio.run_coroutine_threadsafe(parts.__aexit__(None, None, None), loop).result(60)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
