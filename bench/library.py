"""The eventsourcing library's own PostgreSQL recorder: synchronous, so its concurrency is threads."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.measure import Clock, Run

# More connections only queue for the table's lock, which each append holds through its own commit.
# Its mode with a database function is left out: there readers can miss events.
CONNECTIONS = 8


@contextmanager
def recorder(dsn: str) -> Iterator[PostgresApplicationRecorder]:
    """On an empty database; connections are open before anything is measured."""
    address = urlsplit(dsn)
    datastore = PostgresDatastore(
        dbname=address.path.removeprefix("/"),
        host=parse_qs(address.query)["host"][0],
        port=5432,
        user="postgres",
        password="",
        pool_size=CONNECTIONS,
        connect_timeout=120,  # how long a thread may wait for a connection
    )
    with datastore:
        datastore.pool.wait()
        made = PostgresApplicationRecorder(datastore)
        made.create_table()
        yield made


def append_run(
    made: PostgresApplicationRecorder, clock: Clock, state: bytes, concurrency: int, seconds: float
) -> Run:
    """Threads that append one event at a time, each in a stream of its own, until the time is over."""
    with ThreadPoolExecutor(concurrency) as threads, clock.running() as run:
        end = time.perf_counter() + seconds
        appending = [threads.submit(_append_until, made, state, end) for _ in range(concurrency)]
        for one in appending:
            run.latencies += one.result()
        run.count = len(run.latencies)
    return run


def _append_until(made: PostgresApplicationRecorder, state: bytes, end: float) -> list[float]:
    latencies: list[float] = []
    start = time.perf_counter()
    while start < end or not latencies:
        made.insert_events([StoredEvent(uuid4(), 1, "VoteWithdrawn", state)])
        now = time.perf_counter()
        latencies.append(now - start)
        start = now
    return latencies
