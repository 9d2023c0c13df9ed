"""Following the log: reading it from its beginning, and projecting it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from uuid import UUID

from bench.history import MIX, history
from bench.measure import Clock, Measured, Run
from bench.server import Database, Server, execute, new_log
from projections.progress import Progress
from projections.runner import Runner
from projections.text import Render, render_text
from service.eventstore.postgres import READ
from service.text import Rendered

PAGE = 4_000
IN_FLIGHT = 1_000

# The read models as the migrations leave them: almost all empty; the rows that are there are kept aside.
KEEP_START = """
CREATE SCHEMA start;
DO $$
DECLARE name text; filled boolean;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'read' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM read.%I)', name) INTO filled;
    CONTINUE WHEN NOT filled;
    EXECUTE format('CREATE TABLE start.%1$I AS TABLE read.%1$I', name);
  END LOOP;
END $$
"""
BACK_TO_START = """
DO $$
DECLARE name text;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'read' LOOP
    EXECUTE format('TRUNCATE read.%I', name);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'start' LOOP
    EXECUTE format('INSERT INTO read.%1$I TABLE start.%1$I', name);
  END LOOP;
END $$
"""


async def measure(server: Server, times: int, events: int) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    async with new_log(server, "following") as database:
        with server.clock.running() as seeding:
            seeding.count = await seed(database, events)
        yield Measured("append", f"a history ({MIX}), {IN_FLIGHT} at once", "events/s", [seeding])
        await execute(database.dsn, "VACUUM ANALYZE")
        for what, read, expected in READINGS:
            runs = [await _run(database, server.clock, read) for _ in range(times)]
            yield Measured("catch-up read", f"{what}, pages of {PAGE:,}", "events/s", runs, expected)


async def measure_projecting(
    server: Server, times: int, events: int, rendered: int
) -> AsyncIterator[Measured]:
    """Rendered texts are kept from one run to the next, as in a rebuild; or dropped before each."""
    async with new_log(server, "projecting") as database:
        await seed(database, events)
        await execute(database.dsn, "VACUUM ANALYZE")
        await execute(database.dsn, KEEP_START)
        await _project(database, server.clock, _blank)
        runs = [await _project(database, server.clock, render_text) for _ in range(times)]
        yield Measured(
            "projection", f"{events:,} events, texts rendered before", "events/s", runs, "≥ 50,000"
        )
    async with new_log(server, "rendering") as database:
        await seed(database, rendered)
        await execute(database.dsn, "VACUUM ANALYZE")
        await execute(database.dsn, KEEP_START)
        runs = [await _project(database, server.clock, render_text, keep=False) for _ in range(times)]
        yield Measured("projection", f"{rendered:,} events, rendering their texts", "events/s", runs)


async def seed(database: Database, events: int) -> int:
    """Append the history, in order; how many events it has."""
    appends = history(events)
    while some := list(islice(appends, IN_FLIGHT)):
        await asyncio.gather(*map(database.store.append, some))
    return (await database.store.head()).position


async def _rows(database: Database, after: int) -> int:
    rows = await database.pool.fetch(READ, after, PAGE)
    return rows[-1]["position"] if rows else after


async def _without_contents(database: Database, after: int) -> int:
    events = await database.store.read(after, PAGE, contents="none")
    return events[-1].position if events else after


async def _whole(database: Database, after: int) -> int:
    events = await database.store.read(after, PAGE)
    return events[-1].position if events else after


READINGS: tuple[tuple[str, Callable[[Database, int], Awaitable[int]], str], ...] = (
    ("rows as the driver gives them", _rows, ""),
    ("events without their forgettable contents, as projections read", _without_contents, "≥ 400,000"),
    ("whole events", _whole, ""),
)


async def _run(database: Database, clock: Clock, read: Callable[[Database, int], Awaitable[int]]) -> Run:
    with clock.running() as run:
        while (reached := await read(database, run.count)) > run.count:
            run.count = reached
    return run


def _blank(_source: str, _payload_id: UUID) -> Rendered:
    return Rendered("", "", (), ())


async def _project(database: Database, clock: Clock, render: Render, *, keep: bool = True) -> Run:
    """From empty read models to the head, by the runner of the product."""
    await execute(database.dsn, BACK_TO_START if keep else f"{BACK_TO_START}; TRUNCATE rendered")
    progress = Progress(database.pool)
    runner = Runner(database.pool, database.store, progress, holder="bench", render=render)
    head = (await database.store.head()).position
    with clock.running() as run:
        projecting = asyncio.create_task(runner.run())
        if not await progress.wait_for(head, 120):
            raise TimeoutError(f"the projection stands at {runner.state}")
        run.count = head
    projecting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await projecting
    return run
