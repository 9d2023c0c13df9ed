"""The command line: see the package's description."""

import argparse
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvloop

import bench
from bench import (
    appends,
    blame,
    differences,
    exporting,
    following,
    following_live,
    rendering,
    report,
    requests,
    sealing,
)
from bench.measure import Measured
from bench.server import Server, running_server

RESULTS = Path("bench/results.md")


@dataclass(frozen=True, slots=True)
class Size:
    """How long to measure. Units: runs; seconds of a run of appends; events; rounds of the sample texts;
    pairs of texts; revisions; subscribers at once; summaries published to them.
    """

    times: int
    seconds: float
    events: int
    projected: int
    rendered: int
    rounds: int
    pairs: int
    revisions: int
    subscribers: tuple[int, ...]
    published: int


FULL = Size(
    3, seconds=1.2, events=50_000, projected=20_000, rendered=1_500, rounds=1, pairs=2, revisions=500,
    subscribers=(10, 1_000, 5_000), published=30,
)  # fmt: skip
QUICK = Size(
    1, seconds=0.2, events=4_000, projected=2_000, rendered=200, rounds=1, pairs=1, revisions=20,
    subscribers=(10, 200), published=5,
)  # fmt: skip

Part = Callable[[Server, Size], AsyncIterator[Measured] | Iterator[Measured]]
PARTS: dict[str, Part] = {
    "appends": lambda server, size: appends.measure(server, size.times, size.seconds),
    "reading": lambda server, size: following.measure(server, size.times, size.events),
    "projecting": lambda server, size: following.measure_projecting(
        server, size.times, size.projected, size.rendered
    ),
    "rendering": lambda server, size: rendering.measure(server.clock, size.times, size.rounds),
    "requests": lambda server, size: requests.measure(server, size.times, 2 * size.seconds),
    "following live": lambda server, size: following_live.measure(
        server, size.subscribers, size.published, size.rendered
    ),
    "differences": lambda server, size: differences.measure(server.clock, size.times, size.pairs),
    "blame": lambda server, size: blame.measure(server, size.times, size.revisions),
    "exporting": lambda server, size: exporting.measure(server, size.times, size.projected),
    "sealing": lambda server, size: sealing.measure(server, size.times, size.events, size.seconds),
}


async def measurements(server: Server, size: Size, parts: Iterable[str]) -> AsyncIterator[Measured]:
    """Everything asked for, as it comes."""
    for part in parts:
        found = PARTS[part](server, size)
        if isinstance(found, AsyncIterator):
            async for measured in found:
                yield measured
        else:
            for measured in found:
                yield measured


async def run(size: Size, parts: Iterable[str], data_dir: Path) -> str:
    """Measure, printing each line as it comes; the whole as Markdown."""
    load = os.getloadavg()
    async with running_server(data_dir) as server:
        facts = report.machine(server.durability, load)
        print(f"{facts}\n\n{report.header()}", flush=True)
        lines = []
        async for measured in measurements(server, size, parts):
            lines.append(measured)
            print(report.line(measured), flush=True)
    return report.document(facts, lines, appends.ratios(lines), size.times, "uvloop")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a smoke run of a few seconds")
    parser.add_argument("--write", action="store_true", help=f"put the table into {RESULTS}")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("SHORTSCIENCE_DATA_DIR", "data"))
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))  # warnings only
    parts = [options.only] if options.only else PARTS
    options.data_dir.mkdir(parents=True, exist_ok=True)
    text = uvloop.run(run(QUICK if options.quick else FULL, parts, options.data_dir))
    print("\n" + text.rpartition("|\n\n")[2])
    if options.write:
        RESULTS.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
