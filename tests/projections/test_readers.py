"""Every reader: answers in the order of the question, pages through ties, nothing that is not to be seen."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import comment, feed, paper, summary, text, user, vote
from projections.reading import Page, Slice
from projections.score import wilson_lower_bound
from projections.summary import SummaryOrder
from service.domain.events import MetadataSource, Visibility, VoteValue
from service.domain.ids import vote_id
from service.eventstore.postgres import PostgresStore
from tests.projections.history import Thing, World
from tests.projections.paging import every
from tests.projections.projecting import project_all

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOBODY = UUID(int=404)
ADA, BOB = uuid4(), uuid4()
PAPER, OTHER = uuid4(), uuid4()


def ids(rows: list[Any]) -> list[UUID]:
    return [row.summary_id for row in rows]


async def test_papers(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    full = await world.register(
        "conf/cvpr/A15",
        title="Ünïcode $x$",
        abstract='He said "no"\\',
        venue_key="conf/cvpr",
        venue_name="CVPR",
        year=2015,
        published_on=date(2015, 6, 7),
        keywords=("a, b", "{c}"),
        doi="10.1/a",
        arxiv_id="1503.03832",
        url="https://x.org",
        source=MetadataSource.DBLP,
    )
    bare = await world.register("key/b", authors=(), url="https://x.org")
    await project_all(pool, store)

    found = await paper.papers_by_id(pool, [bare, NOBODY, full, bare])
    assert [row and row.paper_id for row in found] == [bare, None, full, bare]
    assert found[2]
    assert found[0]
    assert (found[2].title, found[2].abstract) == ("Ünïcode $x$", 'He said "no"\\')
    assert (found[2].authors, found[2].keywords) == (["Ada", "Zoë, B."], ["a, b", "{c}"])
    assert (found[2].venue_key, found[2].venue_name, found[2].year) == ("conf/cvpr", "CVPR", 2015)
    assert (found[2].published_on, found[2].source) == (date(2015, 6, 7), "DBLP")
    assert found[2].created_at == (await store.load(full))[0].occurred_at
    assert (found[0].authors, found[0].doi, found[0].abstract) == ([], None, None)

    asked = [("DOI", "10.1/a"), ("BIBTEX", "none"), ("ARXIV", "1503.03832"), ("BIBTEX", "key/b")]
    assert await paper.papers_by_identifier(pool, asked) == [full, None, full, bare]
    assert await paper.papers_by_identifier(pool, [("URL", "https://x.org")]) == [min(full, bare)]
    assert [
        [(one.scheme, one.value) for one in some] for some in await paper.identifiers_of(pool, [full, NOBODY])
    ] == [
        [("ARXIV", "1503.03832"), ("BIBTEX", "conf/cvpr/A15"), ("DOI", "10.1/a"), ("URL", "https://x.org")],
        [],
    ]


async def test_users(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    ada = await world.sign_up("Ada", "Ada Lovelace")
    bob = await world.sign_up("STRASSE")
    await project_all(pool, store)
    rows = await user.users_by_id(pool, [bob, NOBODY, ada])
    assert [row and (row.username, row.display_name) for row in rows] == [
        ("STRASSE", "STRASSE"),
        None,
        ("Ada", "Ada Lovelace"),
    ]
    assert await user.users_by_username(pool, ["aDA", "straße", "eve"]) == [ada, bob, None]

    await world.erase(ada)  # and nothing has to be projected for it to be gone
    [row] = await user.users_by_id(pool, [ada])
    assert row
    assert row.display_name == "Ada"


async def some_summaries(world: World) -> dict[Visibility | str, Thing]:
    made: dict[Visibility | str, Thing] = {
        visibility: await world.publish(PAPER, ADA, visibility=visibility) for visibility in Visibility
    }
    made["retracted"] = await world.publish(PAPER, ADA)
    await world.retract(made["retracted"])
    return made


async def test_who_sees_which_summaries_and_comments(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    made = await some_summaries(world)
    comments = [await world.comment(one.id, BOB) for one in made.values()]
    await project_all(pool, store)
    public, unlisted, private, retracted = (one.id for one in made.values())
    everything = [public, unlisted, private, retracted]

    by_address = {None: [public, unlisted], BOB: [public, unlisted], ADA: everything}
    for viewer, visible in by_address.items():
        rows = await summary.summaries_by_id(pool, [*everything, NOBODY], viewer)
        assert [row and row.summary_id for row in rows] == [
            *(one if one in visible else None for one in everything),
            None,
        ]
        seen = await comment.comments_by_id(pool, [*(one.id for one in comments), NOBODY], viewer)
        assert [row and row.summary_id for row in seen] == [row and row.summary_id for row in rows]

    for order in SummaryOrder:
        [page] = await summary.summaries_of_papers(pool, [PAPER], Page(9), order)
        assert ids(page.rows) == [public]
    assert await summary.count_of_papers(pool, [OTHER, PAPER]) == [0, 1]
    assert ids((await feed.latest(pool, Page(9))).rows) == [public]
    assert await feed.count_latest(pool) == 1
    for viewer, listed in ((None, [public]), (BOB, [public]), (ADA, everything)):
        [none, page] = await summary.summaries_of_users(pool, [BOB, ADA], Page(9), viewer)
        assert (none.rows, set(ids(page.rows))) == ([], set(listed))
        assert await summary.count_of_users(pool, [BOB, ADA], viewer) == [0, len(listed)]


async def test_a_viewers_own_summary(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    await world.retract(await world.publish(PAPER, ADA))
    own = await world.publish(PAPER, ADA, visibility=Visibility.PRIVATE)
    await project_all(pool, store)
    rows = await summary.own_summary_of_papers(pool, [OTHER, PAPER], ADA)
    assert [row and row.summary_id for row in rows] == [None, own.id]
    assert await summary.own_summary_of_papers(pool, [PAPER], BOB) == [None]


async def test_pages_go_through_ties(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """Equal scores and equal times, with a page ending anywhere among them."""
    made = [await world.publish(PAPER, ADA, at=NOON + timedelta(hours=n // 4)) for n in range(9)]
    for one in made[:3]:
        await world.vote(one, BOB, VoteValue.DOWN)
    other = await world.publish(OTHER, ADA, at=NOON)
    await project_all(pool, store)
    rows = {
        row.summary_id: row
        for row in await summary.summaries_by_id(pool, [one.id for one in made], None)
        if row
    }

    expected = {
        SummaryOrder.TOP: sorted(rows, key=lambda one: (rows[one].top, one), reverse=True),
        SummaryOrder.LATEST: sorted(rows, key=lambda one: (rows[one].updated_at, one), reverse=True),
        SummaryOrder.OLDEST: sorted(rows, key=lambda one: (rows[one].created_at, one)),
    }
    for order in SummaryOrder:
        for first in range(1, 11):

            async def of_paper(page: Page, order: SummaryOrder = order) -> Slice[Any]:
                beside, found = await summary.summaries_of_papers(pool, [OTHER, PAPER], page, order)
                assert set(ids(beside.rows)) <= {other.id}
                return found

            assert (
                ids(await every(of_paper, lambda row, order=order: row.key(order), first)) == expected[order]
            )

    async def of_user(page: Page) -> Slice[Any]:
        return (await summary.summaries_of_users(pool, [ADA], page, None))[0]

    def latest_key(row: Any) -> Any:
        return row.key(SummaryOrder.LATEST)

    [beside] = await summary.summaries_by_id(pool, [other.id], None)
    assert beside
    rows[other.id] = beside
    all_latest = sorted(rows, key=lambda one: (rows[one].updated_at, one), reverse=True)
    for first in range(1, 12):
        assert ids(await every(of_user, latest_key, first)) == all_latest
        assert ids(await every(lambda page: feed.latest(pool, page), latest_key, first)) == all_latest


async def test_a_key_of_another_list_is_refused(pool: asyncpg.Pool) -> None:
    with pytest.raises(ValueError, match="paged by 2 values, not 1"):
        await feed.latest(pool, Page(1, (3,)))


async def test_the_latest_feed(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """By the last change of the text; a negative score leaves it out; votes and visibility move nothing."""
    first = await world.publish(PAPER, ADA, at=NOON)
    second = await world.publish(PAPER, BOB, at=NOON + timedelta(hours=1))
    await project_all(pool, store)
    assert ids((await feed.latest(pool, Page(5))).rows) == [second.id, first.id]

    await world.revise(first, "Better.", at=NOON + timedelta(hours=2))
    await world.vote(second, ADA, VoteValue.UP)
    await world.show(second, Visibility.PUBLIC)
    await project_all(pool, store)
    assert ids((await feed.latest(pool, Page(5))).rows) == [first.id, second.id]

    for voter in (uuid4(), uuid4()):
        await world.vote(first, voter, VoteValue.DOWN)
    await project_all(pool, store)
    assert ids((await feed.latest(pool, Page(5))).rows) == [second.id]
    assert await feed.count_latest(pool) == 1


async def test_revisions(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    one = await world.publish(PAPER, ADA, "first", at=NOON)
    for number in range(2, 6):
        await world.revise(one, f"text {number}", f"note {number}", at=NOON + timedelta(days=number))
    other = await world.publish(PAPER, BOB)
    await project_all(pool, store)

    async def of_summary(page: Page) -> Slice[Any]:
        none, found = await summary.revisions_of(pool, [NOBODY, one.id], page)
        assert not none.rows
        return found

    for first in range(1, 7):
        rows = await every(of_summary, lambda row: row.key(), first)
        assert [row.number for row in rows] == [1, 2, 3, 4, 5]
    assert [row.created_at for row in rows[:2]] == [NOON, NOON + timedelta(days=2)]
    assert rows[0].recorded_at > NOON
    assert (rows[0].editor_id, rows[1].editor_id) == (ADA, UUID(int=7))
    assert await text.sources_by_payload(pool, [row.body_payload for row in rows[:2]]) == ["first", "text 2"]
    assert rows[0].note_payload is None
    assert await text.sources_by_payload(pool, [rows[1].note_payload]) == ["note 2"]

    found = await summary.revisions_by_number(pool, [(one.id, 3), (one.id, 9), (other.id, 1)])
    assert [row and (row.summary_id, row.number) for row in found] == [(one.id, 3), None, (other.id, 1)]
    [row] = await summary.summaries_by_id(pool, [one.id], None)
    assert row
    assert (row.revision_number, row.body_payload) == (5, rows[4].body_payload)
    assert (row.created_at, row.updated_at) == (NOON, NOON + timedelta(days=5))


async def test_comments(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    one, other = await world.publish(PAPER, ADA), await world.publish(PAPER, BOB)
    top = [await world.comment(one.id, BOB, at=NOON) for _ in range(5)]
    replies = [await world.comment(one.id, ADA, parent=top[0].id, at=NOON) for _ in range(4)]
    await world.remove(top[1])
    await world.edit(replies[0], "Edited.")
    await world.vote(top[0], ADA, VoteValue.DOWN)
    await project_all(pool, store)

    async def of_summary(page: Page) -> Slice[Any]:
        none, found = await comment.comments_of_summaries(pool, [other.id, one.id], page)
        assert not none.rows
        return found

    async def of_comment(page: Page) -> Slice[Any]:
        return (await comment.replies_of(pool, [top[1].id, top[0].id], page))[1]

    for first in range(1, 7):
        rows = await every(of_summary, lambda row: row.key(), first)
        assert [row.comment_id for row in rows] == sorted(one.id for one in top)
        answers = await every(of_comment, lambda row: row.key(), first)
        assert [row.comment_id for row in answers] == sorted(one.id for one in replies)
    by_id = {row.comment_id: row for row in rows + answers}
    assert [by_id[one.id].removed for one in top[:2]] == [False, True]
    assert (by_id[top[0].id].up, by_id[top[0].id].down) == (0, 1)
    assert by_id[replies[0].id].edited_at
    assert by_id[replies[1].id].edited_at is None
    [edited] = await text.texts_by_payload(pool, [by_id[replies[0].id].body_payload])
    assert edited
    assert edited.source == "Edited."
    assert await comment.count_of_summaries(pool, [other.id, one.id]) == [0, 5]
    assert await comment.count_of_replies(pool, [top[0].id, top[1].id]) == [4, 0]
    rows_of_summaries = await summary.summaries_by_id(pool, [one.id, other.id], None)
    assert [row and row.comment_count for row in rows_of_summaries] == [9, 0]


async def test_votes(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    """A vote on a comment never changes its summary."""
    one = await world.publish(PAPER, ADA)
    on_it = await world.comment(one.id, BOB)
    await world.vote(on_it, ADA, VoteValue.UP)
    await world.vote(one, BOB, VoteValue.UP)
    await world.vote(one, BOB, VoteValue.DOWN)
    await world.vote(one, NOBODY, VoteValue.UP)
    await world.withdraw(one, NOBODY)
    await project_all(pool, store)

    asked = [vote_id(b"secret", one.id, voter) for voter in (BOB, NOBODY, ADA)]
    assert await vote.votes_by_id(pool, asked) == ["DOWN", None, "UP"]
    [row] = await summary.summaries_by_id(pool, [one.id], None)
    assert row
    assert (row.up, row.down, row.net, row.top) == (1, 1, 0, wilson_lower_bound(1, 1))
    [commented] = await comment.comments_by_id(pool, [on_it.id], None)
    assert commented
    assert (commented.up, commented.down) == (1, 0)


def test_the_wilson_interval() -> None:
    """Values from its textbook formula, to six digits."""
    assert wilson_lower_bound(0, 0) == wilson_lower_bound(0, 5) == 0
    assert wilson_lower_bound(1, 0) == pytest.approx(0.206549, abs=1e-6)
    assert wilson_lower_bound(1, 1) == pytest.approx(0.094531, abs=1e-6)
    assert wilson_lower_bound(90, 10) == pytest.approx(0.825630, abs=1e-5)


async def test_texts(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    source = "See \\cite{conf/x/A15} and [it](https://arxiv.org/abs/1503.03832): **bold**[^1]\n\n[^1]: Foot."
    one = await world.publish(PAPER, ADA, source)
    gone = await world.publish(PAPER, BOB, "Forget me.")
    await project_all(pool, store)
    rows = await summary.summaries_by_id(pool, [one.id, gone.id], None)
    payloads = [row.body_payload for row in rows if row]

    texts = await text.texts_by_payload(pool, [payloads[1], NOBODY, payloads[0]])
    assert texts[0]
    assert texts[2]
    assert (texts[0].source, texts[0].html, texts[1]) == ("Forget me.", "<p>Forget me.</p>\n", None)
    assert texts[2].source == source
    assert "<strong>bold</strong>" in texts[2].html
    assert payloads[0].hex in texts[2].html  # two texts on one page have footnotes of their own
    assert set(texts[2].references) == {("BIBTEX", "conf/x/A15"), ("ARXIV", "1503.03832")}

    await world.erase(gone.id)
    assert await text.texts_by_payload(pool, payloads[1:]) == [None]
    assert await text.sources_by_payload(pool, payloads[1:]) == [None]
    await project_all(pool, store)
    assert [row["payload_id"] for row in await pool.fetch("SELECT payload_id FROM rendered")] == [payloads[0]]


async def test_a_newer_rendering_is_taken_and_a_missing_one_is_an_error(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await world.publish(PAPER, ADA, "Text.")
    await project_all(pool, store)
    [payload] = [row["payload_id"] for row in await pool.fetch("SELECT payload_id FROM rendered")]
    await pool.execute("INSERT INTO rendered SELECT payload_id, 99, 'newer', plain, '{}', '{}' FROM rendered")
    [found] = await text.texts_by_payload(pool, [payload])
    assert found
    assert found.html == "newer"
    await pool.execute("DELETE FROM rendered")
    with pytest.raises(LookupError, match="was not rendered"):
        await text.texts_by_payload(pool, [payload])


async def test_nothing_is_asked_for(pool: asyncpg.Pool) -> None:
    assert await paper.papers_by_id(pool, []) == []
    assert await paper.papers_by_identifier(pool, []) == []
    assert await summary.summaries_of_papers(pool, [], Page(3), SummaryOrder.TOP) == []
    assert await comment.count_of_replies(pool, []) == []
    assert await text.texts_by_payload(pool, []) == []
