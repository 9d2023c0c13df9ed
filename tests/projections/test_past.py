"""What was when: readers of the past against those of today, and dates that claim to run backwards."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from projections import (
    comment,
    past,
    past_comment,
    past_paper,
    past_revision,
    past_vote,
    revision,
    summary,
    vote,
)
from projections import paper as paper_reader
from projections.reading import Page
from projections.summary import SummaryOrder
from projections.survivors import survivors_before
from service.domain.events import Visibility, VoteValue
from service.domain.ids import vote_id
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, Action, World, play
from tests.projections.projecting import project_all

NUMBER = st.integers(0, 30)
HISTORIES = st.lists(st.tuples(st.sampled_from(ACTIONS), NUMBER, NUMBER, NUMBER), min_size=5, max_size=60)
EVER = datetime(9000, 1, 1, tzinfo=UTC)
ALL = Page(1_000)


def year(number: int) -> datetime:
    return datetime(number, 1, 1, tzinfo=UTC)


def shown(row: Any) -> Any:
    """A summary's row without what only a past one has."""
    return {
        name: value for name, value in asdict(row).items() if name in summary.SummaryRow.__struct_fields__
    }


@settings(max_examples=15, print_blob=True)
@given(actions=HISTORIES)
async def test_the_end_of_time_is_today(
    pool: asyncpg.Pool, store: PostgresStore, actions: list[Action]
) -> None:
    """Whatever dates are claimed, and whatever was hidden, removed or erased."""
    world = World(store)
    await play(world, actions)
    await project_all(pool, store)
    ids, said = [one.id for one in world.summaries], [one.id for one in world.comments]
    for viewer in (None, *world.users):
        now = await summary.summaries_by_id(pool, ids, viewer)
        then = await past.summaries_by_id(pool, ids, EVER, viewer)
        assert [row and shown(row) for row in then] == [row and asdict(row) for row in now]
        assert await past_comment.comments_by_id(pool, said, EVER, viewer) == await comment.comments_by_id(
            pool, said, viewer
        )
        if viewer is not None:
            now = await summary.own_summary_of_papers(pool, world.papers, viewer)
            then = await past.own_summary_of_papers(pool, world.papers, EVER, viewer)
            assert [row and shown(row) for row in then] == [row and asdict(row) for row in now]
    await _same_lists(pool, world, ids, said)


async def _same_lists(pool: asyncpg.Pool, world: World, ids: list[UUID], said: list[UUID]) -> None:
    listed = await past.summaries_of_papers(pool, world.papers, EVER)
    assert [len(rows) for rows in listed] == await summary.count_of_papers(pool, world.papers)
    for order in SummaryOrder:
        for page in (ALL, Page(0), Page(1)):
            now = await summary.summaries_of_papers(pool, world.papers, page, order)
            then = [past.page_of(rows, page, order) for rows in listed]
            assert [(list(map(shown, one.rows)), one.has_next) for one in then] == [
                (list(map(asdict, one.rows)), one.has_next) for one in now
            ]
    assert await past_revision.revisions_of(pool, ids, ALL, EVER) == await revision.revisions_of(
        pool, ids, ALL
    )
    assert await past_comment.comments_of_summaries(
        pool, ids, ALL, EVER
    ) == await comment.comments_of_summaries(pool, ids, ALL)
    assert await past_comment.replies_of(pool, said, Page(1), EVER) == await comment.replies_of(
        pool, said, Page(1)
    )
    assert await past_comment.count_of_summaries(pool, ids, EVER) == await comment.count_of_summaries(
        pool, ids
    )
    assert await past_comment.count_of_replies(pool, said, EVER) == await comment.count_of_replies(pool, said)
    votes = list(world.votes)
    assert await past_vote.votes_by_id(pool, votes, EVER) == await vote.votes_by_id(pool, votes)


