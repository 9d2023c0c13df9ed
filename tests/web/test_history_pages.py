"""Pages of the past: what was said when, who changed it, on what was voted, how to cite and check it."""

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from projections.blame import BlameFollower
from service.citation import Licence
from service.commands.comment import EditComment, edit_comment
from service.commands.paper import RegisterPaper, register_paper
from service.commands.summary import (
    PublishSummary,
    RedactRevision,
    RestoreRevision,
    ReviseSummary,
    SetSummaryVisibility,
    publish_summary,
    redact_revision,
    restore_revision,
    revise_summary,
    set_summary_visibility,
)
from service.commands.vote import CastVote, cast_vote
from service.domain.events import SubjectKind, Visibility, VoteValue
from service.domain.paper import PaperFields
from tests.projections.sealing import seal
from tests.web.site import Site, running_site
from tests.web.test_pages import page

EVIL = '"><script>alert(1)</script>{0}{title}&amp;\u202e'
TEXTS = ("The cat sat.\n", f"The black cat sat.\n{EVIL}\n", "The black cat sat.\n\nIt was happy.")
CC = Licence("CC BY <4.0>", "https://example.org/by?a=1&b=2")


class Source(HTMLParser):
    """What stands in the box of a source, by the element that it is in: the page's own words left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.path: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[tuple[str, str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.path or "source" in (dict(attrs).get("class") or "").split():
            self.path.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self.path:
            self.path.pop()

    def handle_data(self, data: str) -> None:
        if self.path and self.path[-1][0] != "summary":
            self.pieces.append((self.path[-1][0], data, self.path[-1][1]))

    def joined(self, *left_out: str) -> str:
        return "".join(text for tag, text, _ in self.pieces if tag not in left_out)


@pytest.fixture
async def blaming(site: Site) -> AsyncIterator[Site]:
    """With a follower that works out who wrote what."""
    running = asyncio.create_task(BlameFollower(site.tools.pool, site.tools.store, holder="test").run())
    yield site
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def written(site: Site, *texts: str, visibility: Visibility = Visibility.PUBLIC) -> tuple[UUID, UUID]:
    """Somebody, and a summary that said all this, one after another."""
    ada = await site.user(f"u{uuid4().hex[:8]}", "Ada <Lovelace>")
    paper = await site.paper(ada, f"On {EVIL}", uuid4().hex)
    summary = await site.summary(ada, paper, texts[0], visibility)
    for number, text in enumerate(texts[1:], start=1):
        await site.revise(ada, summary, text, f"edit {EVIL}", number)
    return ada, summary


async def redact(site: Site, by: UUID, summary: UUID, number: int, reason: str | None = None) -> None:
    await site.visible(await redact_revision(site.acting(by), RedactRevision(summary, number, reason)))


async def restore(site: Site, by: UUID, summary: UUID, number: int, expected: int) -> None:
    command = RestoreRevision(summary, number, None, expected)
    await site.visible(await restore_revision(site.acting(by), command))


async def vote(site: Site, by: UUID, on: UUID, value: VoteValue) -> None:
    await site.visible(await cast_vote(site.acting(by), CastVote(on, SubjectKind.SUMMARY, value)))


def moment() -> str:
    """Now, as an address says it."""
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def day(ahead: int) -> str:
    """So many days from today. It is not asked when tests are collected, or midnight may come meanwhile."""
    return f"{datetime.now(UTC) + timedelta(days=ahead):%Y-%m-%d}"


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", html))


async def test_a_revision_shows_what_it_changed(site: Site) -> None:
    _, summary = await written(site, *TEXTS)
    for number in (2, 3):
        source = Source(await page(site, f"/summaries/{summary}/revisions/{number}"))
        assert source.joined("ins") == TEXTS[number - 2]
        assert source.joined("del") == TEXTS[number - 1]
        assert {tag for tag, *_ in source.pieces} >= {"ins"}
    first = await page(site, f"/summaries/{summary}/revisions/1")
    assert "This is the first text." in first
    assert not Source(first).pieces


async def test_what_stayed_is_folded_and_loses_nothing(site: Site) -> None:
    long = "\n".join(f"Line {n} says <something> about it." for n in range(300))
    before, after = f"A first line.\n{long}\nThe end.", f"Another first line.\n{long}\nAn end, at last."
    _, summary = await written(site, before, after, f"{after} {'word' * 1000}")
    html = await page(site, f"/summaries/{summary}/changes?from=1&to=2")
    assert html.count("<details") == 1
    assert "characters that stayed</summary>" in html
    assert (Source(html).joined("ins"), Source(html).joined("del")) == (before, after)
    unbroken = Source(await page(site, f"/summaries/{summary}/changes?from=3&to=1"))
    assert unbroken.joined("del") == before


async def test_any_two_revisions_are_compared(site: Site) -> None:
    ada, summary = await written(site, *TEXTS)
    html = await page(site, f"/summaries/{summary}/changes?from=3&to=1")
    assert (Source(html).joined("ins"), Source(html).joined("del")) == (TEXTS[2], TEXTS[0])
    assert f'href="/summaries/{summary}/changes?from=2&amp;to=1"' in html
    assert f'href="/summaries/{summary}/changes?from=3&amp;to=2"' in html
    assert "Compared with nothing: " in await page(site, f"/summaries/{summary}/changes?to=1")
    default = await page(site, f"/summaries/{summary}/changes")
    assert "Changes from revision 2 to 3" in default
    assert "the texts are the same." in await page(site, f"/summaries/{summary}/changes?from=2&to=2")
    await redact(site, ada, summary, 2)
    assert "Changes from revision 1 to 3" in await page(site, f"/summaries/{summary}/changes")
    gone = await page(site, f"/summaries/{summary}/changes?from=2&to=3")
    assert "was erased for good" in gone
    assert not Source(gone).pieces


@pytest.mark.parametrize(
    "query",
    ["from=0&to=1", "from=x", "to=4", "to=99999999999999999999", "from=&to=2", "to=%00", "from=%C2%B2"],
)
async def test_an_unknown_revision_is_refused_by_name(site: Site, query: str) -> None:
    _, summary = await written(site, *TEXTS)
    for path in ("changes", "changes.diff"):
        html = await page(site, f"/summaries/{summary}/{path}?{query}", 400)
        assert f"{query.partition('=')[0]} is the number of a revision" in html
        assert "those from 1 to 3" in html


def apply(patch: bytes, file: Path) -> None:
    if shutil.which("patch") is None:
        pytest.skip("no patch here: it does not read our patches")
    subprocess.run(["patch", "--silent", file], input=patch, check=True)


async def test_patch_makes_one_text_of_another(site: Site, tmp_path: Path) -> None:
    ada, summary = await written(site, *TEXTS)
    for older, newer in ((1, 2), (2, 3), (3, 1)):
        answer = await site.client.get(f"/summaries/{summary}/changes.diff?from={older}&to={newer}")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        file = tmp_path / f"{older}-{newer}"
        file.write_bytes(TEXTS[older - 1].encode())
        apply(answer.content, file)
        assert file.read_bytes() == TEXTS[newer - 1].encode()
    first = (await site.client.get(f"/summaries/{summary}/changes.diff?to=1")).text
    assert first.startswith("--- /dev/null\n+++ revision-1\n")
    await redact(site, ada, summary, 2)
    gone = await site.client.get(f"/summaries/{summary}/changes.diff?from=2&to=3")
    assert gone.status_code == 404
    assert "revision 2" in gone.json()["errors"][0]["message"]


async def test_a_redacted_revision_keeps_its_place(blaming: Site) -> None:
    site = blaming
    ada, summary = await written(site, "One.", "Two, with a secret.", "Three.")
    await redact(site, ada, summary, 2, f"Because {EVIL}")
    history = await page(site, f"/summaries/{summary}")
    html = await page(site, f"/summaries/{summary}/revisions/2")
    for shown in (history, html):
        assert "secret" not in shown
        assert "text erased for good on" in text_of(shown)
        assert "by Ada &lt;Lovelace&gt;, because: Because &quot;&gt;&lt;script&gt;" in text_of(shown)
    assert "Revision 2 of 3" in html
    assert 'rel="prev"' in html
    assert 'rel="next"' in html
    assert "shortscience-" in html  # it can still be cited
    after = Source(await page(site, f"/summaries/{summary}/revisions/3"))
    assert (after.joined("ins"), after.joined("del")) == ("One.", "Three.")  # stepped over
    for way in ("/blame", "changes?from=2"):  # to nothing
        assert way not in html
        assert way in (await page(site, f"/summaries/{summary}/revisions/1")).replace("from=1", "from=2")
    blame = text_of(await page(site, f"/summaries/{summary}/revisions/2/blame"))
    assert "text erased for good on" in blame
    assert "each stretch" not in blame
    assert "each stretch" in await page(site, f"/summaries/{summary}/blame")


async def test_without_a_text_before_it_all_is_new(site: Site) -> None:
    ada, summary = await written(site, "One.", "Two.")
    await redact(site, ada, summary, 1)
    html = await page(site, f"/summaries/{summary}/revisions/2")
    assert "No text before it is left to compare." in html
    assert "without a reason" in await page(site, f"/summaries/{summary}/revisions/1")
    assert "Changes from revision 2 to 2" in await page(site, f"/summaries/{summary}/changes")


async def test_a_restored_revision_says_from_where(site: Site) -> None:
    ada, summary = await written(site, "One.", "Two.")
    await restore(site, ada, summary, 1, 2)
    html = await page(site, f"/summaries/{summary}/revisions/3")
    assert f'Restored from <a href="/summaries/{summary}/revisions/1">revision 1</a>.' in html
    assert "has the text of revision 1 again" in text_of(await page(site, f"/summaries/{summary}"))
    restored = f'Revision 3 restored <a href="/summaries/{summary}/revisions/1">revision 1</a>.'
    for query, same in (("", False), ("?from=1&to=3", True), ("?from=3&to=1", True)):
        changes = await page(site, f"/summaries/{summary}/changes{query}")
        assert changes.count(restored) == 1
        assert ("the texts are the same" in changes) == same
    assert "restored" not in await page(site, f"/summaries/{summary}/changes?from=1&to=2")
    await redact(site, ada, summary, 2)  # stepped over
    changes = text_of(await page(site, f"/summaries/{summary}/changes"))
    assert "Revision 3 restored revision 1. Compared with revision 1: the texts are the same." in changes


async def test_votes_stand_with_the_revision_they_were_cast_on(site: Site) -> None:
    ada, summary = await written(site, "One.")
    bob, eve = await site.user("bob"), await site.user("eve")
    await vote(site, bob, summary, VoteValue.UP)
    await site.revise(ada, summary, "Two.", None, 1)
    await site.revise(ada, summary, "Three.", None, 2)
    await vote(site, eve, summary, VoteValue.DOWN)
    listed = (await page(site, f"/summaries/{summary}")).split("<li value=")[1:]
    assert ["votes cast on it" in one for one in listed] == [True, False, True]
    assert "2 up, 0 down" in listed[0]
    assert "0 up, 1 down" in listed[2]
    assert "Votes cast on it: 2 up, 0 down." in await page(site, f"/summaries/{summary}/revisions/1")
    assert "bob" not in "".join(listed)


async def test_blame_links_every_word_to_its_revision(blaming: Site) -> None:
    site = blaming
    _, summary = await written(site, *TEXTS)
    html = await page(site, f"/summaries/{summary}/blame")
    source = Source(html)
    assert source.joined() == TEXTS[2]
    origins = [(text, about["href"], about["title"]) for tag, text, about in source.pieces if tag == "a"]
    assert [href for _, href, _ in origins] == [f"/summaries/{summary}/revisions/{n}" for n in (1, 2, 1, 3)]
    assert origins[1][0].strip() == "black"
    assert (origins[1][2] or "").startswith("Revision 2, Ada <Lovelace>, 20")
    legend = text_of(html[html.index('class="legend"') : html.index('class="source')])
    assert "revision 2" in legend
    assert "by Ada &lt;Lovelace&gt;" in legend
    second = Source(await page(site, f"/summaries/{summary}/revisions/2/blame"))
    assert second.joined() == TEXTS[1]


async def test_blame_of_the_last_moment_is_told_to_be_late(database_url: str) -> None:
    async with running_site(database_url, patience=0.5) as site:
        _, summary = await written(site, "One.")  # nobody follows
        assert "ask again in a moment" in await page(site, f"/summaries/{summary}/blame", 503)


async def test_a_hostile_text_is_bounded(blaming: Site) -> None:
    site = blaming
    texts = [" ".join(f"{'ab'[(n + turn) % 3 == 0]}{n * turn % 7}" for n in range(16_000)) for turn in (1, 2)]
    _, summary = await written(site, *texts)
    source = Source(await page(site, f"/summaries/{summary}/changes?from=1&to=2"))
    assert (source.joined("ins"), source.joined("del")) == tuple(texts)
    blamed = Source(await page(site, f"/summaries/{summary}/blame"))
    assert blamed.joined() == texts[1]
    assert sum(tag == "a" for tag, *_ in blamed.pieces) <= 5_000


@asynccontextmanager
async def asked(site: Site) -> AsyncIterator[list[str]]:
    """What pages ask the database, without what the projections ask meanwhile."""
    statements: list[str] = []
    pool = site.tools.pool
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            conn = await stack.enter_async_context(pool.acquire())
            conn.add_query_logger(lambda record: statements.append(record.query))
    yield statements
    statements[:] = [
        one for one in statements if any(name in one for name in ("read.", "payloads", "unnest("))
    ]


async def test_a_page_asks_as_much_of_a_long_history(site: Site) -> None:
    _, short = await written(site, *(f"Text {n}." for n in range(3)))
    ada, long = await written(site, *(f"Text {n}." for n in range(12)))
    await redact(site, ada, long, 5, "reason")
    counts, now = [], moment()
    for summary in (short, long):
        async with asked(site) as statements:
            for path in ("", "/revisions/2", "/changes", f"?asOf={now}"):
                await page(site, f"/summaries/{summary}{path}")
        counts.append(len(statements))
    assert counts[0] == counts[1] > 10


async def imported(site: Site) -> tuple[UUID, UUID]:
    """A paper of 2014, and a summary of 2014, revised in 2016, hidden nowhere."""
    ada = await site.user("ada")
    old = replace(site.acting(ada), occurred_at=datetime(2014, 3, 5, 12, tzinfo=UTC))
    new = replace(site.acting(ada), occurred_at=datetime(2016, 3, 1, 23, 30, tzinfo=UTC))
    of = PaperFields(title="DeepFace", bibtex_key="a", authors=("A",))
    paper = await site.visible(await register_paper(old, RegisterPaper(of)))
    command = PublishSummary(paper, "As it was.", Visibility.PUBLIC, None)
    summary = await site.visible(await publish_summary(old, command))
    await site.visible(await revise_summary(new, ReviseSummary(summary, "As it became.", None, 1)))
    return paper, summary


@pytest.mark.parametrize(
    ("asked_for", "says"),
    [
        ("2014-03-05", "As it was."),
        ("2016-02-29", "As it was."),
        ("2016-03-01", "As it became."),  # a day means its end
        ("2016-03-01T23:29:59Z", "As it was."),
        ("2016-03-02T00:30:00+01:00", "As it became."),  # + is a space in an address
        ("2016-03-02T00:29:59.999999%2B01:00", "As it was."),
        ("TODAY", "As it became."),
    ],
)
async def test_pages_as_they_stood(site: Site, asked_for: str, says: str) -> None:
    paper, summary = await imported(site)
    asked_for = asked_for.replace("TODAY", day(0))
    for path in (f"/papers/{paper}", f"/summaries/{summary}"):
        html = await page(site, f"{path}?asOf={asked_for}")
        body = html[html.index('<article class="summary"') :]
        assert says in body
        assert ("As it became." in body) == (says == "As it became.")
        assert "As it stood" in html
        assert f'<a href="{path}">See it as it is now</a>' in html
        assert 'content="noindex"' in html
        assert f'href="/summaries/{summary}?asOf=' in html  # the way on keeps to the time
        assert "<aside" not in await page(site, path)
    assert f'href="/papers/{paper}?asOf=' in await page(site, f"/summaries/{summary}?asOf={asked_for}")


async def test_another_day_is_chosen_by_links(site: Site) -> None:
    paper, summary = await imported(site)
    for path in (f"/papers/{paper}", f"/summaries/{summary}"):
        now = await page(site, path)
        assert f'href="{path}?asOf=2015-12-31"' in now
        before = day(0)
        then = await page(site, f"{path}?asOf=2014-03-31")
        links = set(re.findall(f'href="{path}[?]asOf=([0-9-]+)"', then))
        assert {"2014-03-05", "2014-04-30", "2014-12-31", "2016-12-31"} <= links
        assert min(links) == "2014-03-05"
        assert max(links) in (before, day(0))
        for link in sorted(links)[:3]:
            await page(site, f"{path}?asOf={link}")


@pytest.mark.parametrize(
    ("asked_for", "told"),
    [
        ("", "asOf is a day such as 2015-03-01"),
        ("yesterday", "asOf is a day such as 2015-03-01"),
        ("2015-02-30", "asOf is a day"),
        ("2015-13-01", "asOf is a day"),
        ("20150301", "asOf is a day"),
        ("2015-W09-7", "asOf is a day"),
        ("2015-03-01T12:00:00", "asOf is a day"),
        ("0001-01-01T00:00:00%2B05:00", "asOf is a day"),
        ("2015-03-01&asOf=2015-03-02", "Give it once"),
        ("%00", "asOf is a day"),
        ("<script>", "asOf is a day"),
        ("%D9%A2%D9%A0%D9%A1%D9%A5-03-01", "asOf is a day"),
        ("SOON", "asOf is yet to come"),
        ("9999-12-31", "asOf is yet to come"),
    ],
)
async def test_a_bad_day_is_refused_by_name(site: Site, asked_for: str, told: str) -> None:
    paper, summary = await imported(site)
    asked_for = asked_for.replace("SOON", day(2))
    for path in (f"/papers/{paper}", f"/summaries/{summary}"):
        html = await page(site, f"{path}?asOf={asked_for}", 400)
        assert told in html
        assert "leave it out" in html


async def test_before_it_was_there(site: Site) -> None:
    paper, summary = await imported(site)
    for path in (f"/papers/{paper}", f"/summaries/{summary}"):
        html = await page(site, f"{path}?asOf=2014-03-04", 404)
        assert "Not here yet" in html
        assert f'<a href="{path}">See it as it is now</a>' in html
    await page(site, f"/summaries/{uuid4()}?asOf=2014-03-04", 404)


async def test_comments_and_scores_are_of_the_time(site: Site) -> None:
    ada, summary = await written(site, "One.")
    comment = await site.comment(ada, summary, "As first said.")
    before = moment()
    await site.visible(await edit_comment(site.acting(ada), EditComment(comment, "As said later.")))
    await site.comment(ada, summary, "A later one.", comment)
    await vote(site, await site.user("bob"), summary, VoteValue.UP)
    then = await page(site, f"/summaries/{summary}?asOf={before}")
    assert "As first said." in then
    assert "As said later." not in then
    assert "A later one." not in then
    assert "1 up, 0 down" in then
    now = await page(site, f"/summaries/{summary}")
    assert "As said later." in now
    assert "A later one." in now
    assert "2 up, 0 down" in now


async def test_what_is_hidden_today_is_nowhere_in_the_past(site: Site) -> None:
    ada, summary = await written(site, *TEXTS)
    then = f"?asOf={moment()}"
    await page(site, f"/summaries/{summary}{then}")
    command = SetSummaryVisibility(summary, Visibility.PRIVATE)
    await site.visible(await set_summary_visibility(site.acting(ada), command))
    for path in ("", then, "/blame", "/changes", "/changes.diff", "/revisions/1", "/revisions/1/blame"):
        assert "There is nothing here" in await page(site, f"/summaries/{summary}{path}", 404)


async def test_what_is_not_listed_stays_out_of_lists(blaming: Site) -> None:
    site = blaming
    _, summary = await written(site, *TEXTS, visibility=Visibility.UNLISTED)
    for path in ("", "/blame", "/changes", "/revisions/1", "/revisions/1/blame"):
        html = await page(site, f"/summaries/{summary}{path}")
        assert 'content="noindex"' in html
        assert "events.jsonl.gz" not in html


async def test_it_is_cited_and_checked_from_its_page(site: Site) -> None:
    ada, summary = await written(site, "One.", "Two.")
    address = f"/summaries/{summary}/revisions/1"
    assert "has not signed it yet" in await page(site, address)
    await seal(site.tools.pool, site.tools.store)
    html = await page(site, address)
    assert f"@misc{{shortscience-{summary}-1," in html
    assert f"&quot;id&quot;: &quot;shortscience-{summary}-1&quot;" in html
    assert f"http://test{address}" in html
    for link in re.findall(f'href="(/log[^"]*|/summaries/{summary}/events[^"]*)"', html):
        assert (await site.client.get(link.replace("&amp;", "&"))).status_code == 200, link
    [salt] = re.findall("Salt</dt><dd><code>([0-9a-f]{32})<", html)
    await redact(site, ada, summary, 1)
    await seal(site.tools.pool, site.tools.store)
    gone = await page(site, address)
    assert salt not in gone
    assert "It was destroyed with the text" in gone
    assert "Commitment</dt><dd><code>" in gone


async def test_the_log_explains_itself(site: Site) -> None:
    assert "Nothing is signed yet" in await page(site, "/log")
    _, summary = await written(site, "One.")
    await seal(site.tools.pool, site.tools.store)
    html = await page(site, "/log")
    checkpoint, keys = [(await site.client.get(f"/log/{name}")).text for name in ("checkpoint", "keys")]
    assert checkpoint in html
    assert keys.strip() in html
    assert "shortscience verify" in html
    assert "was signed at position" in text_of(await page(site, f"/summaries/{summary}"))


async def test_texts_show_their_licence(database_url: str) -> None:
    async with running_site(database_url, licence=CC) as site:
        _, summary = await written(site, "One.")
        for path in (f"/summaries/{summary}", f"/summaries/{summary}/revisions/1"):
            html = await page(site, path)
            assert 'href="https://example.org/by?a=1&amp;b=2">CC BY &lt;4.0&gt;</a>' in html


async def test_an_anonymous_author_is_named_nowhere(blaming: Site) -> None:
    site = blaming
    ada = await site.user("ada-secretly", "Ada Secretly")
    paper = await site.paper(await site.user("bob"), "A paper", "key")
    command = PublishSummary(paper, "One.", Visibility.PUBLIC, None, anonymous=True)
    summary = await site.visible(await publish_summary(site.acting(ada), command))
    await site.revise(ada, summary, "Two.", None, 1)
    await restore(site, ada, summary, 1, 2)
    await redact(site, ada, summary, 2)
    await seal(site.tools.pool, site.tools.store)
    then = f"?asOf={moment()}"
    for path in ("", then, "/blame", "/changes", "/revisions/1", "/revisions/2", "/revisions/3"):
        html = await page(site, f"/summaries/{summary}{path}")
        assert "ecretly" not in html
        assert str(ada) not in html
