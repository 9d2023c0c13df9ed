"""Through all pages of every list while the site goes on: what was there throughout and stayed where it was
in the order is seen once; what moved may be missed or seen again, and nothing else.
"""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import papers, venue
from projections.feed import FeedFilter, FeedKind, feed, feed_key
from projections.paper import PaperOrder
from projections.papers import PaperFilter
from projections.reading import Page, Reader
from projections.summary import SummaryOrder, summaries_of_papers, summaries_of_users
from service.domain.events import Visibility, VoteValue
from service.eventstore.postgres import PostgresStore
from tests.projections.history import World
from tests.projections.paging import Read, every
from tests.projections.projecting import project_all

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
Key = Callable[[Any], Any]


async def some_paper(world: World, n: int) -> UUID:
    return await world.register(
        f"key/{uuid4().hex}",
        venue_key=("conf/x", f"conf/{uuid4().hex}")[n % 2],
        year=(2014, None, 2015)[n % 3],
        keywords=("learning",),
        authors=("Ada",),
    )


async def begin(world: World) -> None:
    await world.sign_up("ada")
    first = await some_paper(world, 0)
    for n in range(1, 12):
        await some_paper(world, n)
    for n in range(24):
        paper = first if n % 3 else world.papers[n % 12]
        one = await world.publish(paper, world.users[0], at=NOON + n // 5 * timedelta(hours=1))
        if n % 4 == 0:
            await world.vote(one, uuid4(), VoteValue.DOWN)
        if n % 6 == 0:
            await world.vote(one, uuid4(), VoteValue.UP)


async def go_on(world: World, n: int) -> None:
    """New things everywhere, and old ones that move in one order or another."""
    await some_paper(world, n)
    new = await world.publish(
        world.papers[0], world.users[0], at=NOON + n * timedelta(minutes=30), anonymous=n % 2 == 0
    )
    await world.vote(new, uuid4(), list(VoteValue)[n % 2])
    await world.publish(world.papers[n % 4], uuid4())
    old = world.summaries[:24]
    await world.vote(old[n * 10 % 24], uuid4(), list(VoteValue)[n % 2])
    await world.revise(old[n * 7 % 24], f"Text {n}.", at=NOON + n * timedelta(hours=2))
    if n == 2:
        await world.show(old[5], Visibility.PRIVATE)
        await world.retract(old[6])


def lists(pool: Reader, world: World) -> dict[str, tuple[Read, Key]]:
    """Every list of papers, venues and summaries, with its rows' keys."""

    def of_papers(order: PaperOrder, filter: PaperFilter) -> tuple[Read, Key]:
        return lambda page: papers.papers(pool, page, order, filter), lambda row: row.key(order)

    def of_feed(kind: FeedKind, filter: FeedFilter) -> tuple[Read, Key]:
        return lambda page: feed(pool, kind, page, filter), lambda row: feed_key(row, kind)

    def of_paper(order: SummaryOrder) -> tuple[Read, Key]:
        async def read(page: Page) -> Any:
            return (await summaries_of_papers(pool, [world.papers[0]], page, order))[0]

        return read, lambda row: row.key(order)

    async def of_user(page: Page) -> Any:
        return (await summaries_of_users(pool, [world.users[0]], page, None))[0]

    async def of_venue(page: Page) -> Any:
        return (await venue.papers_of_venues(pool, ["conf/x"], page))[0]

    async def of_author(page: Page) -> Any:
        return (await papers.papers_of_authors(pool, ["Ada"], page))[0]

    def by_year(row: Any) -> Any:
        return row.key(PaperOrder.YEAR)

    every_filter = PaperFilter("conf/x", None, "learning", "Ada")
    return {
        **{f"papers {order}": of_papers(order, PaperFilter()) for order in PaperOrder},
        **{f"some papers {order}": of_papers(order, every_filter) for order in PaperOrder},
        **{f"feed {kind}": of_feed(kind, FeedFilter()) for kind in FeedKind},
        **{
            f"some of feed {kind}": of_feed(kind, FeedFilter("conf/x", None, "learning", "ada"))
            for kind in FeedKind
        },
        **{f"paper {order}": of_paper(order) for order in SummaryOrder},
        "user": (of_user, lambda row: row.key(SummaryOrder.LATEST)),
        "venue": (of_venue, by_year),
        "author": (of_author, by_year),
        "venues": (lambda page: venue.venues(pool, page), lambda row: row.key()),
    }


NAMES = [
    *(f"{what} {order}" for what in ("papers", "some papers") for order in PaperOrder),
    *(f"{what} {kind}" for what in ("feed", "some of feed") for kind in FeedKind),
    *(f"paper {order}" for order in SummaryOrder),
    "user", "venue", "author", "venues",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_nothing_that_stayed_is_missed_or_seen_twice(
    pool: asyncpg.Pool, store: PostgresStore, world: World, name: str
) -> None:
    await begin(world)
    await project_all(pool, store)
    read, key = lists(pool, world)[name]
    keys = [{key(row) for row in await every(read, key, 100)}]

    async def between(n: int) -> None:
        await go_on(world, n)
        await project_all(pool, store)
        keys.append({key(row) for row in await every(read, key, 100)})

    walked = [key(row) for row in await every(read, key, 2, between)]
    stayed = set.intersection(*keys)
    assert len(keys) > 2
    assert len(stayed) > 1
    assert {one: count for one, count in Counter(walked).items() if one in stayed} == dict.fromkeys(stayed, 1)
    descending = name not in ("venues", f"paper {SummaryOrder.OLDEST}")
    assert walked == sorted(set(walked), reverse=descending)


def test_every_list_is_walked(pool: asyncpg.Pool, world: World) -> None:
    assert list(lists(pool, world)) == NAMES
