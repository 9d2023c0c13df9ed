"""Runs, repeated: how many in how long, each one's latency, and whose processor time it took."""

import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Run:
    """One run. Units: seconds; ours and postgres are processor time; latencies may be empty."""

    count: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    ours: float = 0.0
    postgres: float = 0.0

    @property
    def rate(self) -> float:
        return self.count / self.seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """The runs of one line of the table."""

    part: str
    what: str
    unit: str
    runs: Sequence[Run]
    expected: str = ""

    @property
    def best(self) -> Run:
        return max(self.runs, key=lambda run: run.rate)

    @property
    def median(self) -> Run:
        return sorted(self.runs, key=lambda run: run.rate)[(len(self.runs) - 1) // 2]


@dataclass(frozen=True, slots=True)
class Clock:
    """Measures runs beside the server whose postmaster has this process id."""

    postmaster: int

    @contextmanager
    def running(self) -> Iterator[Run]:
        """The body sets the count, and the latencies if it likes."""
        run = Run()
        server, mine, start = _postgres_seconds(self.postmaster), time.process_time(), time.perf_counter()
        yield run
        run.seconds = time.perf_counter() - start
        run.ours = time.process_time() - mine
        run.postgres = _postgres_seconds(self.postmaster) - server


async def in_turns(times: int, *measurements: Callable[[], Awaitable[Run]]) -> list[list[Run]]:
    """Each measurement so many times, one after the other, so that all meet the same disturbances."""
    runs: list[list[Run]] = [[] for _ in measurements]
    for _ in range(times):
        for number, measurement in enumerate(measurements):
            runs[number].append(await measurement())
    return runs


def percentile(values: Sequence[float], percent: int) -> float:
    """Of at least two values."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _postgres_seconds(postmaster: int) -> float:
    """Processor time of the server: its living processes, and the dead ones that it has waited for."""
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid, _, rest = stat.read_text().partition(" (")
        except (FileNotFoundError, ProcessLookupError):  # it has just ended
            continue
        fields = rest.rpartition(") ")[2].split()
        if int(pid) == postmaster:
            ticks += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            ticks += sum(map(int, fields[11:13]))
    return ticks / TICKS
