"""Announcing: each summary at most once on each network, whatever dies when, and only what is to be seen."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from service.cli_announcing import _show, _status
from service.domain.events import Visibility, VoteValue
from service.eventstore.postgres import PostgresStore
from service.integrations import announcements
from service.integrations.announcers import announcers
from service.integrations.announcing import Announcer, Rules
from service.integrations.outbox import Delivery, Skip
from service.settings import Settings, SettingsError
from service.workers import _environment
from tests.integrations.announcing_process import RULES
from tests.integrations.networks import (
    OWN,
    PAGE,
    TOKEN,
    Api,
    Asked,
    Behaviour,
    Clock,
    FacebookApi,
    XApi,
    answering,
    closes,
    graph_error,
    posts_and_closes,
    posts_and_closes_midway,
    posts_and_hangs,
    speaking,
    well,
)
from tests.integrations.outgoing import outbox, settled, until
from tests.projections.history import Thing, World

BASE = "https://example.org"
HALF_AN_HOUR = Rules(quiet=timedelta(minutes=30), min_score=1, per_hour=1000)
ROOT = Path(__file__).parents[2]


@pytest.fixture
async def x() -> AsyncIterator[XApi]:
    api = XApi()
    async with speaking(api):
        yield api


@pytest.fixture
async def facebook() -> AsyncIterator[FacebookApi]:
    api = FacebookApi()
    async with speaking(api):
        yield api


async def started(pool: asyncpg.Pool, api: XApi | FacebookApi, rules: Rules = RULES) -> Announcer:
    announcer = Announcer(pool, api.network(), rules, api.clock, BASE)
    await announcer.start()
    return announcer


async def people(world: World) -> None:
    """Two users, and papers."""
    for name in ("ada", "bob"):
        await world.sign_up(name, name.capitalize())
    for key in range(3):
        await world.register(f"key/{key}", title=f"Paper {key}", year=2015)


async def publish(world: World, count: int = 1, **options: Any) -> list[Thing]:
    return [
        await world.publish(world.papers[0], world.users[0], f"Text *{len(world.summaries)}*.", **options)
        for _ in range(count)
    ]


async def let_pass(pool: asyncpg.Pool, clock: Clock, time: timedelta) -> None:
    """The clock goes forward; so does what waits in the database, which has a clock of its own."""
    clock.ahead += time
    await pool.execute("UPDATE outwards.deliveries SET next_at = next_at - $1::interval", time)
    await pool.execute("UPDATE outwards.targets SET next_at = next_at - $1::interval", time)


async def outcomes(pool: asyncpg.Pool) -> list[tuple[str, str | None]]:
    sql = "SELECT state, last_error FROM outwards.deliveries ORDER BY position"
    return [tuple(one) for one in await pool.fetch(sql)]


def links(*summaries: Thing) -> list[str]:
    return [f"{BASE}/summaries/{one.id}" for one in summaries]


def posted_links(api: Api) -> list[str]:
    return [one.rpartition(" ")[2] for one in api.posted]


async def test_a_summary_is_announced_on_each_network(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi, facebook: FacebookApi
) -> None:
    channels = [await started(pool, x), await started(pool, facebook)]
    async with outbox(pool, store, *channels):
        await people(world)
        [one] = await publish(world)
        [two] = await publish(world, anonymous=True)
        await settled(pool, world.position)
    assert x.posted == [
        f"Ada explains Paper 0 (2015): Text 0. {BASE}/summaries/{one.id}",
        f"A summary of Paper 0 (2015): Text 1. {BASE}/summaries/{two.id}",
    ]
    assert facebook.posted == links(one, two)
    rows = await pool.fetch("SELECT channel, outcome, post FROM outwards.announcements ORDER BY 1, begun_at")
    assert [tuple(one) for one in rows] == [
        ("facebook", "posted", f"{PAGE}_1"),
        ("facebook", "posted", f"{PAGE}_2"),
        ("x", "posted", "1"),
        ("x", "posted", "2"),
    ]


async def test_it_begins_with_what_comes_after_it_is_first_switched_on(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    await people(world)
    [before] = await publish(world)
    announcer = await started(pool, x)
    [after] = await publish(world)  # the outbox is still before both
    async with outbox(pool, store, announcer):
        await settled(pool, world.position)
        await world.show(before, Visibility.PRIVATE)
        [later] = await publish(world)
        await settled(pool, world.position)
    again = await started(pool, x)
    async with outbox(pool, store, again):
        await settled(pool, world.position)
    assert posted_links(x) == links(after, later)


async def test_what_became_public_before_is_news_when_it_does_so_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    await people(world)
    [one] = await publish(world, visibility=Visibility.PRIVATE)
    async with outbox(pool, store, await started(pool, x)):
        await world.show(one, Visibility.PUBLIC)
        await settled(pool, world.position)
    assert posted_links(x) == links(one)


async def test_once_however_often_it_becomes_public(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    async with outbox(pool, store, await started(pool, x)):
        await people(world)
        [one] = await publish(world)
        await settled(pool, world.position)
        for _ in range(3):
            await world.show(one, Visibility.PRIVATE)
            await world.show(one, Visibility.PUBLIC)
            await world.revise(one, f"Anew {world.position}")
        await settled(pool, world.position)
        await pool.execute("DELETE FROM outwards.deliveries")  # as after a month
        await pool.execute("UPDATE outwards.targets SET behind = 0")
        await pool.execute("UPDATE outwards.targets SET next_at = now()")
        await world.show(one, Visibility.PRIVATE)
        await world.show(one, Visibility.PUBLIC)
        await settled(pool, world.position)
    assert posted_links(x) == links(one)


async def test_it_is_quiet_for_a_while(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    async with outbox(pool, store, await started(pool, x, HALF_AN_HOUR)):
        await people(world)
        [one] = await publish(world)
        await world.revise(one, "As it is *now*.")
        waits = "SELECT next_at - l.recorded_at FROM outwards.deliveries JOIN events l USING (position)"
        await until(lambda: pool.fetchval(waits))
        assert await pool.fetchval(waits) == timedelta(minutes=30)
        await pool.execute("UPDATE outwards.deliveries SET next_at = now()")  # too early, for any reason
        await pool.execute("UPDATE outwards.targets SET next_at = now()")
        early = "SELECT last_error = 'It has not been public for long enough.' FROM outwards.deliveries"
        await until(lambda: pool.fetchval(early))
        assert x.asked == []
        await let_pass(pool, x.clock, timedelta(minutes=31))
        await settled(pool, world.position)
    assert x.posted == [f"Ada explains Paper 0 (2015): As it is now. {BASE}/summaries/{one.id}"]


async def test_the_quiet_time_begins_anew_when_it_becomes_public_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    async with outbox(pool, store, await started(pool, x, HALF_AN_HOUR)):
        await people(world)
        [one] = await publish(world)
        await world.show(one, Visibility.PRIVATE)
        await world.show(one, Visibility.PUBLIC)
        await until(lambda: pool.fetchval("SELECT count(*) = 2 FROM outwards.deliveries"))
        await let_pass(pool, x.clock, timedelta(minutes=31))
        await settled(pool, world.position)
    assert posted_links(x) == links(one)
    assert [state for state, _ in await outcomes(pool)] == ["skipped", "delivered"]


async def test_what_may_not_be_seen_or_is_not_liked_is_not_announced(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    async with outbox(pool, store, await started(pool, x, HALF_AN_HOUR)):
        await people(world)
        hidden, retracted, unlisted, disliked, erased, shown = await publish(world, 6)
        await publish(world, visibility=Visibility.UNLISTED)
        await world.show(hidden, Visibility.PRIVATE)
        await world.retract(retracted)
        await world.show(unlisted, Visibility.UNLISTED)
        await world.vote(disliked, world.users[1], VoteValue.DOWN)
        await world.erase(erased.id)
        await until(lambda: pool.fetchval("SELECT count(*) = 6 FROM outwards.deliveries"))
        await let_pass(pool, x.clock, timedelta(minutes=31))
        await settled(pool, world.position)
    assert posted_links(x) == links(shown)
    assert await outcomes(pool) == [
        ("skipped", "It is not listed any more."),
        ("skipped", "It is not listed any more."),
        ("skipped", "It is not listed any more."),
        ("skipped", "Its score is 0."),
        ("skipped", "Its text was erased."),
        ("delivered", None),
    ]


async def test_history_is_no_news(pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi) -> None:
    now = datetime.now(UTC)
    async with outbox(pool, store, await started(pool, x, HALF_AN_HOUR)):
        await people(world)
        await publish(world, at=now - timedelta(days=8))
        [imported] = await publish(world, at=now - timedelta(hours=1))
        await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM outwards.deliveries"))
        await let_pass(pool, x.clock, timedelta(minutes=31))
        await settled(pool, world.position)
        [late] = await publish(world)
        await until(lambda: pool.fetchval("SELECT count(*) = 2 FROM outwards.deliveries"))
        await let_pass(pool, x.clock, timedelta(days=8))
        await settled(pool, world.position)
    assert posted_links(x) == links(imported)
    assert await outcomes(pool) == [("delivered", None), ("skipped", "It is no news any more.")]
    assert late.id != imported.id


async def test_so_many_an_hour_and_the_rest_in_order(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    rules = Rules(timedelta(0), 1, per_hour=2)
    held = "SELECT true FROM outwards.targets WHERE next_at > now() + interval '50 minutes'"
    async with outbox(pool, store, await started(pool, x, rules)):
        await people(world)
        summaries = await publish(world, 5)
        for posted in (2, 4):
            await until(lambda: pool.fetchval(held))
            assert posted_links(x) == links(*summaries[:posted])
            await let_pass(pool, x.clock, timedelta(minutes=61))
        await settled(pool, world.position)
    assert posted_links(x) == links(*summaries)


async def test_a_limit_of_the_network_is_waited_for(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    reset = str(int(x.clock().timestamp()) + 600)
    x.next = [answering(429, {"title": "Too Many Requests"}, x_rate_limit_reset=reset)]
    async with outbox(pool, store, await started(pool, x)):
        await people(world)
        summaries = await publish(world, 2)
        busy = "SELECT count(*) = 1 FROM outwards.deliveries WHERE last_status = 429"
        await until(lambda: pool.fetchval(busy))
        wait = "SELECT next_at - now() FROM outwards.deliveries WHERE last_status = 429"
        assert timedelta(minutes=9) < await pool.fetchval(wait) <= timedelta(minutes=10)
        assert await pool.fetchval("SELECT count(*) FROM outwards.announcements") == 0
        await let_pass(pool, x.clock, timedelta(minutes=11))
        await settled(pool, world.position)
    assert posted_links(x) == links(*summaries)


async def test_a_token_that_expired_stops_the_channel_until_the_next_start(
    pool: asyncpg.Pool, store: PostgresStore, world: World, facebook: FacebookApi
) -> None:
    old = Announcer(pool, facebook.network("EAAold"), RULES, facebook.clock, BASE)
    await old.start()
    with capture_logs() as logs:
        async with outbox(pool, store, old):
            await people(world)
            summaries = await publish(world, 3)
            reason = "SELECT disabled_reason FROM outwards.targets"
            await until(lambda: pool.fetchval(reason))
            assert "Session has expired" in await pool.fetchval(reason)
            summaries += await publish(world, 2)
    assert len(facebook.asked) == 1
    assert any(one["event"] == "announcing stopped" and one["network"] == "facebook" for one in logs)
    assert "EAAold" not in str(logs)
    async with outbox(pool, store, await started(pool, facebook)):
        await settled(pool, world.position)
    assert facebook.posted == links(*summaries)


@pytest.mark.parametrize("how", [closes, posts_and_closes, answering(500, b"")])
async def test_what_nobody_knows_is_not_tried_again(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi, how: Behaviour
) -> None:
    x.next = [how]
    with capture_logs() as logs:
        async with outbox(pool, store, await started(pool, x)):
            await people(world)
            one, two = await publish(world, 2)
            await settled(pool, world.position)
            await world.show(one, Visibility.PRIVATE)
            await world.show(one, Visibility.PUBLIC)
            await settled(pool, world.position)
    assert len(x.asked) == 2
    assert posted_links(x)[-1:] == links(two)
    assert [state for state, _ in await outcomes(pool)] == ["failed", "delivered"]
    unknown = "SELECT summary_id FROM outwards.announcements WHERE outcome IS NULL"
    assert [one["summary_id"] for one in await pool.fetch(unknown)] == [one.id]
    [told] = [one for one in logs if one["event"].startswith("it is not known")]
    assert told["summary"] == str(one.id)


async def test_a_crash_between_posting_and_noting_does_not_post_twice(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    x.next = [posts_and_hangs]
    async with outbox(pool, store, await started(pool, x)):
        await people(world)
        [one] = await publish(world)
        await until(lambda: x.posted)
    with capture_logs() as logs:
        async with outbox(pool, store, await started(pool, x)):
            await settled(pool, world.position)
    assert [one["summary"] for one in logs if one["event"].startswith("it is not known")] == [str(one.id)]
    assert posted_links(x) == links(one)
    assert len(x.asked) == 1
    [(state, why)] = await outcomes(pool)
    assert state == "failed"
    assert why == "Nobody knows whether it is there: an earlier try did not come to its end"


async def test_a_crash_before_anything_was_noted_loses_nothing(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = asyncio.Event()

    async def hangs(*_: Any) -> None:
        stopped.set()
        await asyncio.sleep(3_600)

    with monkeypatch.context() as patch:
        patch.setattr(announcements, "begin", hangs)
        async with outbox(pool, store, await started(pool, x)):
            await people(world)
            [one] = await publish(world)
            await stopped.wait()
    async with outbox(pool, store, await started(pool, x)):
        await settled(pool, world.position)
    assert posted_links(x) == links(one)
    assert await outcomes(pool) == [("delivered", None)]


async def test_a_try_begins_once(pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi) -> None:
    """Also when two processes think that they have the claim."""
    announcer = await started(pool, x, HALF_AN_HOUR)
    async with outbox(pool, store, announcer):
        await people(world)
        [one] = await publish(world)
        await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM outwards.deliveries"))
    [delivery] = [
        Delivery(
            one["delivery_id"], "x", one["target"], one["position"], one["subject_id"], 0, one["created_at"]
        )
        for one in await pool.fetch("SELECT * FROM outwards.deliveries")
    ]
    x.clock.ahead += timedelta(minutes=31)
    outcomes = await asyncio.gather(*(announcer.send(delivery) for _ in range(5)))
    assert posted_links(x) == links(one)
    assert [type(one).__name__ for one in outcomes].count("Delivered") == 1
    assert await announcer.send(delivery) == Skip("It was posted before.")


async def test_a_longer_quiet_time_stops_nothing(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi
) -> None:
    async with outbox(pool, store, await started(pool, x, HALF_AN_HOUR)):
        await people(world)
        [one] = await publish(world)
        await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM outwards.deliveries"))
    longer = Rules(quiet=timedelta(days=2), min_score=1, per_hour=1000)
    waits = "SELECT true FROM outwards.deliveries WHERE next_at > now() + interval '5 hours'"
    async with outbox(pool, store, await started(pool, x, longer)):
        for time in (timedelta(minutes=31), timedelta(hours=30)):
            await let_pass(pool, x.clock, time)
            await until(lambda: pool.fetchval(waits))
        assert await pool.fetchval("SELECT count(*) FROM outwards.targets WHERE disabled_at IS NULL") == 1
        await let_pass(pool, x.clock, timedelta(hours=18))
        await settled(pool, world.position)
    assert posted_links(x) == links(one)


async def test_a_refused_text_is_left_and_the_next_one_goes(
    pool: asyncpg.Pool, store: PostgresStore, world: World, facebook: FacebookApi
) -> None:
    facebook.next = [answering(400, graph_error(100, "Invalid\0parameter").body)]
    async with outbox(pool, store, await started(pool, facebook)):
        await people(world)
        _, two = await publish(world, 2)
        await settled(pool, world.position)
    assert facebook.posted == links(two)
    row = await pool.fetchrow("SELECT outcome, why FROM outwards.announcements WHERE outcome <> 'posted'")
    assert tuple(row) == ("refused", "Facebook answers 400 (100): Invalid\N{REPLACEMENT CHARACTER}parameter")


async def test_two_processes_killed_at_random_post_each_at_most_once(
    pool: asyncpg.Pool, database_url: str, store: PostgresStore, world: World, x: XApi
) -> None:
    chance = random.Random(3)

    async def moody(api: Api, asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(chance.choice([0, 0.01, 0.05, 0.8]))  # claims run out meanwhile
        busy = answering(429, {"title": "Too Many"}, x_rate_limit_reset="1")
        how = chance.choice([well] * 8 + [busy, closes, posts_and_closes, posts_and_closes_midway])
        await how(api, asked, writer)

    x.behave, x.next = moody, [posts_and_closes]
    await started(pool, x)
    await people(world)

    async def lives(holder: str) -> None:
        for _ in range(4):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.integrations.announcing_process", database_url, x.url, holder),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
            )  # fmt: skip
            assert process.stdout is not None
            assert await process.stdout.readline() == b"ready\n"
            await asyncio.sleep(chance.uniform(0.3, 2.0))
            process.kill()
            await process.wait()

    async with asyncio.TaskGroup() as group:
        for holder in ("one", "two"):
            group.create_task(lives(holder))
        for _ in range(60):
            await publish(world)
            await asyncio.sleep(0.1)
    x.behave = well
    async with outbox(pool, store, await started(pool, x)):
        await settled(pool, world.position)
    there = posted_links(x)
    assert len(set(there)) == len(there)
    assert len(there) > 30
    noted = await pool.fetch("SELECT summary_id, outcome FROM outwards.announcements")
    states = await pool.fetch("SELECT subject_id, state FROM outwards.deliveries")
    unknown = {f"{BASE}/summaries/{one['summary_id']}" for one in noted if one["outcome"] is None}
    failed = {f"{BASE}/summaries/{one['subject_id']}" for one in states if one["state"] == "failed"}
    assert unknown
    assert set(links(*world.summaries)) - set(there) <= failed
    assert unknown <= failed
    assert len(states) == 60


def settings(**options: object) -> Settings:
    return Settings.read(base_url=BASE, **options)


X_SET = {
    "x_consumer_key": OWN.consumer_key,
    "x_consumer_secret": OWN.consumer_secret,
    "x_access_token": OWN.token,
    "x_access_token_secret": OWN.token_secret,
}
FACEBOOK_SET = {"facebook_page_id": PAGE, "facebook_token": TOKEN}


async def test_off_by_default(pool: asyncpg.Pool) -> None:
    assert await announcers(pool, settings(), Clock()) == []
    assert await pool.fetchval("SELECT count(*) FROM outwards.announcers") == 0


async def test_settings_switch_networks_on(
    pool: asyncpg.Pool, store: PostgresStore, world: World, x: XApi, facebook: FacebookApi
) -> None:
    given = settings(
        announce_quiet_minutes=0,
        x_api_url=f"{x.url}/",
        facebook_api_url=f"{facebook.url}/v23.0",
        **X_SET,
        **FACEBOOK_SET,
    )
    channels = await announcers(pool, given, Clock())
    async with outbox(pool, store, *channels):
        await people(world)
        [one] = await publish(world)
        await settled(pool, world.position)
    assert posted_links(x) == facebook.posted == links(one)
    assert not any(secret in repr(given) for secret in (*X_SET.values(), TOKEN))


async def test_the_operator_sees_what_would_be_posted(
    database_url: str,
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with outbox(pool, store):
        await people(world)
        [one] = await publish(world)
        [private] = await publish(world, visibility=Visibility.PRIVATE)
        await settled(pool, world.position)
    given = settings(database_url=database_url, **X_SET, **FACEBOOK_SET)
    capsys.readouterr()
    await _show(given, one.id)
    line = "Ada explains Paper 0 (2015): Text 0."
    assert capsys.readouterr().out == f"x: {line} {BASE}/summaries/{one.id}\nfacebook: {line}\n"
    with pytest.raises(SettingsError, match="that visitors may see"):
        await _show(given, private.id)
    with pytest.raises(SettingsError, match="no network is switched on"):
        await _show(settings(database_url=database_url), one.id)
    assert await pool.fetchval("SELECT count(*) FROM outwards.announcements") == 0


async def test_the_operator_sees_what_stopped_and_what_nobody_knows(
    database_url: str,
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    x: XApi,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = settings(database_url=database_url, x_api_url=x.url, **X_SET)
    await _status(given)
    assert capsys.readouterr().out == "Nothing was ever switched on.\n"
    x.next = [well, posts_and_closes, answering(401, {"title": "Unauthorized"})]
    async with outbox(pool, store, await started(pool, x)):
        await people(world)
        _, lost, _, _ = await publish(world, 4)
        await until(lambda: pool.fetchval("SELECT disabled_reason FROM outwards.targets"))
    await pool.execute("UPDATE outwards.announcements SET begun_at = begun_at - interval '1 hour'")
    capsys.readouterr()
    await _status(given)
    said = capsys.readouterr()
    assert said.out.startswith("x: on; first switched on ")
    assert said.out.endswith("; 1 posted, 0 refused, 2 waiting\n")
    assert "x stopped: X answers 401: Unauthorized" in said.err
    assert f"Nobody knows whether it is on x: {BASE}/summaries/{lost.id} (No answer: " in said.err


def test_workers_get_the_keys_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings(**X_SET, **FACEBOOK_SET)
    for name, value in _environment(given).items():
        monkeypatch.setenv(name, value)
    assert Settings.read() == given


@pytest.mark.parametrize(
    ("options", "named"),
    [
        *[({**X_SET, name: ""}, "SHORTSCIENCE_X_CONSUMER_KEY") for name in X_SET],
        ({"facebook_token": TOKEN}, "SHORTSCIENCE_FACEBOOK_PAGE_ID"),
        ({"facebook_page_id": PAGE}, "SHORTSCIENCE_FACEBOOK_PAGE_ID"),
        ({**FACEBOOK_SET, "facebook_token": f"{TOKEN} "}, "SHORTSCIENCE_FACEBOOK_TOKEN"),
        ({**X_SET, "x_consumer_secret": "s3cret\n"}, "SHORTSCIENCE_X_CONSUMER_SECRET"),
        ({**X_SET, "base_url": ""}, "SHORTSCIENCE_BASE_URL"),
        ({**FACEBOOK_SET, "facebook_page_id": "my.page"}, "SHORTSCIENCE_FACEBOOK_PAGE_ID"),
        ({"x_api_url": "api.x.com"}, "SHORTSCIENCE_X_API_URL"),
        ({"facebook_api_url": "https://"}, "SHORTSCIENCE_FACEBOOK_API_URL"),
        ({"x_api_url": "http://127.0.0.1:99999"}, "a port up to 65535"),
        ({"x_api_url": "http://127.0.0.1:x"}, "a port up to 65535"),
        ({**FACEBOOK_SET, "facebook_page_id": "my.page"}, "must be the page's number, not its name"),
        *(
            ({"base_url": one}, "SHORTSCIENCE_BASE_URL")
            for one in (
                "https://",
                "https://:80",
                "http://a b",
                "https://zoë.example",
                "http://a/?b",
                "http://a:x",
            )
        ),
        ({"announce_per_hour": 0}, "SHORTSCIENCE_ANNOUNCE_PER_HOUR"),
        ({"announce_quiet_minutes": -1}, "SHORTSCIENCE_ANNOUNCE_QUIET_MINUTES"),
    ],
)
def test_wrong_settings_are_told_without_secrets(options: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as told:
        Settings.read(**{"base_url": BASE, **options})
    assert named in str(told.value)
    assert "s3cret" not in str(told.value)
    assert TOKEN not in str(told.value)
    assert OWN.token not in str(told.value)
