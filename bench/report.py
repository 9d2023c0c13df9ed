"""The table, and the machine it was measured on."""

import os
import platform
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.measure import Measured, percentile

HEADINGS = (
    "part", "what", "unit", "best", "median", "expected", "p50 ms", "p99 ms", "our CPU µs", "PostgreSQL's"
)  # fmt: skip
NOTES = """\
Best and median of {times} runs each; p50 and p99 are the median run's. CPU is processor time per event,
text or request, of this process (for requests: of the service's) and of PostgreSQL, in the run where ours
was least. Other work was going on on the machine, as the load average says: the best run is nearer to what
it can do, and CPU depends on it less. One process of ours, one event loop ({loop}).
"""


def machine(durability: str, load: tuple[float, float, float]) -> str:
    """Facts without which the numbers mean nothing."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {os.cpu_count()} cores, {_processor()}; "
        f"load average before: {' '.join(f'{value:.2f}' for value in load)}; "
        f"Python {platform.python_version()}; PostgreSQL: {durability}"
    )


def header() -> str:
    return f"| {' | '.join(HEADINGS)} |\n|{'---|' * 3}{'--:|' * (len(HEADINGS) - 3)}"


def line(measured: Measured) -> str:
    """One row of the table."""
    return f"| {' | '.join(_cells(measured))} |"


def document(facts: str, lines: Iterable[Measured], ratios: Iterable[str], times: int, loop: str) -> str:
    """All of it as Markdown."""
    parts = ["# Measurements", facts + ".", "\n".join([header(), *map(line, lines)])]
    parts += ["\n".join(f"- {ratio}" for ratio in ratios), NOTES.format(times=times, loop=loop)]
    return "\n\n".join(part for part in parts if part)


def _cells(measured: Measured) -> Iterator[str]:
    median = measured.median
    yield from (measured.part, measured.what, measured.unit)
    yield from (_rate(measured.best.rate), _rate(median.rate), measured.expected)
    for percent in (50, 99):
        enough = len(median.latencies) > 1
        yield f"{percentile(median.latencies, percent) * 1000:.2f}" if enough else ""
    least = min((run.ours / run.count, run.postgres / run.count) for run in measured.runs)
    yield from (f"{seconds * 1_000_000:.1f}" for seconds in least)


def _rate(rate: float) -> str:
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(": ")[2] if names else platform.machine()
