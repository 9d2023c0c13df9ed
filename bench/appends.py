"""Appends: how many, and how long each takes, beside those of the library's recorder."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from bench import library
from bench.history import SUMMARY_CHARACTERS, new_id, publishing, small, texts
from bench.measure import Clock, Measured, Run, in_turns
from bench.server import Database, Server, create_database, new_log
from service.eventstore.codec import Codec
from service.eventstore.model import Append

CONCURRENCY = (1, 32, 256, 1024)
MADE_BEFORE = 20_000  # appends made before each second of a run, so that making them is not measured
PART = "append"
SMALL, PUBLISH, LIBRARY = (
    "one small event",
    "PublishSummary, 4 KB (2 events)",
    "eventsourcing, one small event",
)


@dataclass(frozen=True, slots=True)
class Appender:
    """Appends what `appends` gives, as many at once as asked for, until the time is over."""

    database: Database
    clock: Clock
    appends: Iterator[Append]
    seconds: float

    async def run(self, concurrency: int) -> Run:
        made = list(islice(self.appends, int(self.seconds * min(1_000 * concurrency, MADE_BEFORE))))
        appends = chain(made, self.appends)
        with self.clock.running() as run:
            end = time.perf_counter() + self.seconds
            appending = (self._append_until(end, appends, run) for _ in range(concurrency))
            run.count = sum(await asyncio.gather(*appending))
        return run

    async def _append_until(self, end: float, appends: Iterator[Append], run: Run) -> int:
        events = 0
        start = time.perf_counter()
        while start < end or not events:
            append = next(appends)
            await self.database.store.append(append)
            events += len(append.events)
            now = time.perf_counter()
            run.latencies.append(now - start)
            start = now
        return events


async def measure(server: Server, times: int, seconds: float) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    state = Codec().encode(small(random.Random(1)).events[0]).stored.state
    with library.recorder(await create_database(server, "library")) as recorder:
        async with new_log(server, "appends") as database:
            ours = Appender(database, server.clock, _small_ones(), seconds)
            publishing = Appender(database, server.clock, _publications(), seconds)
            await ours.run(32)  # warm: connections, plans, files
            for concurrency in CONCURRENCY:
                runs = await in_turns(
                    times,
                    partial(ours.run, concurrency),
                    partial(
                        asyncio.to_thread,
                        library.append_run,
                        recorder,
                        server.clock,
                        state,
                        concurrency,
                        seconds,
                    ),
                    partial(publishing.run, concurrency),
                )
                for what, its in zip((SMALL, LIBRARY, PUBLISH), runs, strict=True):
                    yield Measured(PART, f"{what}, {concurrency} at once", "events/s", its)


def _small_ones() -> Iterator[Append]:
    numbers = random.Random(1)
    while True:
        yield small(numbers)


def _publications() -> Iterator[Append]:
    numbers, bodies = random.Random(2), texts(SUMMARY_CHARACTERS)
    while True:
        yield publishing(numbers, new_id(numbers), new_id(numbers), numbers.choice(bodies))


def ratios(lines: Iterable[Measured]) -> list[str]:
    """Ours against the library's, best by best."""
    best = {line.what: line.best.rate for line in lines if line.part == PART}
    pairs = ((n, best.get(f"{SMALL}, {n} at once"), best.get(f"{LIBRARY}, {n} at once")) for n in CONCURRENCY)
    return [
        f"{n} at once: {ours / theirs:.1f} times the library" for n, ours, theirs in pairs if ours and theirs
    ]
