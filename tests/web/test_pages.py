"""Pages for people: what they show, to whom, and that nothing in them runs."""

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from urllib.parse import urldefrag, urlsplit
from uuid import UUID

import httpx
import pytest

from service.commands.comment import RemoveComment, remove_comment
from service.commands.summary import PublishSummary, RetractSummary, publish_summary, retract_summary
from service.domain.events import MetadataSource, Visibility
from tests.web.site import Site

UNKNOWN = UUID(int=7, version=4)  # the same in each process that collects the tests

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
VOID = {"meta", "link", "br", "img", "hr"}


class Balanced(HTMLParser):
    """Fails unless every element is closed; gathers ids, links and the attributes of all elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def page(site: Site, path: str, status: int = 200) -> str:
    """A page that a browser may show: well-formed, with careful headers, one h1, and no script."""
    response = await site.client.get(path, headers=BROWSER)
    assert response.status_code == status, response.text
    check_headers(response)
    found = Balanced(response.text)
    assert len(found.ids) == len(set(found.ids))
    assert [tag for tag, _ in found.elements].count("h1") == 1
    assert not [tag for tag, _ in found.elements if tag in ("script", "iframe", "object", "form")]
    assert not [name for _, attributes in found.elements for name in attributes if name.startswith("on")]
    return response.text


def check_headers(response: httpx.Response) -> None:
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"]


async def work(site: Site, visibility: Visibility = Visibility.PUBLIC) -> tuple[UUID, UUID, UUID]:
    """Somebody, a paper, and a summary of it."""
    ada = await site.user("ada", "Ada <Lovelace>")
    paper = await site.paper(
        ada, "FaceNet & <friends>", "conf/cvpr/SchroffKP15", abstract="Faces, <b>mapped</b>."
    )
    return ada, paper, await site.summary(ada, paper, "It *maps* faces: $d(x)$", visibility)


async def test_home_says_what_there_is(site: Site) -> None:
    assert "There are none yet" in await page(site, "/")
    _, _, summary = await work(site)
    home = await page(site, "/")
    assert f'href="/summaries/{summary}"' in home
    assert "FaceNet &amp; &lt;friends&gt;" in home
    assert "Ada &lt;Lovelace&gt;" in home
    for address in ("/graphql", "/schema.graphql", "/healthz", "/readyz"):
        assert f'href="{address}"' in home
        assert (await site.client.get(address, headers=BROWSER)).status_code == 200


async def test_a_paper_with_summaries_and_threads(site: Site) -> None:
    ada, paper, summary = await work(site)
    bob = await site.user("bob")
    first = await site.comment(bob, summary, "Why *triplets*?")
    reply = await site.comment(ada, summary, "Because of $d$.", first)
    html = await page(site, f"/papers/{paper}")
    assert "FaceNet &amp; &lt;friends&gt;</h1>" in html
    assert "Faces, &lt;b&gt;mapped&lt;/b&gt;." in html
    assert "It <em>maps</em> faces: <math>" in html
    assert 'id="ada"' in html  # the old site's links end in #username
    assert html.index("<em>triplets</em>") < html.index("Because of <math>")
    assert html.index(str(first)) < html.index(str(reply))


async def test_no_username_takes_the_place_of_a_part_of_the_page(site: Site) -> None:
    paper = await site.paper(await site.user("main"), "A paper", "key")
    for name in ("summaries", "latest", "graphiql"):
        await site.summary(await site.user(name), paper, f"By {name}[^1]\n\n[^1]: note")
    html = await page(site, f"/papers/{paper}")  # checks that every id is there once
    assert 'id="summaries"' in html


async def test_a_removed_comment_keeps_its_place(site: Site) -> None:
    ada, paper, summary = await work(site)
    first = await site.comment(ada, summary, "a slip of the tongue")
    await site.comment(ada, summary, "An answer to it.", first)
    await site.visible(await remove_comment(site.acting(ada), RemoveComment(first)))
    html = await page(site, f"/papers/{paper}")
    assert "slip" not in html
    assert "This comment was removed." in html
    assert "An answer to it." in html


async def test_revisions_turn(site: Site) -> None:
    ada, _, summary = await work(site)
    await site.revise(ada, summary, "Second text", "Said it <better>", 1)
    await site.revise(ada, summary, "Third text", None, 2)
    first, second, third = [await page(site, f"/summaries/{summary}/revisions/{n}") for n in (1, 2, 3)]
    assert "Revision 1 of 3" in first
    assert 'rel="prev"' not in first
    assert f'rel="next" href="/summaries/{summary}/revisions/2"' in first
    assert "Second text" in second
    assert "Said it &lt;better&gt;" in second
    assert 'rel="prev"' in second
    assert 'rel="next"' in second
    assert "Third text" in third
    assert 'rel="next"' not in third
    assert "Third text" in await page(site, f"/summaries/{summary}")


async def test_a_summary_lists_its_whole_history(site: Site) -> None:
    ada, _, summary = await work(site)
    await site.revise(ada, summary, "Second text", "Said it <better>", 1)
    await site.revise(ada, summary, "Third text", None, 2)
    html = await page(site, f"/summaries/{summary}")
    listed = html[html.index("History") :]
    for number in (1, 2, 3):
        assert f'href="/summaries/{summary}/revisions/{number}">Revision {number}</a>' in listed
    assert "Said it &lt;better&gt;" in listed
    assert listed.count("Ada &lt;Lovelace&gt;") == 3
    turns = await page(site, f"/summaries/{summary}/revisions/2")
    assert ">← Revision 1</a>" in turns
    assert ">Revision 3 →</a>" in turns


async def test_what_was_imported_says_so(site: Site) -> None:
    ada = await site.user("ada")
    paper = await site.paper(ada, "DeepFace", "a", source=MetadataSource.ARXIV, venue_key="conf/cvpr")
    acting = replace(site.acting(ada), occurred_at=datetime(2014, 3, 5, tzinfo=UTC))
    summary = await site.visible(
        await publish_summary(acting, PublishSummary(paper, "Of old.", Visibility.PUBLIC, None))
    )
    for path in (f"/papers/{paper}", f"/summaries/{summary}", f"/summaries/{summary}/revisions/1"):
        html = await page(site, path)
        assert "5 March 2014</time>, imported on <time" in html
    html = await page(site, f"/papers/{paper}")
    assert "via arXiv" in html
    assert '<a href="/venues/conf/cvpr">conf/cvpr</a>' in html
    typed = await page(site, f"/papers/{await site.paper(ada, 'Typed', 'b')}")
    assert " via " not in typed


async def test_home_counts_what_is_public(site: Site) -> None:
    _, paper, _ = await work(site)
    await site.summary(await site.user("bob"), paper, "Mine.", Visibility.PRIVATE)
    await site.summary(await site.user("eve"), paper, "Ours.")
    home = await page(site, "/")
    assert "<dt>Papers</dt><dd>1</dd>" in home
    assert "<dt>Summaries</dt><dd>2</dd>" in home


async def test_a_citation_of_an_unknown_paper_says_what_is_missing(site: Site) -> None:
    html = await page(site, "/paper?bibtexKey=<unknown>", 404)
    assert "“&lt;unknown&gt;”" in html
    assert "took" not in html


async def test_a_browser_that_posts_to_a_page_is_told_kindly(site: Site) -> None:
    response = await site.client.post("/", headers=BROWSER)
    assert response.status_code == 405
    assert "GET" in response.headers["allow"]
    assert "use the API at /graphql" in response.text


@pytest.mark.parametrize(
    "path", ["/graphql/", "/assets", "/assets/graphiql", "/healthz/", "/venues", "//evil.org/"]
)
async def test_no_redirect_trusts_the_host(site: Site, path: str) -> None:
    response = await site.client.get(site.url + path, headers={"host": "evil.org"})
    assert response.status_code == 404
    assert "location" not in response.headers
    assert "evil.org" not in response.text


async def test_unlisted_work_is_seen_by_its_address_only(site: Site) -> None:
    _, paper, summary = await work(site, Visibility.UNLISTED)
    assert "It <em>maps</em>" in (html := await page(site, f"/summaries/{summary}"))
    assert 'content="noindex"' in html
    assert 'content="noindex"' in await page(site, f"/summaries/{summary}/revisions/1")
    for address in ("/", f"/papers/{paper}"):
        assert str(summary) not in await page(site, address)


async def test_private_and_retracted_work_is_nowhere(site: Site) -> None:
    ada, paper, summary = await work(site, Visibility.PRIVATE)
    other = await site.paper(ada, "Another", "another")
    retracted = await site.summary(ada, other, "taken back")
    await site.visible(await retract_summary(site.acting(ada), RetractSummary(retracted)))
    for gone in (summary, retracted):
        await page(site, f"/summaries/{gone}", 404)
        await page(site, f"/summaries/{gone}/revisions/1", 404)
        for address in ("/", f"/papers/{paper}", f"/papers/{other}"):
            assert str(gone) not in await page(site, address)


async def test_the_old_address_leads_to_the_paper(site: Site) -> None:
    _, paper, _ = await work(site)
    for key in ("conf/cvpr/SchroffKP15", "conf%2Fcvpr%2FSchroffKP15"):
        moved = await site.client.get(f"/paper?bibtexKey={key}")
        assert moved.status_code == 302
        assert moved.headers["location"] == f"/papers/{paper}"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        f"/papers/{UNKNOWN}",
        "/papers/1",
        f"/summaries/{UNKNOWN}",
        f"/summaries/{UNKNOWN}/revisions/1",
        "/paper",
        "/paper?bibtexKey=",
        "/paper?bibtexKey=unknown",
        "/paper?bibtexKey=%00",
        "/graphql/",
        "/assets",
        "/assets/graphiql",
        "/venues",
        "/paper?bibtexKey=%ff%fe",
        "/paper?bibtexKey=" + "x" * 20_000,
        "/papers/%00",
        "/assets/../app.py",
        "/assets/nothing.css",
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_kind_words_where_there_is_nothing(quiet_site: Site, path: str) -> None:
    assert "There is nothing here" in await page(quiet_site, path, 404)


async def test_revisions_that_are_not_there(site: Site) -> None:
    _, _, summary = await work(site)
    for number in ("0", "2", "-1", "01", "x", "9" * 10, "9" * 5_000, "%C2%B2"):
        await page(site, f"/summaries/{summary}/revisions/{number}", 404)


async def test_a_program_is_told_in_json(site: Site) -> None:
    nowhere = await site.client.get("/nothing")
    assert nowhere.status_code == 404
    assert nowhere.json()["errors"][0]["extensions"] == {"code": "NOT_FOUND"}
    method = await site.client.post("/")
    assert method.status_code == 405
    assert method.json()["errors"][0]["extensions"] == {"code": "INVALID"}


async def test_hostile_text_stays_text(site: Site) -> None:
    evil = '"><script>alert(1)</script>{0}{title}'
    ada = await site.user("ada", evil)
    paper = await site.paper(
        ada, evil, "evil", abstract=evil, authors=(evil,), keywords=(evil,), venue_name=evil
    )
    summary = await site.summary(
        ada, paper, f"{evil}\n\n[x](javascript:alert(1)) <img src=x onerror=alert(1)>", note=evil
    )
    await site.comment(ada, summary, evil)
    addresses = ("/", f"/papers/{paper}", f"/summaries/{summary}", f"/summaries/{summary}/revisions/1")
    for address in addresses:
        html = await page(site, address)
        assert "javascript:" not in html.replace("(javascript:alert(1))", "")
        assert "{0}{title}" in html


async def test_the_schema_is_text(site: Site) -> None:
    response = await site.client.get("/schema.graphql")
    assert response.headers["content-type"].startswith("text/plain")
    assert "type Query {" in response.text


async def test_the_style_sheet(site: Site) -> None:
    response = await site.client.get("/assets/style.css")
    assert response.headers["content-type"] == "text/css; charset=utf-8"


async def test_permalinks_of_the_api_lead_to_what_they_are_of(site: Site) -> None:
    ada = await site.user("ada")
    of = await site.paper(ada, "DeepFace", "conf/cvpr/TaigmanYRW14")
    on = await site.summary(ada, of, "About faces.")
    comment = await site.comment(ada, on, "Which faces?")
    answer = await site.ask("""{ paper(by: {bibtexKey: "conf/cvpr/TaigmanYRW14"}) {
        permalink summaries { nodes { permalink comments { nodes { permalink } } } } } }""")
    paper = answer.json()["data"]["paper"]
    [summary] = paper["summaries"]["nodes"]
    path, fragment = urldefrag(summary["comments"]["nodes"][0]["permalink"])
    assert path == summary["permalink"]
    for address, shown in (
        (paper["permalink"], "<h1>DeepFace</h1>"),
        (path, f'<li id="{fragment}"'),
    ):
        assert shown in (await site.client.get(urlsplit(address).path)).text
    assert fragment == f"comment-{comment}"
    feed = await site.client.get(f"/feeds{urlsplit(paper['permalink']).path}.atom")
    assert "About faces." in feed.text
