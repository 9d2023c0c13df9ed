"""The blame of each revision: told live, in any batches, and the same when it is computed again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import blame, blame_writer
from projections.blame import BlameFollower, blames_by_number, recompute
from projections.follower import followed_to
from service.domain.events import VoteValue
from service.eventstore.postgres import PostgresStore
from service.text.blame import BlameRow, Lineage
from tests.projections.history import Thing, World

FIRST = "The first sentence tells of attention, and why it is enough."
SECOND = "The second one is about recurrent networks, which take long."
THIRD = "In the third there is $x^2 + y_1$, a formula with signs."
LINES = [FIRST, SECOND, THIRD, "## Related work", "A short line", "word", "more words here", ""]
BODY = st.lists(st.sampled_from(LINES), max_size=8).map("\n".join)
ACTION = st.one_of(
    st.tuples(st.just("publish"), BODY),
    st.tuples(st.just("revise"), BODY),
    st.tuples(st.just("revise"), BODY),
    st.tuples(
        st.sampled_from(["restore", "redact", "redact", "erase", "follow", "follow"]), st.integers(0, 50)
    ),
)
Start = Callable[..., AbstractAsyncContextManager[BlameFollower]]


@asynccontextmanager
async def following(
    pool: asyncpg.Pool, store: PostgresStore, batch: int = 100
) -> AsyncIterator[BlameFollower]:
    """A follower that stops with the block."""
    follower = BlameFollower(pool, store, holder=uuid4().hex, batch=batch)
    task = asyncio.create_task(follower.run())
    try:
        yield follower
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def reached(pool: asyncpg.Pool, position: int) -> None:
    async with asyncio.timeout(20):
        while await followed_to(pool, "blame") < position:  # noqa: ASYNC110 (another task's rows)
            await asyncio.sleep(0.002)


async def follow(pool: asyncpg.Pool, store: PostgresStore, batch: int = 100) -> None:
    async with following(pool, store, batch):
        await reached(pool, (await store.head()).position)


async def rows_of(pool: asyncpg.Pool) -> list[list[tuple[Any, ...]]]:
    """Every row of both tables."""
    tables = [await pool.fetch(f"SELECT * FROM {name} ORDER BY 1, 2") for name in ("blame", "removed_words")]  # noqa: S608
    return [[tuple(record) for record in table] for table in tables]


async def blamed(pool: asyncpg.Pool, summary: Thing, number: int) -> list[tuple[int, str]]:
    """The spans of a revision's text: origins and what they say."""
    [row] = await blames_by_number(pool, [(summary.id, number)])
    text = summary.texts[number - 1]
    assert row is not None
    assert text is not None
    assert sum(row.lengths) == len(text)
    ends = [sum(row.lengths[: i + 1]) for i in range(len(row.lengths))]
    return [
        (origin, text[end - n : end]) for n, end, origin in zip(row.lengths, ends, row.origins, strict=True)
    ]


async def act(world: World, name: str, value: Any) -> None:
    """An action that nothing can be done with is left out."""
    summary = world.summaries[-1] if world.summaries else None
    surviving = [i for i, text in enumerate(summary.texts, 1) if text is not None] if summary else []
    match name:
        case "publish":
            await world.publish(uuid4(), uuid4(), value)
        case "revise" if summary:
            await world.revise(summary, value)
        case "restore" if summary and surviving:
            await world.restore(summary, surviving[value % len(surviving)])
        case "redact" if summary and surviving:
            await world.redact(summary, surviving[value % len(surviving)])
        case "erase" if value % 5 == 0 and summary:
            await world.erase(summary.id)
            summary.texts[:] = [None] * len(summary.texts)