async def test_dates_that_run_backwards(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    ada = await world.sign_up("ada")
    one = await world.publish(await world.register("k"), ada, "One", at=year(2010))
    await world.revise(one, "Two", at=year(2016))
    await world.revise(one, "Three", at=year(2013))
    await project_all(pool, store)

    async def numbers(at: datetime) -> Any:
        [row] = await past.summaries_by_id(pool, [one.id], at, None)
        [some] = await past_revision.revisions_of(pool, [one.id], ALL, at)
        [count] = await past_revision.count_of_revisions(pool, [one.id], at)
        found = [revision.number for revision in some.rows]
        assert count == len(found)
        wanted = [(one.id, number) for number in (1, 2, 3)]
        single = await past_revision.by_number(pool, wanted, at)
        assert [row.number for row in single if row] == found
        return row and (row.revision_number, row.updated_at.year, found)

    assert await numbers(year(2010) - timedelta(microseconds=1)) is None
    assert await numbers(year(2010)) == (1, 2010, [1])
    assert await numbers(year(2013)) == (3, 2013, [1, 3])
    assert await numbers(year(2016)) == (3, 2013, [1, 2, 3])


async def test_a_paper_is_there_with_the_first_summary_that_the_viewer_may_see(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada, bob = await world.sign_up("ada"), await world.sign_up("bob")
    public, unlisted, private, both = papers = [await world.register(f"k{n}") for n in range(4)]
    kinds = (Visibility.PUBLIC, Visibility.UNLISTED, Visibility.PRIVATE)
    for paper, visibility in zip(papers, kinds, strict=False):
        await world.publish(paper, ada, visibility=visibility, at=year(2011))
        await world.publish(paper, bob, at=year(2013))
    await world.retract(await world.publish(both, ada, at=year(2011)))
    await world.show(await world.publish(both, bob, visibility=Visibility.PRIVATE, at=year(2012)), kinds[0])
    await project_all(pool, store)

    async def there(viewer: UUID | None) -> dict[int, list[UUID]]:
        found = {}
        for at in (2010, 2011, 2012, 2013):
            rows = await past_paper.papers_by_id(pool, [uuid4(), *papers], year(at), viewer)
            assert rows[0] is None
            found[at] = [row.paper_id for row in rows if row]
        assert await past_paper.papers_by_id(pool, papers, EVER, viewer) == await paper_reader.papers_by_id(
            pool, papers
        )
        return found

    after = [public, unlisted, private]
    assert await there(None) == {2010: [], 2011: [public], 2012: [public], 2013: after}
    assert await there(bob) == {2010: [], 2011: [public], 2012: [public, both], 2013: papers}
    assert await there(ada) == {2010: [], 2011: papers, 2012: papers, 2013: papers}


async def test_what_is_compared_as_of_a_time_was_there(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    one = await world.publish(await world.register("k"), await world.sign_up("ada"), "One", at=year(2010))
    await world.revise(one, "Two", at=year(2016))
    await world.revise(one, "Three", at=year(2013))
    await project_all(pool, store)

    async def before(at: datetime | None) -> list[int | None]:
        keys = [(one.id, number) for number in (1, 2, 3)]
        return [row and row.number for row in await survivors_before(pool, keys, at)]

    assert await before(None) == await before(year(2016)) == [None, 1, 2]
    assert await before(year(2013)) == [None, 1, 1]


async def test_a_vote_taken_back_before_it_was_claimed_takes_nothing_away(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada = await world.sign_up("ada")
    one = await world.publish(await world.register("k"), ada, vote=False)
    await world.append(world._cast(one, ada, VoteValue.UP), at=year(8000))
    await world.withdraw(one, ada)
    await project_all(pool, store)
    for at in (year(7000), EVER):
        [row] = await past.summaries_by_id(pool, [one.id], at, None)
        assert row is not None
        assert (row.up, row.down, row.top) == (0, 0, 0.0)


async def test_a_vote_that_is_not_projected_yet_is_not_shown(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada = await world.sign_up("ada")
    one = await world.publish(await world.register("k"), ada)
    await project_all(pool, store)
    await world.vote(one, ada, VoteValue.DOWN)
    assert await past_vote.votes_by_id(pool, [vote_id(b"secret", one.id, ada)], EVER) == ["UP"]
    await project_all(pool, store)
    assert await past_vote.votes_by_id(pool, [vote_id(b"secret", one.id, ada)], EVER) == ["DOWN"]


async def test_of_ones_own_the_one_that_had_changed_last(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada, paper = await world.sign_up("ada"), await world.register("k")
    one = await world.publish(paper, ada, at=year(2010), visibility=Visibility.PRIVATE)
    two = await world.publish(paper, ada, at=year(2011), anonymous=True)
    await world.revise(one, "Newer", at=year(2012))
    await world.retract(two)
    await project_all(pool, store)
    found = []
    for at in (2009, 2010, 2011, 2012):
        [row] = await past.own_summary_of_papers(pool, [paper], year(at), ada)
        found.append(row and row.summary_id)
    assert found == [None, one.id, two.id, one.id]
