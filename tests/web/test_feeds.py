"""Feeds over HTTP: where they are, what is in them and for whom, and what a reader need not fetch again."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from html import unescape
from typing import Any
from uuid import UUID

import feedparser
import pytest

from service.commands.summary import (
    PublishSummary,
    RedactRevision,
    RetractSummary,
    SetSummaryVisibility,
    publish_summary,
    redact_revision,
    retract_summary,
    set_summary_visibility,
)
from service.commands.vote import CastVote, cast_vote
from service.domain.events import SubjectKind, Visibility, VoteValue
from tests.web.site import Site, running_site

UNKNOWN = UUID(int=7, version=4)  # the same in each process that collects the tests

MEDIA = {"atom": "application/atom+xml; charset=utf-8", "rss": "application/rss+xml; charset=utf-8"}


async def read(site: Site, address: str) -> Any:
    """A feed, in which a reader finds nothing to mend."""
    response = await site.client.get(address)
    assert response.status_code == 200, response.text
    assert (
        response.headers["content-type"] == MEDIA["atom" if address.split("?")[0].endswith("atom") else "rss"]
    )
    found = feedparser.parse(response.content)
    assert not found.bozo, found.bozo_exception
    return found


async def ids(site: Site, address: str) -> list[UUID]:
    return [UUID(entry.id) for entry in (await read(site, address)).entries]


async def publish(site: Site, by: UUID, of: UUID, body: str = "A *text*.", **more: Any) -> UUID:
    return await site.visible(await publish_summary(site.acting(by), PublishSummary(of, body, **more)))


async def vote_down(site: Site, by: UUID, summary: UUID) -> None:
    command = CastVote(summary, SubjectKind.SUMMARY, VoteValue.DOWN)
    await site.visible(await cast_vote(site.acting(by), command))


async def test_every_feed(site: Site) -> None:
    ada, bob = await site.user("Ada", "Ada <L.>"), await site.user("bob")
    venue = {"venue_key": "conf/cvpr", "venue_name": "Vision"}
    paper = await site.paper(ada, "A", "a", **venue, year=2014, keywords=("Deep Learning", "a/b & c?.d"))
    other = await site.paper(ada, "B", "b", **venue, year=2015)
    lone = await site.paper(bob, "C", "c")
    first = await publish(site, ada, paper)
    second = await publish(site, bob, paper, anonymous=True)
    third = await publish(site, ada, other)
    fourth = await publish(site, bob, lone)
    for voter in ("eve", "mallory"):
        await vote_down(site, await site.user(voter), third)

    expected = {
        "latest": [fourth, second, first],
        "venues/conf/cvpr": [second, first],
        "venues/conf/cvpr{}?year=2014": [second, first],
        "venues/conf/cvpr{}?year=2015": [],
        "years/2014": [second, first],
        "keywords/deep%20LEARNING": [second, first],
        "keywords/a/b%20%26%20c%3F.d": [second, first],
        f"papers/{paper}": [second, first],
        f"papers/{other}": [],
        "users/ada": [first],
        "users/BOB": [fourth],
    }
    for name, found in expected.items():
        for form in ("atom", "rss"):
            address = f"/feeds/{name}" if "{}" in name else f"/feeds/{name}{{}}"
            assert await ids(site, address.format(f".{form}")) == found
    assert set(await ids(site, "/feeds/top.atom")) == {first, second, third, fourth}
    assert (await ids(site, "/feeds/top.atom"))[-1] == third
    assert (await read(site, "/feeds/users/ada.atom")).feed.title == "ShortScience: summaries by Ada <L.>"


async def test_a_feed_names_itself_in_one_way(site: Site) -> None:
    ada = await site.user("Ada")
    await site.paper(ada, "A", "a", venue_key='Ännals/"50%"&<i>?#', year=1999, keywords=("Über x",))
    for asked, own in {
        "users/ADA.rss": "users/Ada.rss",
        "keywords/%C3%BCBER%20x.atom": "keywords/%C3%BCber%20x.atom",
        "venues/%C3%84nnals/%2250%25%22%26%3Ci%3E%3F%23.atom?year=1999&utm=1": (
            "venues/%C3%84nnals/%2250%25%22%26%3Ci%3E%3F%23.atom?year=1999"
        ),
        "latest.atom?x=1": "latest.atom",
    }.items():
        feed = (await read(site, f"/feeds/{asked}")).feed
        assert {link.href for link in feed.links if link.rel == "self"} == {f"http://test/feeds/{own}"}
        again = (await read(site, f"/feeds/{own}")).feed
        assert again.get("id") == feed.get("id")


@pytest.mark.parametrize(
    "path",
    [
        "nothing.atom",
        "latest",
        "latest.json",
        "LATEST.atom",
        "venues/nowhere.atom",
        "venues/.atom",
        "venues/%00.atom",
        "venues/conf/cvpr.atom?year=",
        "years/2014.atom",
        "years/0.atom",
        "years/-1.rss",
        "years/99999999999.rss",
        "years/%D9%A2%D9%A0%D9%A1%D9%A4.atom",
        "keywords/nothing.rss",
        "keywords/%00.rss",
        "keywords/%ff.rss",
        "users/nobody.atom",
        "users/%00.atom",
        f"papers/{UNKNOWN}.atom",
        "papers/1.atom",
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_feeds_of_nothing(quiet_site: Site, path: str) -> None:
    response = await quiet_site.client.get(f"/feeds/{path}")
    assert response.status_code == 404
    assert "etag" not in response.headers
    [error] = response.json()["errors"]
    assert error["extensions"] == {"code": "NOT_FOUND"}
    assert error["message"].isprintable()


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("latest", "There is no feed at “/feeds/latest”: there are latest, top, venues/KEY"),
        ("papers/1.atom", "There is no feed at “/feeds/papers/1.atom”"),
        ("venues/conf/<b>.atom", "No venue here has the key “conf/<b>”."),
        ("years/1.atom", "No papers here are of the year “1”."),
        ("keywords/deep%20x.rss", "No paper here has the keyword “deep x”."),
        ("users/nobody.atom", "Nobody here has the username “nobody”."),
        (f"papers/{UNKNOWN}.atom", f"There is no paper {UNKNOWN} here."),
        (f"keywords/{'x' * 500}.rss", f"“{'x' * 100}…”."),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_unknown_is_named(quiet_site: Site, path: str, named: str) -> None:
    program = await quiet_site.client.get(f"/feeds/{path}")
    assert named in program.json()["errors"][0]["message"]
    browser = await quiet_site.client.get(f"/feeds/{path}", headers={"accept": "text/html"})
    assert browser.status_code == 404
    assert named in unescape(browser.text)
    assert "<b>" not in browser.text


@pytest.mark.asyncio(loop_scope="module")
async def test_an_empty_site_has_feeds(quiet_site: Site) -> None:
    for address in ("/feeds/latest.atom", "/feeds/top.rss", "/rss.xml", "/rss-all.xml", "/rss-full.xml"):
        response = await quiet_site.client.get(address)
        assert response.status_code == 200
        found = feedparser.parse(response.content)
        assert (found.bozo, found.entries) == (False, [])


async def test_a_year_that_the_venue_did_not_see(site: Site) -> None:
    await site.paper(await site.user("ada"), "A", "a", venue_key="v", year=2014)
    for year in ("2013", "x", "-1", "99999"):
        response = await site.client.get(f"/feeds/venues/v.atom?year={year}")
        assert response.status_code == 404
        assert f"are of the year “{year}”." in response.json()["errors"][0]["message"]


async def test_pages_lead_to_their_feeds(site: Site) -> None:
    paper = await site.paper(await site.user("ada"), "A", "a", venue_key='c/"x"&<y>', year=2014)
    for page in (
        "/",
        f"/papers/{paper}",
        "/venues/c/%22x%22%26%3Cy%3E",
        "/venues/c/%22x%22%26%3Cy%3E?year=2014",
    ):
        html = (await site.client.get(page)).text
        found = re.findall(
            '<link rel="alternate" type="application/atom.xml" title="[^"]+" href="([^"]+)">', html
        )
        feed = (await read(site, unescape(found[0]))).feed
        assert {link.href for link in feed.links if link.rel == "self"} == {
            f"http://test{unescape(found[0])}"
        }
        if page != "/":
            assert unescape(found[0]) == "/feeds" + page.replace("?", ".atom?") + (
                "" if "?" in page else ".atom"
            )


async def test_what_an_entry_says(site: Site) -> None:
    ada = await site.user("ada", "Ada L.")
    paper = await site.paper(ada, "Of <x>", "a", venue_key="conf/x", keywords=("k",), year=2014)
    acting = replace(site.acting(ada), occurred_at=datetime(2014, 3, 5, 1, 2, 3, tzinfo=UTC))
    summary = await site.visible(
        await publish_summary(acting, PublishSummary(paper, r"It $\frac{a}{b}$ is."))
    )
    [entry] = (await read(site, "/feeds/latest.atom")).entries
    assert entry.id == summary.urn
    assert entry.title == "Ada L.: summary of Of <x>"
    assert entry.link == f"http://test/summaries/{summary}"
    assert (entry.published, entry.author) == ("2014-03-05T01:02:03.000000Z", "Ada L.")
    assert [tag.term for tag in entry.tags] == ["conf/x", "k"]
    assert "It a/b is." in entry.content[0].value
    await site.revise(ada, summary, "Now *this*.", None, 1)
    [again] = (await read(site, "/feeds/latest.atom")).entries
    assert (again.id, again.published) == (entry.id, entry.published)
    assert again.updated > entry.updated
    assert "Now <em>this</em>." in again.content[0].value


async def test_what_becomes_public_late_is_published_then(site: Site) -> None:
    """So that who reads the feed regularly does not miss it, however long ago it was written."""
    ada, bob = await site.user("ada"), await site.user("bob")
    early = await publish(site, ada, await site.paper(ada, "A", "a"), visibility=Visibility.PRIVATE)
    papers = [await site.paper(bob, f"P{n}", f"k{n}") for n in range(51)]
    later = [await publish(site, bob, paper) for paper in papers]
    other = await publish(site, bob, await site.paper(ada, "B", "b"), visibility=Visibility.UNLISTED)
    before = (await read(site, "/feeds/latest.atom")).entries[0].updated
    for summary, author in ((early, ada), (other, bob)):
        show = SetSummaryVisibility(summary, Visibility.PUBLIC)
        await site.visible(await set_summary_visibility(site.acting(author), show))
    for address in ("/feeds/latest.atom", "/feeds/latest.rss", "/rss.xml"):
        assert await ids(site, address) == [other, early, *later[:2:-1]]
    assert await ids(site, "/feeds/users/ada.atom") == [early]
    entry = (await read(site, "/feeds/latest.atom")).entries[1]
    assert entry.published == entry.updated > before
    for visibility in (Visibility.PRIVATE, Visibility.PUBLIC):  # a second time is no news
        again = SetSummaryVisibility(later[0], visibility)
        await site.visible(await set_summary_visibility(site.acting(bob), again))
    assert await ids(site, "/feeds/latest.atom") == [other, early, *later[:2:-1]]


async def test_the_time_of_a_feed_never_goes_back(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"P{n}", f"k{n}") for n in range(2)]
    times = []
    made = [await publish(site, ada, paper) for paper in papers]
    for summary in [*reversed(made), None]:
        for address in ("/feeds/latest.atom", "/feeds/users/ada.atom"):
            found = await read(site, address)
            times.append(found.feed.updated)
            assert all(entry.updated <= found.feed.updated for entry in found.entries)
        if summary is not None:
            await site.visible(await retract_summary(site.acting(ada), RetractSummary(summary)))
    assert times == sorted(times)
    assert len(set(times)) == 3


async def test_the_old_addresses(site: Site) -> None:
    ada = await site.user("ada")
    body = "The *beginning*. " + "words " * 300
    made = [await publish(site, ada, await site.paper(ada, f"P{n}", f"k{n}"), body) for n in range(52)]
    newest = made[::-1]
    assert await ids(site, "/rss.xml") == await ids(site, "/rss-full.xml") == newest[:50]
    assert await ids(site, "/rss-all.xml") == newest
    for address, whole in (("/rss.xml", False), ("/rss-all.xml", False), ("/rss-full.xml", True)):
        found = await read(site, address)
        entry = found.entries[0]
        assert [link.href for link in found.feed.links if link.rel == "self"] == [f"http://test{address}"]
        assert entry.link == f"http://test/summaries/{newest[0]}"
        assert (entry.author, entry.guidislink) == ("ada", False)
        assert entry.published_parsed
        assert ("<em>beginning</em>" in entry.summary) is whole
        assert ("Read the whole summary" in entry.summary) is not whole


async def test_visibility_and_what_readers_then_get(site: Site) -> None:
    """Each change gives another version; what is withdrawn is gone, and what is redacted says so."""
    ada, bob = await site.user("ada"), await site.user("bob")
    paper = await site.paper(ada, "A", "a")
    seen: set[str] = set()

    async def get() -> Any:
        response = await site.client.get("/feeds/latest.atom")
        assert response.headers["etag"] not in seen
        seen.add(response.headers["etag"])
        return feedparser.parse(response.content).entries

    assert await get() == []
    summary = await publish(site, ada, paper, "Secret words.")
    assert len(await get()) == 1
    await site.revise(ada, summary, "Other words.", None, 1)
    [before] = await get()
    await site.visible(await redact_revision(site.acting(ada), RedactRevision(summary, 2)))
    [entry] = await get()
    assert "This text was redacted." in entry.content[0].value
    assert "words" not in entry.content[0].value
    assert (entry.id, entry.published) == (before.id, before.published)
    assert entry.updated > before.updated  # so that readers replace what they keep
    other = await publish(site, bob, paper, "More.")
    assert len(await get()) == 2
    hide = SetSummaryVisibility(other, Visibility.UNLISTED)
    await site.visible(await set_summary_visibility(site.acting(bob), hide))
    response = await site.client.get("/feeds/latest.atom")
    assert [UUID(one.id) for one in feedparser.parse(response.content).entries] == [summary]
    await site.visible(await retract_summary(site.acting(ada), RetractSummary(summary)))
    response = await site.client.get("/feeds/latest.atom")
    assert feedparser.parse(response.content).entries == []
    for address in ("/feeds/users/ada.atom", f"/feeds/papers/{paper}.rss", "/rss-all.xml", "/feeds/top.atom"):
        assert await ids(site, address) == []


async def test_conditional_requests(site: Site) -> None:
    ada = await site.user("ada")
    summary = await publish(site, ada, await site.paper(ada, "A", "a"), "word " * 500)
    address = "/feeds/latest.atom"
    whole = await site.client.get(address)
    tag = whole.headers["etag"]
    assert tag.startswith('W/"')
    assert whole.headers["cache-control"] == "public, max-age=60"
    assert whole.headers["vary"] == "Accept-Encoding"
    signed_in = await site.client.get(address, headers={"authorization": "Bearer x"})
    assert signed_in.headers["vary"] == "Accept-Encoding"
    for known in (tag, tag.removeprefix("W/"), f'"x", {tag}', "*", f'W/"a,b" , {tag},'):
        answer = await site.client.get(address, headers={"if-none-match": known})
        assert (answer.status_code, answer.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "last-modified"):
            assert answer.headers[name]
        assert answer.headers["etag"] == tag
        assert "content-encoding" not in answer.headers
    for unknown in ('"x"', tag.removeprefix("W/").strip('"'), "", f'"{tag}"'):
        assert (await site.client.get(address, headers={"if-none-match": unknown})).status_code == 200
    for other in ("/feeds/latest.rss", "/feeds/top.atom", "/rss.xml"):
        assert (await site.client.get(other, headers={"if-none-match": tag})).status_code == 200
    head = await site.client.head(address)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    assert (await site.client.head(address, headers={"if-none-match": tag})).status_code == 304
    assert (await site.client.get(address, headers={"accept-encoding": "identity"})).headers["etag"] == tag
    assert whole.headers["content-encoding"] == "gzip"
    assert (await site.client.post(address)).status_code == 405
    await site.comment(ada, summary, "Nothing that the feed shows.")
    assert (await site.client.get(address, headers={"if-none-match": tag})).status_code == 304


async def test_the_time_of_the_last_change(site: Site) -> None:
    """It tells of changes that no entry is left to tell of, and is not believed too early."""
    ada = await site.user("ada")
    paper = await site.paper(ada, "A", "a")
    summary = await publish(site, ada, paper)
    address = "/feeds/latest.atom"

    async def since(at: str, **more: str) -> int:
        return (await site.client.get(address, headers={"if-modified-since": at, **more})).status_code

    fresh = (await site.client.get(address)).headers["last-modified"]
    await site.tools.pool.execute("SELECT pg_sleep(2.1)")
    settled = (await site.client.get(address)).headers["last-modified"]
    assert parsedate_to_datetime(settled) - parsedate_to_datetime(fresh) == timedelta(seconds=1)
    assert (await since(fresh), await since(settled)) == (200, 304)
    assert await since(settled, **{"if-none-match": '"x"'}) == 200
    for odd in ("yesterday", "", "0", "Fri, 99 May 2026 12:00:00 GMT"):
        assert await since(odd) == 200
    await site.visible(await retract_summary(site.acting(ada), RetractSummary(summary)))
    assert await since(settled) == 200
    assert await since(format_datetime(datetime.now(UTC), usegmt=True)) == 200


@asynccontextmanager
async def listening(site: Site) -> AsyncIterator[list[str]]:
    """What the database is asked."""
    asked: list[str] = []
    pool = site.tools.pool
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            conn = await stack.enter_async_context(pool.acquire())
            conn.add_query_logger(lambda record: asked.append(record.query))
    yield asked


async def test_a_feed_is_as_many_statements_however_long(database_url: str) -> None:
    """A snapshot and its position, the entries, the last change; and the texts, unless they are known."""
    async with running_site(database_url) as site:
        ada = await site.user("ada")
        papers = [await site.paper(ada, f"P{n}", f"k{n}") for n in range(6)]
        await publish(site, ada, papers[0])
    counted = []
    for more in (papers[1:], []):
        async with running_site(database_url, projecting=False) as quiet, listening(quiet) as asked:
            answer = await quiet.client.get("/feeds/latest.atom")
            counted.append(sum("rendered" in one or "read." in one for one in asked))
            asked.clear()
            known = {"if-none-match": answer.headers["etag"]}
            assert (await quiet.client.get("/feeds/latest.atom", headers=known)).status_code == 304
            counted.append(sum("rendered" in one or "read." in one for one in asked))
            assert not [one for one in asked if "r.html" in one]
        async with running_site(database_url) as site:
            for paper in more:
                await publish(site, ada, paper)
    assert counted == [5, 4, 5, 4]
