"""X: how long a text is, what is signed, and what its answers mean."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.integrations import networks
from service.integrations.networks import Unclear
from service.integrations.oauth1 import Credentials, signature
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement
from service.integrations.x import WINDOW, X
from service.integrations.x_weight import weight
from tests.integrations.networks import (
    OWN,
    Clock,
    XApi,
    answering,
    closes,
    posts_and_closes,
    posts_and_closes_midway,
    posts_and_hangs,
    speaking,
)

LINK = "https://example.org/summaries/0190b1a2-0000-7000-8000-000000000000"
SAID = Announcement("Ada", "Deep Learning", 2015, "It is deep & wide, “really”: $x^2$.", LINK)


@pytest.fixture
async def api() -> AsyncIterator[XApi]:
    api = XApi()
    async with speaking(api):
        yield api


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("\u10ff\u1100", 1 + 2),
        ("\u1fff\u2000\u200d\u200e\u200f", 2 + 1 + 1 + 2 + 2),
        ("\u2010\u201f\u2020\u2031\u2032\u2037\u2038", 1 + 1 + 2 + 2 + 1 + 1 + 2),
        ("저찀쿿쿿", 8),
        ("学習 in Japanese", 4 + 12),
        ("\U00010000\U0010ffff", 4),
        ("é", 1),
        ("e\u0301", 1),
        ("H🐱☺", 5),
        ("👨\u200d👩\u200d👧\u200d👦", 2),
        ("👍🏽👍", 4),
        ("🏳️\u200d🌈", 2),
        ("🇩🇪🇫🇷", 4),
        ("1️⃣#⃣", 4),
        ("©", 1),
        ("©️❤️", 4),
        ("🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", 2),
        ("中\u200d中", 5),
        ("http://test.com", 23),
        (LINK, 23),
        ("test.com", 23),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("http://localhost:8000/x", 23),
        ("http://localhost:8000/summaries/0190b1a2", 40),
        ("http://127.0.0.1/summaries/0190b1a2-0000", 40),
        ("3.14 and i.e. and v1.0.2", 24),
        ("中文example.com", 4 + 23),
    ],
)
def test_weights(text: str, expected: int) -> None:
    assert weight(text) == expected


@pytest.mark.parametrize(
    "text", ["a." * 50_000, "a-" * 50_000, "@" * 100_000, "👨\u200d" * 30_000, "a" * 100_000]
)
def test_hostile_texts_are_weighed_in_passing(text: str) -> None:
    said = Announcement(text, text, 2015, text, LINK)
    assert weight(X(OWN, Clock()).text(said)) <= 280


@given(st.text(max_size=400), st.text(max_size=900))
def test_a_post_fits_and_ends_with_its_link(title: str, text: str) -> None:
    post = X(OWN, Clock()).text(Announcement("Ada", title, 2015, text, LINK))
    assert weight(post) <= 280
    assert post.endswith(f" {LINK}")


def test_a_long_text_fills_the_post() -> None:
    post = X(OWN, Clock()).text(Announcement("Ada", "Deep Learning", 2015, "word " * 100, LINK))
    assert 270 <= weight(post) <= 280
    assert post.endswith(f" word… {LINK}")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("api.twitter.com", "hCtSmYh+iHYCEqBWrE7C7hYmtUk="), ("api.x.com", "Ls93hJiZbQ3akF3HF3x1Bz8/zU4=")],
)
def test_the_signature_is_that_of_the_documentation(host: str, expected: str) -> None:
    own = Credentials(
        "xvz1evFS4wEEPTGEFPHBog",
        "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
        "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
        "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    )
    fields = {
        "status": "Hello Ladies + Gentlemen, a signed OAuth request!",
        "oauth_consumer_key": own.consumer_key,
        "oauth_nonce": "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": "1318622958",
        "oauth_token": own.token,
        "oauth_version": "1.0",
    }
    url = f"HTTPS://{host}:443/1.1/statuses/update.json?include_entities=true"
    assert signature(own, "post", url, fields) == expected


async def test_it_posts(api: XApi) -> None:
    assert await api.network().post(SAID) == Delivered(201, "1")
    assert api.posted == [f"Ada explains Deep Learning (2015): It is deep & wide, “really”: x^2. {LINK}"]


async def test_another_key_or_clock_is_refused_for_all(api: XApi) -> None:
    other = Credentials(OWN.consumer_key, OWN.consumer_secret, OWN.token, "another")
    for network in (X(other, api.clock, api=api.url), X(OWN, Clock(timedelta(hours=1)), api=api.url)):
        assert await network.post(SAID) == GiveUp("X answers 401: Unauthorized Unauthorized", 401)
    assert api.posted == []


async def test_the_same_again_is_refused(api: XApi) -> None:
    await api.network().post(SAID)
    again = await api.network().post(SAID)
    assert isinstance(again, Refused)
    assert "duplicate content" in again.why
    assert len(api.posted) == 1


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (400, {"title": "Invalid Request"}, Refused("X answers 400: Invalid Request", 400)),
        (402, {"title": "CreditsDepleted"}, GiveUp("X answers 402: CreditsDepleted", 402)),
        (403, {"title": "Client Forbidden"}, GiveUp("X answers 403: Client Forbidden", 403)),
        (403, b"<html>blocked</html>", GiveUp("X answers 403", 403)),
        (401, b"", GiveUp("X answers 401", 401)),
        (404, b"<html>", Retry("X answers 404", status=404)),
        (400, b'{"title":' + b"[" * 60_000, Retry("X answers 400", status=400)),
        (408, {}, Unclear("X answers 408", 408)),
        (500, b"", Unclear("X answers 500", 500)),
        (503, {"title": "Overloaded"}, Unclear("X answers 503: Overloaded", 503)),
        (302, b"", Retry("X answers 302", status=302)),
        (200, b"<html>Sign in", Unclear("X answers 200 without a post", 200)),
        (201, [1], Unclear("X answers 201 without a post", 201)),
        (
            200,
            {"errors": [{"title": "Overloaded", "detail": "Nothing was posted."}]},
            Unclear("X answers 200 without a post", 200),
        ),
        (200, {"data": {"id": "7"}, "errors": []}, Delivered(200, "7")),
    ],
)
async def test_what_answers_mean(api: XApi, status: int, body: Any, expected: object) -> None:
    api.next = [answering(status, body, Location=f"{api.url}/2/tweets")]
    assert await api.network().post(SAID) == expected
    assert len(api.asked) == 1


async def test_it_waits_as_long_as_the_limits_say(api: XApi) -> None:
    now = api.clock().timestamp()
    soon, later = str(int(now) + 60), str(int(now) + 7_200)
    limits = [
        ({"x_rate_limit_reset": soon}, 60),
        ({"x_rate_limit_reset": later, "x_rate_limit_remaining": "0"}, 7_200),
        (
            {
                "x_rate_limit_remaining": "9",
                "x_rate_limit_reset": soon,
                "x_user_limit_24hour_remaining": "0",
                "x_user_limit_24hour_reset": later,
            },
            7_200,
        ),
        ({"x_rate_limit_reset": str(int(now) - 60)}, 1),
        ({"x_rate_limit_reset": "soon"}, WINDOW),
        ({"retry_after": "70"}, 70),
        ({"retry_after": "soon"}, WINDOW),
        ({"x_rate_limit_reset": soon, "retry_after": "3"}, 60),
        (
            {
                "date": "Mon, 30 Nov 2026 12:00:00 GMT",
                "retry_after": "Mon, 30 Nov 2026 12:02:00 GMT",
            },
            120,
        ),
        ({}, WINDOW),
    ]
    for headers, seconds in limits:
        api.next = [answering(429, {"title": "Too Many Requests"}, **headers)]
        outcome = await api.network().post(SAID)
        assert isinstance(outcome, Retry)
        assert outcome.status == 429
        assert outcome.after is not None
        assert seconds - 30 <= outcome.after <= seconds + 1


async def test_without_a_connection_nothing_was_posted(api: XApi) -> None:
    nowhere = X(OWN, api.clock, api="http://127.0.0.1:1")
    assert isinstance(await nowhere.post(SAID), Retry)


async def test_it_goes_by_the_proxy_of_the_operator(api: XApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", api.url)
    await X(OWN, api.clock, api="http://nowhere.invalid").post(SAID)
    assert [one.path for one in api.asked] == ["http://nowhere.invalid/2/tweets"]


@pytest.mark.parametrize("behaviour", [closes, posts_and_closes])
async def test_without_an_answer_nobody_knows(api: XApi, behaviour: Any) -> None:
    api.next = [behaviour]
    assert isinstance(await api.network().post(SAID), Unclear)


async def test_who_does_not_answer_is_not_waited_for(api: XApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "TOTAL_SECONDS", 0.2)
    api.next = [posts_and_hangs]
    assert isinstance(await api.network().post(SAID), Unclear)
    assert len(api.posted) == 1


async def test_the_status_is_enough_when_the_answer_breaks_off(api: XApi) -> None:
    api.next = [posts_and_closes_midway]
    assert await api.network().post(SAID) == Delivered(201)


async def test_an_endless_answer_is_read_to_a_bound(api: XApi) -> None:
    api.next = [answering(403, b"x" * 10_000_000)]
    assert await api.network().post(SAID) == GiveUp("X answers 403", 403)


async def test_secrets_come_back_in_nothing(api: XApi) -> None:
    secrets = [OWN.consumer_key, OWN.consumer_secret, OWN.token, OWN.token_secret]
    api.next = [answering(401, {"title": "Bad", "detail": " ".join(secrets)})]
    outcome = await api.network().post(SAID)
    assert outcome == GiveUp("X answers 401: Bad … … … …", 401)
    assert not any(one in repr(OWN) for one in secrets)
    sent = json.dumps(api.asked[0].headers)
    assert OWN.consumer_secret not in sent
    assert OWN.token_secret not in sent
