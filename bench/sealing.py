"""Sealing the log: how fast, what it costs those who append, and how long a proof takes."""

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.following import seed
from bench.history import small
from bench.measure import Clock, Measured, Run, in_turns
from bench.server import Database, Server, execute, new_log
from projections.tree import Tree
from projections.tree_reader import consistency_proof, inclusion_proofs, sealed_size
from service.eventstore.model import Append

Prove = Callable[[Database, int, int], Awaitable[None]]

PART = "sealing"
IN_FLIGHT = 32
PROOFS = 500
START = """
ALTER TABLE tree_nodes DISABLE TRIGGER USER; ALTER TABLE log_checkpoints DISABLE TRIGGER USER;
ALTER TABLE log_cosignatures DISABLE TRIGGER USER;
TRUNCATE tree_nodes, log_checkpoints, log_cosignatures;
DELETE FROM follower_checkpoints WHERE name = 'tree'
"""


async def measure(server: Server, times: int, events: int, seconds: float) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    async with new_log(server, "sealing") as database:
        await seed(database, events)
        await execute(database.dsn, "VACUUM ANALYZE")
        runs = [await _seal(database, server.clock) for _ in range(times)]
        yield Measured(PART, f"a log of {events:,} events", "events/s", runs, "≥ 50,000")
        for what, prove in (("one inclusion proof", _inclusion), ("one consistency proof", _consistency)):
            proving = [await _prove(database, server.clock, prove) for _ in range(times)]
            yield Measured(PART, f"{what}, of {events:,} leaves", "proofs/s", proving)
    async with new_log(server, "appending") as database:
        appends = _small_ones()
        await _append(database, server.clock, appends, seconds, sealed=False)  # warm
        both = (
            partial(_append, database, server.clock, appends, seconds, sealed=sealed)
            for sealed in (False, True)
        )
        for what, its in zip(("not sealed", "sealed meanwhile"), await in_turns(times, *both), strict=True):
            yield Measured("append", f"one small event, {IN_FLIGHT} at once, {what}", "events/s", its)


@asynccontextmanager
async def _sealing(database: Database) -> AsyncIterator[None]:
    key = Ed25519PrivateKey.from_private_bytes(b"\1" * 32)
    tree = asyncio.create_task(Tree(database.pool, database.store, key, holder="bench").run())
    try:
        yield
    finally:
        tree.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tree


async def _sealed(database: Database, head: int) -> None:
    while await sealed_size(database.pool) < head:  # noqa: ASYNC110 (state of the database)
        await asyncio.sleep(0.005)


async def _seal(database: Database, clock: Clock) -> Run:
    """From no tree to the head, by the follower of the product."""
    await execute(database.dsn, START)
    head = (await database.store.head()).position
    with clock.running() as run:
        async with _sealing(database):
            await _sealed(database, head)
        run.count = head
    return run


async def _prove(database: Database, clock: Clock, prove: Prove) -> Run:
    """Proofs about leaves and trees at random, one after the other."""
    numbers, size = random.Random(1), await sealed_size(database.pool)
    with clock.running() as run:
        for _ in range(PROOFS):
            start = time.perf_counter()
            await prove(database, numbers.randint(1, size), size)
            run.latencies.append(time.perf_counter() - start)
        run.count = PROOFS
    return run


async def _inclusion(database: Database, position: int, size: int) -> None:
    await inclusion_proofs(database.pool, [position], size)


async def _consistency(database: Database, first: int, second: int) -> None:
    await consistency_proof(database.pool, first, second)


def _small_ones() -> Iterator[Append]:
    numbers = random.Random(3)
    while True:
        yield small(numbers)


async def _append(
    database: Database, clock: Clock, appends: Iterator[Append], seconds: float, *, sealed: bool
) -> Run:
    """As many as there is time for, while a tree follows or not."""
    made = iter(list(islice(appends, int(seconds * 20_000))))
    async with _sealing(database) if sealed else contextlib.nullcontext():
        if sealed:
            await _sealed(database, (await database.store.head()).position)
        with clock.running() as run:
            end = time.perf_counter() + seconds
            counts = await asyncio.gather(
                *(_append_until(database, end, made, run) for _ in range(IN_FLIGHT))
            )
            run.count = sum(counts)
    return run


async def _append_until(database: Database, end: float, appends: Iterator[Append], run: Run) -> int:
    count = 0
    while (start := time.perf_counter()) < end and (append := next(appends, None)):
        await database.store.append(append)
        run.latencies.append(time.perf_counter() - start)
        count += 1
    return count
