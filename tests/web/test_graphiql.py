"""GraphiQL in a browser: what it asks is answered, and a subscription says what happens."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.web.browser import Page, browser_page, needs_browser
from tests.web.following import following
from tests.web.site import Site

RUN = "document.querySelector('.graphiql-execute-button').click()"
READY = "document.querySelectorAll('.graphiql-editor-tool .CodeMirror').length == 2"
ANSWER = "document.querySelector('.result-window .CodeMirror')?.CodeMirror.getValue()"
HEADERS = "document.querySelectorAll('.graphiql-editor-tool .CodeMirror')[1].CodeMirror.setValue({})"
TOLD = "subscription { notificationReceived { kind } }"
PUBLISHED = "subscription { summaryPublished { summary { body } } }"


async def opened(page: Page, site: Site, query: str) -> None:
    await page.open(f"{site.url}/graphql?query={quote(query)}")
    await page.shows(READY)


async def test_the_policy_lets_it_follow_on_this_host_alone(site: Site) -> None:
    async def policy(host: str) -> str:
        headers = {"accept": "text/html", "host": host}
        response = await site.client.get("/graphql", headers=headers)
        parts = response.headers["content-security-policy"].split("; ")
        (connect,) = [part for part in parts if part.startswith("connect-src")]
        assert len(parts) == 9
        return str(connect)

    own = "connect-src 'self'"
    assert await policy("papers.org") == f"{own} ws://papers.org wss://papers.org"
    assert await policy("[::1]:8000") == f"{own} ws://[::1]:8000 wss://[::1]:8000"
    for nonsense in ("*", "a;script-src", "a b", "", "a/b", "*.org"):
        assert await policy(nonsense) == own


@needs_browser
async def test_a_query_and_a_subscription(site: Site, tmp_path: Path) -> None:
    ada = await site.user("ada")
    async with browser_page(tmp_path) as page:
        await opened(page, site, '{ user(username: "ada") { username } }')
        await page.do(RUN)
        assert "ada" in await page.shows(ANSWER)
        await opened(page, site, PUBLISHED)
        await page.do(RUN)
        await following(site, 1)
        for n in range(2):
            await site.summary(ada, await site.paper(ada, "Paper", f"p{n}"), f"Text {n}.")
            assert await page.shows(f"{ANSWER}.includes('Text {n}.')")
        await page.do(RUN)  # the same button stops it
        await following(site, 0)
        assert page.complaints == []


@needs_browser
@pytest.mark.parametrize("name", ["Authorization", "authorization"])
async def test_it_follows_as_who_the_headers_say(site: Site, tmp_path: Path, name: str) -> None:
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    async with browser_page(tmp_path) as page:
        await opened(page, site, TOLD)
        await page.do(RUN)
        assert "UNAUTHENTICATED" in await page.shows(f"{ANSWER}.includes('errors') && {ANSWER}")
        await page.do(HEADERS.format(json.dumps(json.dumps({name: f"Bearer {session.token}"}))))
        await page.do(RUN)
        await following(site, 1)


@needs_browser
async def test_it_says_why_it_cannot_follow(site: Site, tmp_path: Path) -> None:
    async with browser_page(tmp_path) as page:
        await opened(page, site, TOLD)
        await page.do(HEADERS.format(json.dumps('{"Authorization": "Bearer nobody"}')))
        await page.do(RUN)
        assert await page.shows(f"{ANSWER}.includes('4403') && {ANSWER}.includes('sign in again')")
