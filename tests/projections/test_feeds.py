"""The feeds: which summaries, in which order, with which filters."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from projections.feed import FeedFilter, FeedKind, count_feed, feed, feed_key
from projections.reading import Page, Slice
from projections.score import HOT_SECONDS, controversial, hot
from projections.summary import summaries_by_id
from service.domain.events import Visibility, VoteValue
from service.eventstore.postgres import PostgresStore
from tests.projections.history import Thing, World
from tests.projections.paging import every
from tests.projections.projecting import project_all

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_hot() -> None:
    """Ten times the score counts as much as 12.5 hours; a negative one as much less."""
    later = NOON + timedelta(seconds=HOT_SECONDS)
    assert hot(1, 1, later) - hot(1, 1, NOON) == pytest.approx(1)
    assert hot(100, 0, NOON) - hot(10, 0, NOON) == pytest.approx(1)
    assert hot(0, 0, NOON) == hot(1, 0, NOON) == hot(0, 1, NOON)
    assert hot(0, 100, NOON) == pytest.approx(hot(1, 0, NOON) - 2)
    assert hot(0, 0, datetime(1970, 1, 1, 12, 30, tzinfo=UTC)) == 1


def test_controversial() -> None:
    assert controversial(0, 0) == controversial(9, 0) == controversial(0, 9) == 0
    assert controversial(1, 1) == 2
    assert controversial(4, 2) == controversial(2, 4) == pytest.approx(6**0.5)


async def some_summaries(world: World) -> list[Thing]:
    """By two users on three papers, with votes of all kinds and ties; the last ones are not listed."""
    users = [await world.sign_up(name) for name in ("Ada", "bob")]
    papers = [
        await world.register("a", venue_key="conf/x", year=2014, keywords=("Deep Learning",)),
        await world.register("b", venue_key="conf/x", year=2015),
        await world.register("c", keywords=("deep learning", "b")),
    ]
    made = []
    for n in range(24):
        one = await world.publish(
            papers[n % 3], users[n % 2], at=NOON + n // 4 * timedelta(hours=1), anonymous=n % 8 == 2
        )
        for i in range(n % 5):
            await world.vote(one, uuid4(), list(VoteValue)[(n + i) % 2 or n % 7 == 6])
        made.append(one)
    await world.show(made[-1], Visibility.UNLISTED)
    await world.show(made[-2], Visibility.PRIVATE)
    await world.retract(made[-3])
    return made


FILTERS: list[tuple[FeedFilter, Any]] = [
    (FeedFilter(), lambda n: True),
    (FeedFilter(venue_key="conf/x"), lambda n: n % 3 < 2),
    (FeedFilter(year=2015), lambda n: n % 3 == 1),
    (FeedFilter(keyword="DEEP LEARNING"), lambda n: n % 3 != 1),
    (FeedFilter(username="ADA"), lambda n: n % 2 == 0 and n % 8 != 2),
    (FeedFilter(username="nobody"), lambda n: False),
    (FeedFilter("conf/x", 2014, "deep learning", "bob"), lambda n: n % 3 == 0 and n % 2 == 1),
]


@pytest.mark.parametrize(("filter", "holds"), FILTERS)
async def test_every_feed_with_every_filter(
    pool: asyncpg.Pool, store: PostgresStore, world: World, filter: FeedFilter, holds: Any
) -> None:
    made = await some_summaries(world)
    await project_all(pool, store)
    found = await summaries_by_id(pool, [one.id for one in made], None)
    rows = [row for n, row in enumerate(found) if row and row.listed and holds(n)]
    in_feed = {
        FeedKind.LATEST: [row for row in rows if row.up >= row.down],
        FeedKind.TOP: rows,
        FeedKind.HOT: rows,
        FeedKind.CONTROVERSIAL: [row for row in rows if row.up and row.down],
    }
    if filter == FeedFilter():
        assert len(rows) == 21
        assert all(0 < len(in_feed[kind]) < 21 for kind in (FeedKind.LATEST, FeedKind.CONTROVERSIAL))
    for kind, some in in_feed.items():
        expected = sorted(some, key=lambda row: feed_key(row, kind), reverse=True)
        assert await count_feed(pool, kind, filter) == len(expected)
        for first in (1, 4, len(expected) + 1):

            async def read(page: Page, kind: FeedKind = kind) -> Slice[Any]:
                return await feed(pool, kind, page, filter)

            assert await every(read, lambda row, kind=kind: feed_key(row, kind), first) == expected


async def test_scores_are_those_of_the_votes(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """Also when votes come in batches of their own."""
    made = await some_summaries(world)
    await project_all(pool, store, limit=1)
    await world.vote(made[0], uuid4(), VoteValue.DOWN)
    await world.vote(made[0], uuid4(), VoteValue.UP)
    await project_all(pool, store)
    rows = [row for row in await summaries_by_id(pool, [one.id for one in made], None) if row]
    assert {row.hot for row in rows} == {hot(row.up, row.down, row.created_at) for row in rows}
    for row in rows:
        assert row.hot == hot(row.up, row.down, row.created_at)
        assert row.controversial == controversial(row.up, row.down)
