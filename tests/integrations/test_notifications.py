"""Who is told of what: each person at most once for each event, never of what they may not see."""

import asyncio
import random
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import rebuild
from projections.reading import Page
from service.domain.events import PayloadsErased, Visibility
from service.eventstore.postgres import PostgresStore
from service.integrations import follows, mail, notification
from service.integrations.follows import Kind
from service.integrations.mail import Notifications
from tests.integrations.mailbox import now
from tests.integrations.outgoing import outbox, until
from tests.projections.history import Thing, World

Told = list[tuple[str, UUID]]  # why, and of which summary or comment; the oldest first


class Scene:
    """People, papers, and what the people were told."""

    def __init__(self, pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
        self.pool, self.store, self.world = pool, store, world

    async def people(self, *names: str) -> list[UUID]:
        return [await self.world.sign_up(name) for name in names]

    async def follow(self, user: UUID, kind: Kind, subject: object) -> None:
        await follows.follow(self.pool, user, kind, str(subject), uuid4(), now())

    async def planned(self, *, batch: int = 500) -> None:
        """What was recorded so far is told."""
        async with outbox(self.pool, self.store, *mail.channels(self.pool, now, None), batch=batch):
            at = self.world.position
            sql = "SELECT position >= $1 FROM follower_checkpoints WHERE name = 'outbox'"
            await until(lambda: self.pool.fetchval(sql, at))

    async def told(self, user: UUID) -> Told:
        found = await notification.notifications(self.pool, user, Page(100))
        assert await notification.count(self.pool, user) == len(found.rows)
        assert await notification.count(self.pool, user, True) == len(
            [r for r in found.rows if not r.read_at]
        )
        return [(one.kind, one.comment_id or one.summary_id) for one in reversed(found.rows)]


@pytest.fixture
def scene(pool: asyncpg.Pool, store: PostgresStore, world: World) -> Scene:
    return Scene(pool, store, world)


async def test_authors_hear_of_comments_and_commenters_of_replies(scene: Scene) -> None:
    ada, bob, eve = await scene.people("ada", "bob", "eve")
    world = scene.world
    summary = await world.publish(await world.register("k"), ada)
    first = await world.comment(summary.id, bob)
    own = await world.comment(summary.id, ada, parent=first.id)
    reply = await world.comment(summary.id, eve, parent=first.id)
    both = await world.comment(summary.id, bob, parent=own.id)  # a comment, and a reply
    himself = await world.comment(summary.id, bob, parent=first.id)
    await scene.planned()
    assert await scene.told(ada) == [
        ("COMMENT", first.id),
        ("COMMENT", reply.id),
        ("REPLY", both.id),
        ("COMMENT", himself.id),
    ]
    assert await scene.told(bob) == [("REPLY", own.id), ("REPLY", reply.id)]
    assert await scene.told(eve) == []


async def test_followers_hear_once_with_the_first_reason(scene: Scene) -> None:
    ada, by, on, where, what, everything = await scene.people("ada", "by", "on", "where", "what", "all")
    world = scene.world
    paper = await world.register("k", venue_key="conf/x", keywords=("Faces", "Nets"))
    wanted: list[tuple[UUID, Kind, object]] = [
        (by, "USER", ada),
        (on, "PAPER", paper),
        (where, "VENUE", "conf/x"),
        (what, "KEYWORD", "faces"),
    ]
    for user, kind, subject in wanted:
        await scene.follow(user, kind, subject)
        await scene.follow(everything, kind, subject)
        await scene.follow(ada, kind, subject)
    await scene.follow(everything, "KEYWORD", "nets")
    await world.publish(await world.register("other", venue_key="conf/y"), by)  # of no interest
    summary = await world.publish(paper, ada)
    await scene.planned()
    kinds = ("SUMMARY_USER", "SUMMARY_PAPER", "SUMMARY_VENUE", "SUMMARY_KEYWORD", "SUMMARY_USER")
    for user, kind in zip((by, on, where, what, everything), kinds, strict=True):
        assert await scene.told(user) == [(kind, summary.id)]
    assert await scene.told(ada) == []


async def test_nobody_hears_who_wrote_anonymously_but_the_author_hears_of_comments(scene: Scene) -> None:
    ada, bob, eve = await scene.people("ada", "bob", "eve")
    world = scene.world
    paper = await world.register("k")
    await scene.follow(bob, "USER", ada)
    await scene.follow(eve, "PAPER", paper)
    await scene.follow(ada, "PAPER", paper)
    summary = await world.publish(paper, ada, anonymous=True)
    comment = await world.comment(summary.id, bob)
    await scene.planned()
    assert await scene.told(bob) == []
    assert await scene.told(eve) == [("SUMMARY_PAPER", summary.id)]
    assert await scene.told(ada) == [("COMMENT", comment.id)]
    [seen] = (await notification.notifications(scene.pool, eve, Page(9))).rows
    assert seen.actor_id is None


async def test_where_it_is_erased_who_wrote_anonymously_nothing_here_tells_it(scene: Scene) -> None:
    ada, bob = await scene.people("ada", "bob")
    world = scene.world
    summary = await world.publish(await world.register("k"), ada, anonymous=True)
    await world.comment(summary.id, bob)
    await scene.planned()
    assert await scene.told(ada)
    [author] = {
        one.payloads["anonymous_author_id"]
        for one in await world.store.load(summary.id, contents="none")
        if "anonymous_author_id" in one.payloads
    }
    await world.erase_payloads(author)
    await world.comment(summary.id, bob)
    await scene.planned()
    assert await scene.pool.fetchval("SELECT count(*) FROM notices.notifications") == 0


@pytest.mark.parametrize("batch", [1, 500])
async def test_a_summary_that_becomes_public_twice_is_news_once(scene: Scene, batch: int) -> None:
    ada, bob = await scene.people("ada", "bob")
    world = scene.world
    paper = await world.register("k")
    await scene.follow(bob, "PAPER", paper)
    summary = await world.publish(paper, ada, visibility=Visibility.PRIVATE)
    for _ in range(2):
        await world.show(summary, Visibility.PUBLIC)
        await world.show(summary, Visibility.PRIVATE)
    await scene.planned(batch=batch)
    assert await scene.told(bob) == []
    await world.show(summary, Visibility.PUBLIC)
    await scene.planned(batch=batch)
    assert await scene.told(bob) == [("SUMMARY_PAPER", summary.id)]
    await world.show(summary, Visibility.UNLISTED)
    await world.show(summary, Visibility.PUBLIC)
    await scene.planned(batch=batch)
    assert await scene.told(bob) == [("SUMMARY_PAPER", summary.id)]


async def test_history_that_is_imported_is_no_news(scene: Scene) -> None:
    ada, bob = await scene.people("ada", "bob")
    world = scene.world
    await scene.follow(bob, "USER", ada)
    await world.publish(await world.register("old"), ada, at=datetime(2015, 1, 1, tzinfo=UTC))
    recent = await world.publish(await world.register("new"), ada, at=now() - timedelta(days=6))
    await scene.planned()
    assert await scene.told(bob) == [("SUMMARY_USER", recent.id)]


class Shown:
    """A reader who was told of a comment, a reply and a summary, all on one summary."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def set_up(self) -> None:
        world = self.scene.world
        self.ada, self.bob, self.eve, self.fan = await self.scene.people("ada", "bob", "eve", "fan")
        paper = await world.register("k")
        await self.scene.follow(self.fan, "PAPER", paper)
        self.summary = await world.publish(paper, self.ada)
        self.comment = await world.comment(self.summary.id, self.bob)
        self.reply = await world.comment(self.summary.id, self.eve, parent=self.comment.id)

    async def counts(self) -> tuple[int, int, int]:
        """Of the author, the commenter, and the follower."""
        ada, bob, fan = [len(await self.scene.told(one)) for one in (self.ada, self.bob, self.fan)]
        return ada, bob, fan


@pytest.fixture
async def shown(scene: Scene) -> Shown:
    made = Shown(scene)
    await made.set_up()
    return made


async def erased(world: World, thing: Thing) -> None:
    payloads = [one.payloads["body"] for one in await world.store.load(thing.id, contents="none")]
    event = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=tuple(payloads))
    await world.append(event, erases=tuple(payloads))


@pytest.mark.parametrize("when", ["before it is made", "after"])
@pytest.mark.parametrize(
    ("how", "left", "back"),
    [
        ("PRIVATE", (2, 0, 0), (2, 1, 1)),
        ("UNLISTED", (2, 1, 0), (2, 1, 1)),
        ("RETRACTED", (0, 0, 0), None),
        ("COMMENT REMOVED", (1, 1, 1), None),
        ("REPLY REMOVED", (1, 0, 1), None),
        ("COMMENT ERASED", (1, 1, 1), None),
        ("REPLY ERASED", (1, 0, 1), None),
        ("SUMMARY ERASED", (2, 1, 0), None),
    ],
)
async def test_what_may_not_be_seen_is_not_shown_and_not_counted(
    shown: Shown, how: str, when: str, left: tuple[int, int, int], back: tuple[int, int, int] | None
) -> None:
    scene, world = shown.scene, shown.scene.world
    if when == "after":
        await scene.planned()
        assert await shown.counts() == (2, 1, 1)
    match how.split():
        case ["RETRACTED"]:
            await world.retract(shown.summary)
        case [visibility]:
            await world.show(shown.summary, Visibility(visibility))
        case [what, "REMOVED"]:
            await world.remove(getattr(shown, what.lower()))
        case [what, _]:
            await erased(world, getattr(shown, what.lower()))
    await scene.planned()
    assert await shown.counts() == left
    if back and when == "after":
        await world.show(shown.summary, Visibility.PUBLIC)
        await scene.planned()
        assert await shown.counts() == back


async def test_two_processes_that_die_at_random_tell_each_person_once(
    pool: asyncpg.Pool, store: PostgresStore, scene: Scene
) -> None:
    chance, world = random.Random(7), scene.world
    users = await scene.people(*(f"user{i}" for i in range(5)))
    papers = [await world.register(f"k{i}", keywords=("all",)) for i in range(6)]
    for user in users:
        await scene.follow(user, "KEYWORD", "all")
    expected: dict[UUID, set[UUID]] = {user: set() for user in users}
    made = 0

    async def write() -> None:
        nonlocal made
        for paper in papers:
            for author in users:
                summary = await world.publish(paper, author)
                comment = await world.comment(summary.id, other := users[(users.index(author) + 1) % 5])
                await world.comment(summary.id, author, parent=comment.id)
                for user in users:
                    if user != author:
                        expected[user].add(summary.id)
                expected[author].add(comment.id)
                expected[other].add(world.comments[-1].id)
                made += 1
                await asyncio.sleep(0.02)

    async def lives(holder: str) -> None:
        while made < len(papers) * len(users):
            async with outbox(pool, store, Notifications(pool, now, None), holder=holder, batch=5):
                await asyncio.sleep(chance.uniform(0.1, 0.6))

    async with asyncio.TaskGroup() as group:
        group.create_task(write())
        group.create_task(lives("one"))
        group.create_task(lives("two"))
    await scene.planned()
    for user in users:
        told = [what for _, what in await scene.told(user)]
        assert len(told) == len(set(told))
        assert set(told) == expected[user]


async def test_a_rebuild_tells_nothing_again(shown: Shown) -> None:
    scene = shown.scene
    await scene.planned()
    rows = await scene.pool.fetch("SELECT * FROM notices.notifications")
    await rebuild.rebuild(scene.pool, scene.store)
    await scene.planned()
    assert await scene.pool.fetch("SELECT * FROM notices.notifications") == rows
    assert await shown.counts() == (2, 1, 1)


async def test_marking_is_ones_own(scene: Scene) -> None:
    ada, bob, eve = await scene.people("ada", "bob", "eve")
    world = scene.world
    for user in (bob, eve):
        await scene.follow(user, "USER", ada)
    for number in range(3):
        await world.publish(await world.register(f"k{number}"), ada)
    await scene.planned()
    mine = (await notification.notifications(scene.pool, bob, Page(9))).rows
    theirs = (await notification.notifications(scene.pool, eve, Page(9))).rows
    await notification.mark_read(scene.pool, bob, now(), ids=[theirs[0].notification_id])
    await notification.mark_read(scene.pool, bob, now(), up_to=mine[-1].position)
    await notification.mark_read(scene.pool, bob, now(), ids=[mine[0].notification_id])
    unread = (await notification.notifications(scene.pool, bob, Page(9), True)).rows
    assert [one.notification_id for one in unread] == [mine[1].notification_id]
    assert await notification.count(scene.pool, eve, True) == 3
    assert await notification.notifications_by_id(scene.pool, [mine[0].notification_id], eve) == [None]
    assert await notification.notifications_by_id(scene.pool, [mine[0].notification_id], None) == [None]
