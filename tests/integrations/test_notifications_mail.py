"""Mail of notifications, with a mail server that accepts, refuses, dies and comes back."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import structlog

from service.domain.errors import Invalid, RateLimited
from service.domain.events import Visibility
from service.eventstore.postgres import PostgresStore
from service.integrations import (
    follows,
    mail,
    mail_preferences,
    mail_questions,
    mail_server,
    notification,
    targets,
)
from service.integrations.mail_schedule import next_digest
from service.integrations.mail_text import LISTED
from tests.integrations.mailbox import (
    DIES,
    FINE,
    Mailbox,
    links,
    links_of_html,
    mailbox,
    now,
    text_of,
    wants_mail,
)
from tests.integrations.outgoing import Outbox, outbox, settled, until
from tests.projections.history import Thing, World

BOB = "bob@example.com"
FAR = (now().hour + 12) % 24  # an hour that does not strike while a test runs


class Clock:
    """What time it is for mail."""

    def __init__(self) -> None:
        self.at: datetime | None = None

    def __call__(self) -> datetime:
        return self.at or now()


class Scene:
    """Bob follows a paper, and wants mail; Ada writes."""

    def __init__(self, pool: asyncpg.Pool, store: PostgresStore, world: World, box: Mailbox) -> None:
        self.pool, self.store, self.world, self.box, self.clock = pool, store, world, box, Clock()

    async def set_up(self) -> None:
        self.ada = await self.world.sign_up("ada", "Ada Lovelace")
        self.bob = await self.world.sign_up("bob")
        self.paper = await self.world.register("k", title="On Faces & <Names>")

    def running(self, **options: Any) -> AbstractAsyncContextManager[Outbox]:
        return outbox(self.pool, self.store, *mail.channels(self.pool, self.clock, self.box.post), **options)

    async def settled(self) -> None:
        await settled(self.pool, self.world.position)

    async def summary(self, body: str = "Very *good*.", **more: Any) -> Thing:
        """Of which bob hears."""
        paper = await self.world.register(f"k{uuid4().hex}", title=more.pop("title", "On Faces & <Names>"))
        await follows.follow(self.pool, self.bob, "PAPER", str(paper), uuid4(), now())
        return await self.world.publish(paper, self.ada, body, **more)

    async def tried_again(self) -> None:
        """A try has begun since, or there is none any more."""
        sql = "SELECT attempts, state FROM outwards.deliveries"
        [before] = await self.pool.fetch(sql)

        async def passed() -> bool:
            [at] = await self.pool.fetch(sql)
            return bool(at["attempts"] > before["attempts"] + 1 or at["state"] != "open")

        await until(passed)

    async def states(self) -> list[str]:
        sql = "SELECT state FROM outwards.deliveries WHERE channel = 'mail' ORDER BY position"
        return [one["state"] for one in await self.pool.fetch(sql)]


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as opened:
        yield opened


@pytest.fixture
async def scene(pool: asyncpg.Pool, store: PostgresStore, world: World, box: Mailbox) -> Scene:
    made = Scene(pool, store, world, box)
    await made.set_up()
    return made


async def test_what_a_mail_says(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    async with scene.running():
        summary = await scene.summary()
        await scene.settled()
    [sent] = scene.box.to(BOB)
    [delivery] = await scene.pool.fetch("SELECT * FROM outwards.deliveries")
    assert sent["Subject"] == "New summary by Ada Lovelace of “On Faces & <Names>”, which you follow"
    assert sent["From"] == "ShortScience <notes@example.org>"
    assert sent["To"] == BOB
    assert sent["Message-ID"] == f"<{delivery['delivery_id']}@example.org>"
    assert sent["List-Id"] == "ShortScience notifications <notifications.example.org>"
    leave = f"https://example.org/mail/unsubscribe?token={BOB[::-1]}"
    assert sent["List-Unsubscribe"] == f"<{leave}>"
    assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["Auto-Submitted"] == "auto-generated"
    assert links(sent) == [f"https://example.org/summaries/{summary.id}", leave]
    assert "Very good." in text_of(sent)
    assert "On Faces &amp; &lt;Names&gt;" in text_of(sent, "html")
    assert links_of_html(sent) == [(links(sent)[0], sent["Subject"]), (leave, leave)]


async def test_authors_who_wrote_anonymously_get_mail_like_anyone(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await wants_mail(scene.pool, scene.ada, "ada@example.com")
    async with scene.running():
        summary = await scene.summary(anonymous=True)
        comment = await scene.world.comment(summary.id, scene.bob, "Who are you?")
        await scene.settled()
    [to_ada], [to_bob] = scene.box.to("ada@example.com"), scene.box.to(BOB)
    assert to_ada["Subject"] == "bob commented on your summary of “On Faces & <Names>”"
    assert links(to_ada)[0] == f"https://example.org/summaries/{summary.id}#comment-{comment.id}"
    assert to_bob["Subject"] == "New summary of “On Faces & <Names>”, which you follow"
    assert not re.search(r"\bada\b", to_bob.as_string().casefold())  # ids may have these letters


async def test_mails_about_one_summary_are_one_thread(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await wants_mail(scene.pool, scene.ada, "ada@example.com")
    async with scene.running():
        first = await scene.summary()
        await scene.settled()
        comment = await scene.world.comment(first.id, scene.bob)
        await scene.settled()
        await scene.world.comment(first.id, scene.ada, parent=comment.id)
        await scene.settled()
        second = await scene.summary()
        await scene.settled()
    about = [scene.box.to(BOB)[0], *scene.box.to("ada@example.com"), scene.box.to(BOB)[1]]
    assert [one["References"] for one in about] == [f"<summary-{first.id}@example.org>"] * 3
    assert [one["In-Reply-To"] for one in about] == [one["References"] for one in about]
    assert len({one["Message-ID"] for one in about}) == 3
    assert scene.box.to(BOB)[2]["References"] == f"<summary-{second.id}@example.org>"


async def test_nothing_goes_to_who_has_not_confirmed_or_wants_none(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await wants_mail(scene.pool, scene.ada, "ada@example.com", "NONE")
    await scene.pool.execute("UPDATE notices.mail SET confirmed_at = NULL WHERE user_id = $1", scene.bob)
    async with scene.running():
        summary = await scene.summary()
        await scene.world.comment(summary.id, scene.bob)
        await scene.settled()
    assert scene.box.tries == []
    assert await scene.pool.fetchval("SELECT count(*) FROM notices.notifications") == 2


@pytest.mark.parametrize("how", ["451 not now", "421 too busy", DIES])
async def test_a_second_try_is_the_same_mail(scene: Scene, how: str) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.on_data = lambda address, before: how if before < 2 else FINE
    async with scene.running():
        await scene.summary()
        await scene.settled()
    assert len(scene.box.tries) == 3
    ids = [one["Message-ID"] for one in scene.box.to(BOB)]
    assert ids == ids[:1] * (3 if how == DIES else 1)
    assert len({text_of(one) for one in scene.box.to(BOB)}) == 1
    assert await scene.states() == ["delivered"]


async def test_a_mail_server_that_restarts_gets_all(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await scene.box.stop()
    async with scene.running():
        first = await scene.summary()
        await until(lambda: scene.pool.fetchval("SELECT max(attempts) > 2 FROM outwards.deliveries"))
        await scene.box.start()
        second = await scene.summary()
        await scene.settled()
    found = {link for one in scene.box.to(BOB) for link in links(one)}
    assert {f"https://example.org/summaries/{one.id}" for one in (first, second)} < found


async def test_an_address_that_is_refused_is_left_alone_and_others_are_not(scene: Scene) -> None:
    eve = await scene.world.sign_up("eve")
    await wants_mail(scene.pool, scene.bob, BOB)
    await wants_mail(scene.pool, eve, "eve@example.com")
    await follows.follow(scene.pool, eve, "USER", str(scene.ada), uuid4(), now())
    scene.box.on_recipient = lambda address, before: (
        f"550 No mailbox {address} here" if address == BOB else FINE
    )
    async with scene.running():
        for number in range(5):
            await scene.summary()
            await scene.settled()
            assert scene.box.tries.count(BOB) == min(number + 1, 3)
    assert len(scene.box.to("eve@example.com")) == 5
    row = await mail_preferences.preferences_of(scene.pool, scene.bob)
    assert row is not None
    assert not row.reachable
    errors = await scene.pool.fetch("SELECT last_error, last_response FROM outwards.deliveries")
    assert BOB not in str(errors)
    assert "550 No mailbox … here" in str(errors)


async def test_a_mail_that_is_refused_is_not_tried_again(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.on_data = lambda address, before: "554 I do not like it" if before == 0 else FINE
    async with scene.running():
        await scene.summary()
        await scene.settled()
        await scene.summary()
        await scene.settled()
    assert await scene.states() == ["failed", "delivered"]
    assert await scene.pool.fetchval("SELECT refusals FROM notices.mail") == 0


async def test_a_mail_server_that_is_away_too_long_costs_a_mail_but_no_reader(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await scene.box.stop()
    async with scene.running():
        await scene.summary()
        await until(lambda: scene.pool.fetchval("SELECT max(attempts) > 0 FROM outwards.deliveries"))
        await scene.pool.execute(
            "UPDATE outwards.deliveries SET first_tried_at = now() - interval '3 days' WHERE state = 'open'"
        )
        await scene.settled()
        await scene.box.start()
        await scene.summary()
        await scene.settled()
    assert await scene.states() == ["failed", "delivered"]
    assert len(scene.box.to(BOB)) == 1


@pytest.mark.parametrize("limit", ["SECONDS", "PREPARING_SECONDS"])
async def test_a_slow_mail_server_costs_a_mail_but_no_reader(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(mail_server, limit, 1.0)
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.slow_recipient = 5.0
    with structlog.testing.capture_logs() as logs:
        async with scene.running():
            await scene.summary()
            await until(lambda: scene.pool.fetchval("SELECT max(attempts) > 1 FROM outwards.deliveries"))
            await scene.pool.execute(
                "UPDATE outwards.deliveries SET first_tried_at = now() - interval '21 hours'"
            )
            await scene.settled()
            scene.box.slow_recipient = 0.0
            await scene.summary()
            await scene.settled()
    assert await scene.states() == ["failed", "delivered"]
    assert await scene.pool.fetchval("SELECT count(*) FROM outwards.targets WHERE disabled_at IS NULL") == 1
    assert len(scene.box.to(BOB)) == 1
    assert [one["event"] for one in logs if one["log_level"] in ("warning", "error")] == [
        "mail does not go out"
    ]


async def test_who_takes_long_for_a_mail_gets_it_once(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_server, "SECONDS", 0.3)
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.slow_data = 1.0
    async with scene.running(claim_seconds=0.5):
        await scene.summary()
        await scene.settled()
    assert len(scene.box.to(BOB)) == 1
    assert await scene.states() == ["delivered"]


async def test_choosing_mail_again_begins_anew(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    async with scene.running():
        await scene.summary()
        await scene.settled()
        await targets.disable(scene.pool, "mail", scene.bob, "for whatever reason")
        missed = await scene.summary()
        await asked(scene, scene.bob)
        await scene.settled()
        await until(lambda: len(scene.box.to(BOB)) == 2)
    assert links(scene.box.to(BOB)[1])[0] == f"https://example.org/summaries/{missed.id}"


async def test_the_operator_hears_of_each_reason_once(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.on_recipient = lambda address, before: (
        f"451 {before} not now, <{address}>" if before < 5 else FINE
    )
    scene.box.on_data = lambda address, before: "452 full" if before == 5 else "554 I do not like it"
    with structlog.testing.capture_logs() as logs:
        async with scene.running():
            await scene.summary()
            await scene.settled()
    assert [(one["error"], one["tried_again"]) for one in logs if one["event"] == "mail does not go out"] == [
        ("The mail server says no: 451 0 not now, …", True),
        ("The mail server says no: 452 full", True),
        ("The mail server does not take the mail: 554 I do not like it", False),
    ]


@pytest.mark.parametrize("how", ["PRIVATE", "UNLISTED", "RETRACTED", "READ", "UNSUBSCRIBED"])
async def test_what_may_not_be_seen_or_is_not_wanted_any_more_is_not_sent(scene: Scene, how: str) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    await scene.box.stop()
    async with scene.running():
        summary = await scene.summary()
        await until(lambda: scene.pool.fetchval("SELECT max(attempts) > 0 FROM outwards.deliveries"))
        if how == "RETRACTED":
            await scene.world.retract(summary)
        elif how == "READ":
            await notification.mark_read(scene.pool, scene.bob, now(), up_to=scene.world.position)
        elif how == "UNSUBSCRIBED":
            assert await mail_preferences.unsubscribe(scene.pool, BOB[::-1])
        else:
            await scene.world.show(summary, Visibility(how))
        await until(
            lambda: scene.pool.fetchval(
                "SELECT position >= $1 FROM read.checkpoint WHERE name = 'core'", scene.world.position
            )
        )
        await scene.tried_again()
        await scene.box.start()
        await scene.settled()
    assert await scene.states() == ["skipped"]
    assert scene.box.mails == []


async def test_a_digest_is_one_mail_of_all_that_waits(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB, "DAILY", FAR)
    async with scene.running():
        shown = [await scene.summary() for _ in range(3)]
        hidden, read = await scene.summary(), await scene.summary()
        position = scene.world.position
        await until(lambda: scene.pool.fetchval("SELECT count(*) = 5 FROM outwards.deliveries"))
        [when] = await scene.pool.fetch("SELECT DISTINCT next_at FROM outwards.deliveries")
        assert when["next_at"] == next_digest(now(), FAR)
        await scene.world.show(hidden, Visibility.PRIVATE)
        [row] = await scene.pool.fetch(
            "SELECT notification_id FROM notices.notifications WHERE summary_id = $1", read.id
        )
        await notification.mark_read(scene.pool, scene.bob, now(), ids=[row["notification_id"]])
        await until(lambda: scene.pool.fetchval("SELECT position > $1 FROM read.checkpoint", position))
        assert scene.box.tries == []
        await scene.pool.execute("UPDATE outwards.deliveries SET next_at = now()")  # the hour strikes
        await scene.pool.execute("UPDATE outwards.targets SET next_at = now()")
        await scene.settled()
    [sent] = scene.box.to(BOB)
    assert sent["Subject"] == "3 new notifications"
    assert sent["References"] is sent["In-Reply-To"] is None
    assert links(sent)[:-1] == [f"https://example.org/summaries/{one.id}" for one in shown]


async def test_a_digest_ends_where_its_hour_begins(scene: Scene) -> None:
    """What is made just before the hour goes at the hour; what is made at the hour, a day later."""
    await wants_mail(scene.pool, scene.bob, BOB, "DAILY", hour=7)
    hour = (now() + timedelta(days=2)).replace(hour=7, minute=0, second=0, microsecond=0)
    times = []
    for at in (hour - timedelta(microseconds=1), hour):
        scene.clock.at = at
        async with scene.running():
            await scene.summary()
            await until(
                lambda: scene.pool.fetchval(
                    "SELECT position >= $1 FROM follower_checkpoints WHERE name = 'outbox'",
                    scene.world.position,
                )
            )
        times.append(
            await scene.pool.fetchval(
                "SELECT next_at FROM outwards.deliveries ORDER BY position DESC LIMIT 1"
            )
        )
    assert times == [hour, hour + timedelta(days=1)]
    assert scene.box.tries == []


async def test_who_changes_their_mind_gets_what_waits_at_the_new_time(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB, "DAILY", FAR - 1 if FAR else 23)
    times = "SELECT next_at FROM outwards.deliveries UNION SELECT next_at FROM outwards.targets"
    async with scene.running():
        made = [await scene.summary() for _ in range(3)]
        await until(lambda: scene.pool.fetchval("SELECT count(*) = 3 FROM outwards.deliveries"))
        await mail_preferences.choose(scene.pool, scene.bob, "DAILY", FAR, None, now(), random.randbytes)
        assert [one["next_at"] for one in await scene.pool.fetch(times)] == [next_digest(now(), FAR)]
        assert scene.box.tries == []
        await asked(scene, scene.bob)
        await scene.settled()
    [sent] = scene.box.to(BOB)
    assert links(sent)[:-1] == [f"https://example.org/summaries/{one.id}" for one in made]


@pytest.mark.parametrize(
    ("after", "hour", "then"),
    [
        ((2026, 3, 1, 6, 59, 59), 7, (2026, 3, 1, 7)),
        ((2026, 3, 1, 7), 7, (2026, 3, 2, 7)),
        ((2026, 12, 31, 23, 30), 0, (2027, 1, 1, 0)),
        ((2026, 3, 1, 0), 23, (2026, 3, 1, 23)),
    ],
)
def test_when_the_next_digest_is(after: Any, hour: int, then: Any) -> None:
    assert next_digest(datetime(*after, tzinfo=UTC), hour) == datetime(*then, tzinfo=UTC)


async def test_a_long_digest_says_how_much_it_leaves_out(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    summary = await scene.world.publish(scene.paper, scene.bob)
    await scene.world.comment(summary.id, scene.ada)
    for _ in range(LISTED + 2):
        await scene.world.comment(summary.id, scene.ada)
    async with scene.running():
        await scene.settled()
    mails = scene.box.to(BOB)
    assert sum(len([one for one in links(each) if "#comment" in one]) for each in mails) == LISTED
    [longest] = [one for one in mails if one["Subject"] == f"{LISTED + 3} new notifications"]
    assert "And 3 more" in text_of(longest)


async def test_two_processes_that_die_mail_each_notification_in_one_mail(scene: Scene) -> None:
    """A second copy of a mail, after a process died, has the same Message-ID and says the same."""
    chance = random.Random(3)
    await wants_mail(scene.pool, scene.bob, BOB)
    written: list[Thing] = []

    def answers(address: str, before: int) -> str:
        return chance.choice([FINE, FINE, FINE, "451 later", DIES])

    async def lives(holder: str) -> None:
        while len(written) < 60:
            async with scene.running(holder=holder, claim_seconds=0.5, batch=4):
                await asyncio.sleep(chance.uniform(0.1, 0.6))

    async def write() -> None:
        for _ in range(60):
            written.append(await scene.summary())
            await asyncio.sleep(0.03)

    scene.box.on_data = answers
    async with asyncio.TaskGroup() as group:
        for task in (write(), lives("one"), lives("two")):
            group.create_task(task)
    scene.box.on_data = lambda address, before: FINE
    async with scene.running():
        await scene.settled()
    mails = {str(one["Message-ID"]): links(one)[:-1] for one in scene.box.to(BOB)}
    for one in scene.box.to(BOB):
        assert links(one)[:-1] == mails[str(one["Message-ID"])]
    told = [link for each in mails.values() for link in each]
    assert sorted(told) == sorted(f"https://example.org/summaries/{one.id}" for one in written)


HOSTILE = "Faces\r\nBcc: eve@example.com\r\n\r\nHello \u202e\u2028\x0b" + "x" * 300


async def test_what_others_wrote_adds_no_header(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    async with scene.running():
        await scene.summary(title=HOSTILE)
        await scene.settled()
    [(_, sent)] = scene.box.mails
    assert sent["Bcc"] is None
    assert sent["Subject"].startswith("New summary by Ada Lovelace of “Faces Bcc: eve@example.com Hello")
    assert sent["Subject"].isprintable()
    assert len(sent["Subject"]) < 250
    assert scene.box.tries == [BOB]


async def test_what_looks_encoded_stays_so_on_its_way(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    title = "=?utf-8?b?DQpSZXBseS1UbzogZUBlLnV1DQoNClBheSBoZXJl?= =?utf-8?q?=00=ff?="
    async with scene.running():
        await scene.summary(title=title)
        await scene.settled()
    [(_, sent)], [raw] = scene.box.mails, scene.box.raw
    assert sent["Subject"] == f"New summary by Ada Lovelace of “{title}”, which you follow"
    assert sent["Reply-To"] is None
    assert b"\0" not in raw
    assert f"\r\nList-Unsubscribe: {sent['List-Unsubscribe']}\r\n".encode() in raw
    assert sent["List-Unsubscribe"].startswith("<https://example.org/")


async def asked(scene: Scene, user: UUID, address: str | None = None, mode: Any = "AT_ONCE") -> None:
    await mail_preferences.choose(scene.pool, user, mode, None, address, scene.clock(), random.randbytes)


async def test_an_address_is_asked_before_it_gets_mail(scene: Scene) -> None:
    async with scene.running():
        await scene.summary()
        await scene.settled()
        await asked(scene, scene.bob, BOB)
        await until(lambda: scene.box.mails)
        await scene.settled()
        [(_, question)] = scene.box.mails
        assert question["Subject"] == "Do you want mail from ShortScience?"
        assert "bob on example.org" in text_of(question)
        link = links(question)[0]
        assert links_of_html(question) == [(link, link), ("https://example.org", "https://example.org")]
        token = link.removeprefix("https://example.org/mail/confirm?token=")
        assert not await mail_questions.confirm(scene.pool, token[:-1], now())
        assert await mail_questions.confirm(scene.pool, token, now())
        await scene.summary()
        await scene.settled()
    assert [one["Subject"] for one in scene.box.to(BOB)][1:] == [
        "New summary by Ada Lovelace of “On Faces & <Names>”, which you follow"
    ]


async def test_an_answer_counts_for_its_address_and_in_time(scene: Scene) -> None:
    await asked(scene, scene.bob, BOB)
    await asked(scene, scene.bob, "other@example.com")
    tokens = [
        one["token"]
        for one in await scene.pool.fetch("SELECT * FROM notices.confirmations ORDER BY asked_at")
    ]
    assert not await mail_questions.confirm(scene.pool, tokens[0], now())
    assert not await mail_questions.confirm(scene.pool, tokens[1], now() + timedelta(days=2, minutes=1))
    row = await mail_preferences.preferences_of(scene.pool, scene.bob)
    assert row is not None
    assert not row.reachable
    assert await mail_questions.confirm(scene.pool, tokens[1], now())
    await asked(scene, scene.bob, mode="DAILY")  # the same address
    row = await mail_preferences.preferences_of(scene.pool, scene.bob)
    assert row is not None
    assert (row.reachable, row.mode) == (True, "DAILY")
    await asked(scene, scene.bob, BOB)  # another one
    row = await mail_preferences.preferences_of(scene.pool, scene.bob)
    assert row is not None
    assert not row.reachable


async def test_a_question_that_could_not_be_sent_is_sent_later(scene: Scene) -> None:
    await scene.box.stop()
    async with scene.running():
        await asked(scene, scene.bob, BOB)
        await until(lambda: scene.pool.fetchval("SELECT max(attempts) > 1 FROM outwards.deliveries"))
        await scene.box.start()
        await scene.settled()
    assert len(scene.box.to(BOB)) == 1


async def test_strangers_are_not_flooded_with_questions(scene: Scene) -> None:
    people = [await scene.world.sign_up(f"user{number}") for number in range(6)]
    for person in people[:3]:
        await asked(scene, person, "stranger@example.com")
    with pytest.raises(RateLimited):
        await asked(scene, people[3], "Stranger@Example.com")
    await asked(scene, people[0], "stranger@example.com", "DAILY")  # was asked just now
    assert await mail_preferences.preferences_of(scene.pool, people[3]) is None
    for number in range(5):
        await asked(scene, people[4], f"s{number}@example.com")
    with pytest.raises(RateLimited):
        await asked(scene, people[4], "s6@example.com")
    scene.clock.at = now() + timedelta(days=8)
    await asked(scene, people[3], "stranger@example.com")
    assert await scene.pool.fetchval("SELECT count(*) FROM notices.confirmations") == 1
    assert await scene.pool.fetchval("SELECT count(*) FROM outwards.targets") == 1


@pytest.mark.parametrize(
    "address",
    [
        "a@b\r\nBcc: c@d",
        '"a b"@c.org',
        "a@b.org, c@d.org",
        "<a@b.org>",
        "a@b.org SIZE=1",
        "a..b@c.org",
        ".a@b.org",
        "a" * 65 + "@b.org",
        "a@-b.org",
        "ä@b.org",
        "a@",
        "@b",
        "nobody",
    ],
)
async def test_addresses_that_would_need_quoting_are_refused(scene: Scene, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        await asked(scene, scene.bob, address)
    assert address not in refused.value.message
    assert await mail_preferences.preferences_of(scene.pool, scene.bob) is None


@pytest.mark.parametrize(
    "address", ["a@b", "first.last+tag@mail.example.org", "o'neil@b.org", "a" * 64 + "@b.org"]
)
async def test_addresses_that_need_none_get_mail(scene: Scene, address: str) -> None:
    await asked(scene, scene.bob, address)
    async with scene.running():
        await scene.settled()
        await until(lambda: scene.box.to(address))
    assert scene.box.tries == [address]


async def test_no_log_has_an_address_or_a_password(scene: Scene) -> None:
    await wants_mail(scene.pool, scene.bob, BOB)
    scene.box.on_recipient = lambda address, before: f"451 <{address}> not now" if before < 2 else FINE
    with structlog.testing.capture_logs() as logs:
        async with scene.running():
            await asked(scene, scene.ada, "ada@example.com")
            await scene.summary()
            await scene.settled()
    assert "@example.com" not in str(logs)
    assert BOB not in str(await scene.pool.fetch("SELECT last_error FROM outwards.deliveries"))
    assert "password" not in repr(scene.box.post)