async def test_moved_and_restored_words_keep_their_origin(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    summary = await world.publish(uuid4(), uuid4(), f"{FIRST}\n\n{SECOND}")
    await world.revise(summary, f"{SECOND}\n\n{FIRST}")
    await world.revise(summary, SECOND)
    await world.revise(summary, f"{SECOND} New: {FIRST}")
    await world.restore(summary, 2)
    await follow(pool, store)
    assert [origin for origin, _ in await blamed(pool, summary, 2)] in ([1], [1, 2], [1, 2, 1])
    assert await blamed(pool, summary, 3) == [(1, SECOND)]
    assert await blamed(pool, summary, 4) == [(1, SECOND), (4, " New: "), (1, FIRST)]
    assert await blamed(pool, summary, 5) == await blamed(pool, summary, 2)


async def test_a_redacted_revision_is_stepped_over(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    summary = await world.publish(uuid4(), uuid4(), FIRST)
    await world.revise(summary, f"{FIRST} {SECOND}")
    await world.revise(summary, f"{FIRST} {SECOND} {THIRD}")
    await follow(pool, store)
    assert [origin for origin, _ in await blamed(pool, summary, 3)] == [1, 2, 3]
    await world.redact(summary, 2)
    await follow(pool, store)
    assert await blames_by_number(pool, [(summary.id, 2), (summary.id, 9)]) == [None, None]
    assert await blamed(pool, summary, 3) == [(1, FIRST), (3, f" {SECOND} {THIRD}")]


async def test_nothing_of_an_erased_summary_is_left(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    summary = await world.publish(uuid4(), uuid4(), f"{FIRST}\n{SECOND}")
    await world.revise(summary, FIRST)
    await follow(pool, store)
    blames, removed = await rows_of(pool)
    assert (len(blames), len(removed)) == (2, 1)
    await world.erase(summary.id)
    await follow(pool, store)
    assert await rows_of(pool) == [[], []]


@settings(max_examples=25)
@given(actions=st.lists(ACTION, min_size=3, max_size=30), sizes=st.lists(st.integers(1, 9), min_size=1))
async def test_rows_are_a_function_of_the_log_and_of_the_texts_that_survive(
    pool: asyncpg.Pool, store: PostgresStore, actions: list[tuple[str, Any]], sizes: list[int]
) -> None:
    """Followed live now and then, in batches of any size, each time by another follower; then from zero."""
    world = World(store)
    for number, (name, value) in enumerate([*actions, ("follow", 0)]):
        await act(world, name, value)
        if name == "follow":
            await follow(pool, store, sizes[number % len(sizes)])
    live = await rows_of(pool)
    await recompute(pool)
    assert await rows_of(pool) == [[], []]
    await follow(pool, store, sizes[0])
    assert await rows_of(pool) == live
    for summary in world.summaries:
        assert await all_blames(pool, summary) == computed(summary)


async def all_blames(pool: asyncpg.Pool, summary: Thing) -> list[BlameRow | None]:
    return await blames_by_number(pool, [(summary.id, number) for number in range(1, summary.revision + 1)])


def computed(summary: Thing) -> list[BlameRow | None]:
    """By the pure function, from the texts alone."""
    lineage = Lineage()
    return [None if text is None else lineage.add(i, text) for i, text in enumerate(summary.texts, 1)]


async def test_a_follower_that_dies_anywhere_leaves_what_another_can_go_on_from(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    summary = await world.publish(uuid4(), uuid4(), FIRST)
    for number in range(40):
        await world.revise(summary, f"{LINES[number % 7]} {number} {LINES[number % 5]}")
    at = 0
    while at < world.position:
        async with following(pool, store, 3):
            await reached(pool, at + 1)
        at = await followed_to(pool, "blame")
    assert await all_blames(pool, summary) == computed(summary)


async def test_a_text_erased_while_it_is_read_goes_with_the_event_that_tells(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The follower has read the text and not written yet; then the same after it has read the events only."""
    summary = await world.publish(uuid4(), uuid4(), FIRST)
    await world.revise(summary, f"{FIRST} {SECOND}")
    read, prepare = [], blame_writer.prepare

    async def slow(conn: asyncpg.Connection, events: Any) -> Any:
        if 2 in summary_numbers(events) and not read:
            read.append(await prepare(conn, events))
            await world.redact(summary, 2)
            return read[0]
        return await prepare(conn, events)

    monkeypatch.setattr(blame.blame_writer, "prepare", slow)
    await follow(pool, store, 1)
    await follow(pool, store)
    assert [len(work.made) for work in read[0]] == [1]
    assert await all_blames(pool, summary) == computed(summary) == [BlameRow([len(FIRST)], [1]), None]

    await world.revise(summary, f"{FIRST} {THIRD}")
    await world.redact(summary, 1)
    await follow(pool, store, 1)
    assert await all_blames(pool, summary) == computed(summary)


def summary_numbers(events: Any) -> list[int]:
    return [getattr(one.event, "revision", 1) for one in events]


async def test_the_checkpoint_moves_on_over_what_is_of_no_interest(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    summary = await world.publish(uuid4(), uuid4(), FIRST, vote=False)
    async with following(pool, store) as follower:
        for _ in range(3):
            await world.vote(summary, uuid4(), VoteValue.UP)
            await reached(pool, world.position)
        await world.revise(summary, SECOND)
        await reached(pool, world.position)
        assert follower.state.failure is None
    assert await all_blames(pool, summary) == computed(summary)


async def test_recomputing_beside_a_follower(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """It begins again, and does not go on from where it was."""
    summary = await world.publish(uuid4(), uuid4(), FIRST)
    async with following(pool, store):
        await reached(pool, world.position)
        await recompute(pool)
        await world.revise(summary, SECOND)
        await reached(pool, world.position)
    assert await all_blames(pool, summary) == computed(summary)
