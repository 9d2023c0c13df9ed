"""Blame of a long history: kept by its follower, read, and beside it computed when asked for."""

import asyncio
import contextlib
import difflib
import random
import time
from collections.abc import AsyncIterator, Sequence
from itertools import islice, pairwise
from uuid import UUID

from bench.history import new_id, texts
from bench.measure import Clock, Measured, Run
from bench.server import Database, Server, new_log
from projections.blame import NAME, BlameFollower, blames_by_number, recompute
from projections.follower import followed_to
from service.domain.events import DomainEvent, SummaryPublished, SummaryRevised, Visibility
from service.eventstore.model import Append
from service.text.blame import Lineage
from service.text.words import tokens

CHARACTERS = 20_000
READS = 200
PAIRS = 2  # of revisions, for difflib
HISTORY = "{:,} revisions of {:,} characters"


async def measure(server: Server, times: int, revisions: int) -> AsyncIterator[Measured]:
    """Lines of the table, as they come."""
    bodies = edited(revisions)
    what = HISTORY.format(revisions, CHARACTERS)
    async with new_log(server, "blame") as database:
        summary = await _append(database, bodies)
        runs = [await _follow(database, server.clock, revisions) for _ in range(times)]
        yield Measured("blame", f"{what}: projected", "revisions/s", runs)
        runs = [await _read(database, server.clock, summary, revisions) for _ in range(times)]
        yield Measured("blame", f"{what}: read of the last one", "reads/s", runs)
    yield Measured("blame", f"{what}: all computed anew", "revisions/s", [_compute(server.clock, bodies)])
    runs = [_difflib(server.clock, bodies[:: max(1, revisions // 3)])]
    yield Measured("blame", "two of them compared by difflib, word by word", "revisions/s", runs)


def edited(revisions: int) -> list[str]:
    """A text and what small edits make of it: words put in, a paragraph moved, taken out, or put back."""
    numbers = random.Random(11)
    paragraphs = "\n\n".join(texts(CHARACTERS))[:CHARACTERS].split("\n\n")
    gone: list[str] = []
    bodies = ["\n\n".join(paragraphs)]
    for number in range(2, revisions + 1):
        _edit(numbers, paragraphs, gone, number)
        bodies.append("\n\n".join(paragraphs))
    return bodies


def _edit(numbers: random.Random, paragraphs: list[str], gone: list[str], number: int) -> None:
    for _ in range(3):
        i = numbers.randrange(len(paragraphs))
        words = paragraphs[i].split(" ")
        k = numbers.randrange(len(words))
        words[k : k + numbers.randrange(4)] = [f"word{number}"] * numbers.randrange(4)
        paragraphs[i] = " ".join(words)
    chance = numbers.random()
    if chance < 0.2:
        paragraphs.insert(
            numbers.randrange(len(paragraphs)), paragraphs.pop(numbers.randrange(len(paragraphs)))
        )
    elif chance < 0.3 and not gone:
        gone.append(paragraphs.pop(numbers.randrange(len(paragraphs))))
    elif chance < 0.4 and gone:
        paragraphs.insert(numbers.randrange(len(paragraphs)), gone.pop())


async def _append(database: Database, bodies: Sequence[str]) -> UUID:
    numbers = random.Random(13)
    summary, author = new_id(numbers), new_id(numbers)
    for number, body in enumerate(bodies, 1):
        event = _event(summary, author, number, body)
        await database.store.append(Append(new_id(numbers), b"\0" * 32, summary, (event,), actor=author))
    return summary


def _event(summary: UUID, author: UUID, number: int, body: str) -> DomainEvent:
    if number > 1:
        return SummaryRevised(originator_id=summary, originator_version=number, revision=number, body=body)
    return SummaryPublished(
        originator_id=summary,
        originator_version=1,
        paper_id=author,
        author_id=author,
        visibility=Visibility.PUBLIC,
        body=body,
    )


async def _follow(database: Database, clock: Clock, revisions: int) -> Run:
    """From empty tables to the head, by the follower of the product."""
    await recompute(database.pool)
    follower = BlameFollower(database.pool, database.store, holder="bench")
    with clock.running() as run:
        following = asyncio.create_task(follower.run())
        while await followed_to(database.pool, NAME) < revisions:  # noqa: ASYNC110 (another task's rows)
            await asyncio.sleep(0.01)
        run.count = revisions
    following.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await following
    return run


async def _read(database: Database, clock: Clock, summary: UUID, number: int) -> Run:
    with clock.running() as run:
        for _ in range(READS):
            start = time.perf_counter()
            [row] = await blames_by_number(database.pool, [(summary, number)])
            run.latencies.append(time.perf_counter() - start)
            assert row
        run.count = READS
    return run


def _compute(clock: Clock, bodies: Sequence[str]) -> Run:
    """What a read would cost that computes all; latencies are those of single revisions."""
    lineage = Lineage()
    with clock.running() as run:
        for number, body in enumerate(bodies, 1):
            start = time.perf_counter()
            lineage.add(number, body)
            run.latencies.append(time.perf_counter() - start)
        run.count = len(bodies)
    return run


def _difflib(clock: Clock, bodies: Sequence[str]) -> Run:
    words = [tokens(body) for body in bodies]
    with clock.running() as run:
        for before, after in islice(pairwise(words), PAIRS):
            start = time.perf_counter()
            difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
            run.latencies.append(time.perf_counter() - start)
        run.count = len(run.latencies)
    return run
