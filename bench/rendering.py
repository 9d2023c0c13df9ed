"""Rendering: one text after another, as the sample summaries are, and of 4 KB."""

import time
from collections.abc import Iterator

from bench.history import COMMENT_CHARACTERS, SUMMARY_CHARACTERS, texts
from bench.measure import Clock, Measured, Run
from service.text import render


def measure(clock: Clock, times: int, rounds: int) -> Iterator[Measured]:
    """Lines of the table, as they come."""
    for characters in (COMMENT_CHARACTERS, SUMMARY_CHARACTERS):
        runs = [_run(clock, texts(characters), rounds) for _ in range(times)]
        yield Measured("rendering", f"Markdown and formulas, {characters:,} characters", "texts/s", runs)


def _run(clock: Clock, sources: list[str], rounds: int) -> Run:
    with clock.running() as run:
        for source in sources * rounds:
            start = time.perf_counter()
            render(source, anchor="bench")
            run.latencies.append(time.perf_counter() - start)
        run.count = len(run.latencies)
    return run
