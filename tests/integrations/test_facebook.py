"""Facebook pages: what is posted, and what their answers mean."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from service.integrations.facebook import WINDOW, Facebook
from service.integrations.networks import Unclear
from service.integrations.outbox import Delivered, GiveUp, Refused, Retry
from service.integrations.wording import Announcement
from tests.integrations.networks import (
    PAGE,
    TOKEN,
    FacebookApi,
    answering,
    closes,
    graph_error,
    posts_and_closes,
    posts_and_closes_midway,
    speaking,
)

LINK = "https://example.org/summaries/0190b1a2-0000-7000-8000-000000000000"
SAID = Announcement("Zoë & Ada", "Deep Learning", 2015, "It is deep.", LINK)


@pytest.fixture
async def api() -> AsyncIterator[FacebookApi]:
    api = FacebookApi()
    async with speaking(api):
        yield api


async def test_it_posts_a_line_and_the_link(api: FacebookApi) -> None:
    assert await api.network().post(SAID) == Delivered(200, f"{PAGE}_1")
    assert api.messages == ["Zoë & Ada explains Deep Learning (2015): It is deep."]
    assert api.posted == [LINK]


def test_the_line_is_short() -> None:
    text = Facebook(PAGE, TOKEN).text(Announcement("Ada", "Deep Learning", 2015, "word " * 500, LINK))
    assert 590 <= len(text) <= 600
    assert text.endswith(" word…")


async def test_the_token_is_in_the_body_only(api: FacebookApi) -> None:
    await api.network().post(SAID)
    [asked] = api.asked
    assert TOKEN not in asked.path
    assert TOKEN not in str(asked.headers)


async def test_a_token_that_expired_stops_the_page(api: FacebookApi) -> None:
    outcome = await api.network("EAAold").post(SAID)
    why = "Facebook answers 400 (190/463): Error validating access token: Session has expired."
    assert outcome == GiveUp(why, 400)
    assert api.posted == []


@pytest.mark.parametrize(
    ("code", "subcode", "status", "expected"),
    [
        *[(code, None, 400, Retry) for code in (4, 17, 32, 341, 613, 80_001)],
        *[(code, None, 403, GiveUp) for code in (3, 10, 102, 190, 200, 299, 368)],
        (100, 33, 400, GiveUp),
        (100, None, 400, Refused),
        (506, None, 400, Refused),
        (1, None, 500, Unclear),
        (2, None, 400, Unclear),
        (9_999, None, 503, Unclear),
    ],
)
async def test_what_codes_mean(
    api: FacebookApi, code: int, subcode: int | None, status: int, expected: type[Retry]
) -> None:
    api.next = [answering(status, graph_error(code, "No.", subcode).body)]
    outcome = await api.network().post(SAID)
    assert type(outcome) is expected
    assert outcome.status == status
    assert f"({code}" in outcome.why
    if isinstance(outcome, Retry):
        assert outcome.after == WINDOW


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"", Unclear("Facebook answers 200. It names no post.", 200)),
        (200, b"<html>Sign in", Unclear("Facebook answers 200. It names no post.", 200)),
        (401, b"", GiveUp("Facebook answers 401.", 401)),
        (429, b"<html>", Retry("Facebook answers 429.", WINDOW, 429)),
        (404, b"<html>", Retry("Facebook answers 404.", status=404)),
        (400, b'{"error":{"code":[1]}}', Retry("Facebook answers 400.", status=400)),
        (400, b'{"error":{"code":"190","message":null}}', GiveUp("Facebook answers 400 (190): ", 400)),
        (200, b'{"error":"x","id":"7"}', Unclear("Facebook answers 200. It names no post.", 200)),
        (302, b"", Retry("Facebook answers 302.", status=302)),
        (403, b"<html>", GiveUp("Facebook answers 403.", 403)),
        (408, b"", Unclear("Facebook answers 408.", 408)),
        (502, b"<html>", Unclear("Facebook answers 502.", 502)),
    ],
)
async def test_what_answers_without_a_code_mean(
    api: FacebookApi, status: int, body: bytes, expected: object
) -> None:
    api.next = [answering(status, body)]
    assert await api.network().post(SAID) == expected


@pytest.mark.parametrize("body", [b"<html>slow down", graph_error(4, "No.").body, graph_error(9, "No.").body])
async def test_it_waits_as_long_as_it_is_asked_to(api: FacebookApi, body: Any) -> None:
    api.next = [answering(429, body, Retry_After="60")]
    outcome = await api.network().post(SAID)
    assert isinstance(outcome, Retry)
    assert outcome.after == 60


@pytest.mark.parametrize("behaviour", [closes, posts_and_closes])
async def test_without_an_answer_nobody_knows(api: FacebookApi, behaviour: Any) -> None:
    api.next = [behaviour]
    assert isinstance(await api.network().post(SAID), Unclear)


async def test_the_status_is_enough_when_the_answer_breaks_off(api: FacebookApi) -> None:
    api.next = [posts_and_closes_midway]
    assert await api.network().post(SAID) == Delivered(200)


async def test_the_token_comes_back_in_nothing(api: FacebookApi) -> None:
    api.next = [answering(400, graph_error(190, f"Malformed access token {TOKEN}").body)]
    outcome = await api.network().post(SAID)
    assert outcome == GiveUp("Facebook answers 400 (190): Malformed access token …", 400)
