"""Who looks at all tables, and at everything that is read from them, does not learn who wrote anonymously."""

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import rebuild
from projections.feed import FeedFilter, FeedKind, count_feed, feed
from projections.reading import Page
from projections.summary import (
    SummaryRow,
    count_of_users,
    own_summary_of_papers,
    revisions_of,
    summaries_by_id,
    summaries_of_users,
)
from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.commands.summary import (
    PublishSummary,
    RetractSummary,
    ReviseSummary,
    SetSummaryVisibility,
    publish_summary,
    retract_summary,
    revise_summary,
    set_summary_visibility,
)
from service.commands.user import SignUp, sign_up
from service.domain.events import Visibility
from service.eventstore.postgres import PostgresStore
from tests.projections.history import World
from tests.projections.projecting import project_all
from tests.projections.tables import rows_of

PAPER, OTHER = uuid4(), uuid4()
TABLES = """
SELECT schemaname || '."' || tablename || '"' FROM pg_tables
 WHERE schemaname IN ('public', 'read') AND tablename <> 'schema_migrations'
"""


async def places(pool: asyncpg.Pool, user: UUID) -> Counter[tuple[str, str]]:
    """How often the id is in which table and column, however it is written, also inside of bytes."""
    found: Counter[tuple[str, str]] = Counter()
    for (table,) in await pool.fetch(TABLES):
        for record in await pool.fetch(f"SELECT * FROM {table}"):  # noqa: S608 (a table's name)
            found.update((table, column) for column, value in record.items() if mentions(value, user))
    return found


def mentions(value: object, user: UUID) -> bool:
    data = value if isinstance(value, bytes) else repr(value).encode()
    return any(one in data for one in (str(user).encode(), user.hex.encode(), user.bytes))


async def test_only_payloads_and_the_column_for_access_hold_the_authors_id(
    pool: asyncpg.Pool, store: PostgresStore
) -> None:
    secret = await pool.fetchval("SELECT secret FROM installation")
    visitor = Context(store, secret, lambda: datetime.now(UTC), os.urandom, actor=None)
    bob = Context(store, secret, visitor.clock, os.urandom, (await sign_up(visitor, SignUp("bob"))).id)
    user = (await sign_up(visitor, SignUp("ada"))).id
    ada = Context(store, secret, visitor.clock, os.urandom, user)
    papers = [(await register_paper(bob, RegisterPaper(PaperFields(f"k{n}", "On")))).id for n in range(2)]
    await project_all(pool, store)
    before = await places(pool, user)
    assert before['public."events"', "actor"] == 1  # signing up

    one, two = [
        (
            await publish_summary(
                ada, PublishSummary(paper, "Faces.", idempotency_key=str(paper), anonymous=True)
            )
        ).id
        for paper in papers
    ]
    await revise_summary(ada, ReviseSummary(one, "Better.", "why", 1, idempotency_key="revise"))
    await set_summary_visibility(ada, SetSummaryVisibility(one, Visibility.UNLISTED, "hide"))
    await set_summary_visibility(ada, SetSummaryVisibility(one, Visibility.PUBLIC, "show"))
    await retract_summary(ada, RetractSummary(two, "wrong", idempotency_key="retract"))
    await project_all(pool, store)

    assert await places(pool, user) - before == {
        ('public."payloads"', "content"): 4,  # two summaries and their author's votes
        ('read."summary"', "author_id"): 2,
    }


async def shown_to(pool: asyncpg.Pool, user: UUID, viewer: UUID | None) -> Sequence[SummaryRow]:
    [page] = await summaries_of_users(pool, [user], Page(9), viewer)
    assert await count_of_users(pool, [user], viewer) == [len(page.rows)]
    return page.rows


async def test_lists_by_author_have_it_for_the_author_alone(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada, bob = await world.sign_up("ada"), await world.sign_up("bob")
    hidden = await world.publish(PAPER, ada, anonymous=True)
    named = await world.publish(OTHER, ada)
    await world.revise(hidden, "Better.")
    await project_all(pool, store)

    for viewer in (None, bob):
        assert [row.summary_id for row in await shown_to(pool, ada, viewer)] == [named.id]
        [row] = await summaries_by_id(pool, [hidden.id], viewer)
        assert row
        assert (row.anonymous, row.named_author_id) == (True, None)
    assert {row.summary_id for row in await shown_to(pool, ada, ada)} == {named.id, hidden.id}
    own = await own_summary_of_papers(pool, [PAPER, OTHER], ada)
    assert [row and row.summary_id for row in own] == [hidden.id, named.id]
    assert await own_summary_of_papers(pool, [PAPER], bob) == [None]

    for kind in (FeedKind.LATEST, FeedKind.TOP, FeedKind.HOT):
        everything = (await feed(pool, kind, Page(9), FeedFilter())).rows
        assert {row.summary_id for row in everything} == {hidden.id, named.id}
        by_ada = (await feed(pool, kind, Page(9), FeedFilter(username="ada"))).rows
        assert [row.summary_id for row in by_ada] == [named.id]
        assert await count_feed(pool, kind, FeedFilter(username="ada")) == 1
    [revisions] = await revisions_of(pool, [hidden.id], Page(9))
    assert [row.editor_id for row in revisions.rows] == [None, None]


@pytest.mark.parametrize("limit", [1, 500])
async def test_erasing_who_it_was_leaves_the_text_and_makes_it_nobodys(
    pool: asyncpg.Pool, store: PostgresStore, world: World, limit: int
) -> None:
    ada = await world.sign_up("ada")
    hidden = await world.publish(PAPER, ada, anonymous=True)
    named = await world.publish(OTHER, ada)
    await world.comment(hidden.id, uuid4())
    if limit == 1:
        await project_all(pool, store)
    [recorded] = await store.load(hidden.id, contents="none")
    await world.erase_payloads(recorded.payloads["anonymous_author_id"])
    await project_all(pool, store, limit)

    assert [row.summary_id for row in await shown_to(pool, ada, ada)] == [named.id]
    assert await own_summary_of_papers(pool, [PAPER], ada) == [None]
    [row] = await summaries_by_id(pool, [hidden.id], ada)
    assert row
    assert (row.author_id, row.anonymous, row.comment_count, row.listed) == (None, True, 1, True)
    live = await rows_of(pool)
    await rebuild.rebuild(pool, store)
    assert await rows_of(pool) == live
