"""Following the log: reading it from its beginning, and projecting it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from itertools import islice

from bench.history import MIX, history
from bench.measure import Clock, Measured, Run
from bench.server import Database, Server, execute, new_log
from projections.progress import Progress
from projections.runner import Runner
from service.eventstore.model import Contents

PAGE = 4_000
IN_FLIGHT = 1_000
READINGS: tuple[tuple[Contents, str], ...] = (("none", "≥ 400,000"), ("all", ""))
READ_MODELS = (
    "read.paper, read.paper_identifier, read.user, read.summary, read.revision, read.comment, read.vote"
)


async def measure(server: Server, times: int, events: int) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    async with new_log(server, "following") as database:
        with server.clock.running() as seeding:
            seeding.count = await seed(database, events)
        yield Measured("append", f"a history ({MIX}), {IN_FLIGHT} at once", "events/s", [seeding])
        await execute(database.dsn, "VACUUM ANALYZE")
        for contents, expected in READINGS:
            runs = [await _read(database, server.clock, contents) for _ in range(times)]
            what = f"the same history in pages of {PAGE:,}, forgettable contents: {contents}"
            yield Measured("catch-up read", what, "events/s", runs, expected)


async def measure_projecting(server: Server, times: int, events: int) -> AsyncIterator[Measured]:
    """Rendered texts are kept from one run to the next, as in a rebuild; or dropped before each."""
    async with new_log(server, "projecting") as database:
        await seed(database, events)
        await execute(database.dsn, "VACUUM ANALYZE")
        with_rendering = [await _project(database, server.clock, keep=False) for _ in range(times)]
        without = [await _project(database, server.clock, keep=True) for _ in range(times)]
        yield Measured("projection", "texts rendered before", "events/s", without, "≥ 50,000")
        yield Measured("projection", "with rendering of all texts", "events/s", with_rendering)


async def seed(database: Database, events: int) -> int:
    """Append the history, in order; how many events it has."""
    appends = history(events)
    while some := list(islice(appends, IN_FLIGHT)):
        await asyncio.gather(*map(database.store.append, some))
    return (await database.store.head()).position


async def _read(database: Database, clock: Clock, contents: Contents) -> Run:
    with clock.running() as run:
        while page := await database.store.read(run.count, PAGE, contents=contents):
            run.count = page[-1].position
    return run


async def _project(database: Database, clock: Clock, *, keep: bool) -> Run:
    """From empty read models to the head, by the runner of the product."""
    await execute(database.dsn, f"TRUNCATE {READ_MODELS}{'' if keep else ', rendered'}")
    await execute(database.dsn, "UPDATE read.checkpoint SET position = 0")
    progress = Progress(database.pool)
    runner = Runner(database.pool, database.store, progress, holder="bench")
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
