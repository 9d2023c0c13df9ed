"""Lists of papers, venues and their editions, and what is counted about them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import papers, statistics, venue
from projections.paper import PaperOrder, PaperRow, papers_by_id
from projections.papers import PaperFilter
from projections.reading import Page, Slice
from projections.venue import EditionRow
from service.domain.events import Visibility
from service.eventstore.postgres import PostgresStore
from tests.projections.history import World
from tests.projections.paging import every
from tests.projections.projecting import project_all

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADA, BOB = uuid4(), uuid4()


async def counted(pool: asyncpg.Pool, store: PostgresStore, paper: UUID) -> tuple[int, datetime | None]:
    await project_all(pool, store)
    [row] = await papers_by_id(pool, [paper])
    assert row
    [[edition]] = await venue.editions_of(pool, ["conf/x"])
    assert edition == EditionRow(2015, 1, row.summary_count)
    assert (await statistics.statistics(pool)).public_summary_count == row.summary_count
    return row.summary_count, row.latest_summary_at


async def test_a_papers_summaries_are_counted_as_long_as_they_are_listed(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    paper = await world.register("key", venue_key="conf/x", year=2015)
    assert await counted(pool, store, paper) == (0, None)
    first = await world.publish(paper, ADA, at=NOON)
    second = await world.publish(paper, BOB, at=NOON + HOUR, visibility=Visibility.PRIVATE, anonymous=True)
    assert await counted(pool, store, paper) == (1, NOON)
    await world.revise(first, "Better.", at=NOON + 2 * HOUR)
    assert await counted(pool, store, paper) == (1, NOON + 2 * HOUR)
    await world.show(second, Visibility.PUBLIC)
    assert await counted(pool, store, paper) == (2, NOON + 2 * HOUR)
    await world.show(first, Visibility.UNLISTED)
    assert await counted(pool, store, paper) == (1, NOON + HOUR)
    await world.revise(first, "Unseen.", at=NOON + 9 * HOUR)
    assert await counted(pool, store, paper) == (1, NOON + HOUR)
    await world.revise(second, "Said to be earlier.", at=NOON - HOUR)
    assert await counted(pool, store, paper) == (1, NOON - HOUR)
    await world.retract(second)
    assert await counted(pool, store, paper) == (0, None)


async def test_comments_are_counted_on_listed_summaries(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    paper = await world.register("key")
    await world.sign_up("ada")
    one = await world.publish(paper, ADA)
    comments = [await world.comment(one.id, BOB) for _ in range(3)]
    hidden = await world.publish(paper, BOB, visibility=Visibility.UNLISTED)
    await world.comment(hidden.id, BOB)

    async def count() -> tuple[int, ...]:
        await project_all(pool, store)
        found = await statistics.statistics(pool)
        return found.public_summary_count, found.paper_count, found.comment_count, found.user_count

    assert await count() == (1, 1, 3, 1)
    await world.remove(comments[0])  # it keeps its place
    assert await count() == (1, 1, 3, 1)
    await world.show(hidden, Visibility.PUBLIC)
    assert await count() == (2, 1, 4, 1)
    await world.comment(hidden.id, BOB)
    await world.show(one, Visibility.PRIVATE)
    assert await count() == (1, 1, 2, 1)
    await world.comment(one.id, ADA)
    await world.retract(hidden)
    assert await count() == (0, 1, 0, 1)


async def library(world: World) -> list[UUID]:
    """Twelve papers, with ties in everything."""
    made = []
    for n in range(12):
        paper = await world.register(
            f"key/{n}",
            venue_key=("conf/x", "conf/X", None)[n % 3],
            year=(2014, None, 2015, 2014)[n % 4],
            keywords=(("Deep Learning", "b"), ("deep learning",), ("learning",))[n % 3],
            authors=(("Zoë", "Ada"), ("Ada", "Ada"), ())[n % 3],
        )
        for i in range(n % 4):
            await world.publish(paper, uuid4(), at=NOON + n % 3 * HOUR + i * HOUR)
        made.append(paper)
    return made


def sorted_by(order: PaperOrder, rows: Sequence[PaperRow]) -> list[UUID]:
    return [row.paper_id for row in sorted(rows, key=lambda row: row.key(order), reverse=True)]


FILTERS: list[tuple[PaperFilter, Any]] = [
    (PaperFilter(), lambda n: True),
    (PaperFilter(venue_key="conf/x"), lambda n: n % 3 == 0),
    (PaperFilter(venue_key="conf/none"), lambda n: False),
    (PaperFilter(year=2014), lambda n: n % 4 in (0, 3)),
    (PaperFilter(year=0), lambda n: False),
    (PaperFilter(keyword="DEEP  learning"), lambda n: n % 3 < 2),
    (PaperFilter(keyword="deep"), lambda n: False),
    (PaperFilter(author="Zoe\u0308"), lambda n: n % 3 == 0),
    (PaperFilter(author="ada"), lambda n: False),
    (PaperFilter("conf/X", 2014, "deep learning", "Ada"), lambda n: n % 3 == 1 and n % 4 in (0, 3)),
]


@pytest.mark.parametrize(("filter", "holds"), FILTERS)
async def test_papers_in_every_order_with_every_filter(
    pool: asyncpg.Pool, store: PostgresStore, world: World, filter: PaperFilter, holds: Any
) -> None:
    made = await library(world)
    await project_all(pool, store)
    found = await papers_by_id(pool, made)
    rows = [row for n, row in enumerate(found) if row and holds(n)]
    assert await papers.count_papers(pool, filter) == len(rows)
    for order in PaperOrder:
        for first in (1, 2, 5, 12, 13):

            async def read(page: Page, order: PaperOrder = order) -> Slice[PaperRow]:
                return await papers.papers(pool, page, order, filter)

            walked = await every(read, lambda row, order=order: row.key(order), first)
            assert [row.paper_id for row in walked] == sorted_by(order, rows)


async def test_papers_without_summary_or_year_come_last(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    bare = await world.register("bare")
    full = await world.register("full", year=1000)
    await world.publish(full, ADA, at=datetime(1970, 1, 1, tzinfo=UTC))
    await project_all(pool, store)
    for order in PaperOrder:
        page = await papers.papers(pool, Page(9), order, PaperFilter())
        assert [row.paper_id for row in page.rows] == [full, bare]


async def test_papers_of_authors(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    made = await library(world)
    await project_all(pool, store)
    rows = [row for row in await papers_by_id(pool, made) if row]
    names = ["Zoë", "nobody", "Ada", "ada"]
    expected = [sorted_by(PaperOrder.YEAR, [row for row in rows if name in row.authors]) for name in names]
    assert [len(one) for one in expected] == [4, 0, 8, 0]
    assert await papers.count_of_authors(pool, names) == [4, 0, 8, 0]
    for n, ids in enumerate(expected):
        for first in (1, 3, 8, 9):

            async def read(page: Page, n: int = n) -> Slice[PaperRow]:
                return (await papers.papers_of_authors(pool, names, page))[n]

            walked = await every(read, lambda row: row.key(PaperOrder.YEAR), first)
            assert [row.paper_id for row in walked] == ids


async def test_papers_of_venues_and_their_editions(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    made = await library(world)
    await project_all(pool, store)
    rows = [row for row in await papers_by_id(pool, made) if row]
    keys = ["conf/X", "conf/none", "conf/x"]
    for year in (None, 2014, 2015, 1999, 0):
        expected = [
            sorted_by(
                PaperOrder.YEAR,
                [row for row in rows if row.venue_key == key and year in (None, row.year)],
            )
            for key in keys
        ]
        assert await venue.count_of_venues(pool, keys, year) == [len(one) for one in expected]
        for n, ids in enumerate(expected):
            for first in (1, 2, 5):

                async def read(page: Page, n: int = n, year: int | None = year) -> Slice[PaperRow]:
                    return (await venue.papers_of_venues(pool, keys, page, year))[n]

                walked = await every(read, lambda row: row.key(PaperOrder.YEAR), first)
                assert [row.paper_id for row in walked] == ids

    def edition(key: str, year: int) -> EditionRow:
        of_it = [row for row in rows if (row.venue_key, row.year) == (key, year)]
        return EditionRow(year, len(of_it), sum(row.summary_count for row in of_it))

    assert await venue.editions_of(pool, keys) == [
        [edition(key, year) for year in (2015, 2014) if edition(key, year).paper_count] for key in keys
    ]


async def test_venues(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """By key, exactly; called as the paper registered last calls it."""
    for n, (key, name) in enumerate(
        [
            ("conf/é", None),
            ("conf/b", "Old"),
            ("Z", None),
            ("conf/b", "New"),
            ("conf/b", None),
            (None, "None"),
        ]
    ):
        await world.register(f"k{n}", venue_key=key, venue_name=name)
    await project_all(pool, store, limit=2)
    for first in range(1, 5):
        rows = await every(lambda page: venue.venues(pool, page), lambda row: row.key(), first)
        assert [(row.venue_key, row.name, row.paper_count) for row in rows] == [
            ("Z", "Z", 1),
            ("conf/b", "New", 3),
            ("conf/é", "conf/é", 1),
        ]
    assert await venue.count_venues(pool) == 3
    found = await venue.venues_by_key(pool, ["conf/B", "conf/b"])
    assert [row and row.name for row in found] == [None, "New"]
    assert await venue.editions_of(pool, ["conf/b", "conf/none"]) == [[], []]


async def test_nothing_is_there(pool: asyncpg.Pool) -> None:
    counts = await statistics.statistics(pool)
    assert set(counts.__struct_fields__) == {
        "public_summary_count", "paper_count", "comment_count", "user_count",
    }  # fmt: skip
    assert not any(getattr(counts, name) for name in counts.__struct_fields__)
    assert (await venue.venues(pool, Page(1))).rows == []
    assert await venue.papers_of_venues(pool, [], Page(1)) == []
    assert await papers.papers_of_authors(pool, [], Page(1)) == []
