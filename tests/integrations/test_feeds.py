"""Feed documents: what they hold is read back by a feed parser, whatever the texts are."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projections.feeds import EntryRow
from service.integrations.feed_entries import absolute, short_entry, whole_entry
from service.integrations.feeds import Feed, atom, rss
from service.text import render

BASE = "https://example.org"
SUMMARY, PAPER = UUID(int=1), UUID(int=2)
NOON = datetime(2026, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
ROW = EntryRow(
    summary_id=SUMMARY,
    published_at=NOON,
    updated_at=NOON + timedelta(days=1),
    body_payload=UUID(int=3),
    rendering=1,
    author="Ada",
    paper_id=PAPER,
    title="FaceNet & <friends>",
    authors=["Florian Schroff", "James Philbin"],
    venue_key="conf/cvpr",
    venue_name="CVPR",
    year=2015,
    keywords=["faces", "a & b"],
)
HOSTILE = "]]> <script>alert(1)</script> &amp; &lt; \x00\x08\x1b\ufffe\ud800 \u202egnp.exe \"'> 👩‍🔬 שלום"
ANY = st.text(st.characters(codec=None), max_size=40)


def a_feed(*entries: Any, **more: Any) -> Feed:
    return replace(
        Feed(
            UUID(int=9),
            "Feed",
            f"{BASE}/feeds/x",
            f"{BASE}/",
            f"{BASE}/venues",
            entries,
            updated=NOON + timedelta(days=1),
        ),
        **more,
    )


def parsed(document: bytes) -> Any:
    """What a reader makes of it. It must find nothing to mend."""
    found = feedparser.parse(document)
    assert not found.bozo, found.bozo_exception
    return found


def xml(document: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(document)  # noqa: S314 (ours)


def whole(text: str, **more: Any) -> Any:
    return whole_entry(EntryRow(**{**_fields(), **more}), render(text).html, BASE)


def _fields() -> dict[str, Any]:
    return {name: getattr(ROW, name) for name in ROW.__struct_fields__}


def test_an_atom_entry() -> None:
    found = parsed(atom(a_feed(whole("It *maps*."), rights="CC BY 4.0")))
    assert (found.version, found.feed.id, found.feed.title) == ("atom10", UUID(int=9).urn, "Feed")
    assert found.feed.updated == "2026-05-02T12:00:00.000250Z"
    assert found.feed.rights == "CC BY 4.0"
    assert {(link.rel, link.href) for link in found.feed.links} == {
        ("self", f"{BASE}/feeds/x"),
        ("alternate", f"{BASE}/"),
    }
    [entry] = found.entries
    assert entry.id == SUMMARY.urn
    assert entry.title == "Ada: summary of FaceNet &amp; <friends>".replace("&amp;", "&")
    assert entry.author == "Ada"
    assert entry.published == "2026-05-01T12:00:00.000250Z"
    assert entry.updated == "2026-05-02T12:00:00.000250Z"
    assert entry.link == f"{BASE}/summaries/{SUMMARY}"
    assert f"{BASE}/papers/{PAPER}" in {link.href for link in entry.links if link.rel == "related"}
    assert [(tag.term, tag.label) for tag in entry.tags] == [
        ("conf/cvpr", "CVPR"),
        ("faces", None),
        ("a & b", None),
    ]
    [content] = entry.content
    assert content.type == "text/html"
    assert "<p>It <em>maps</em>.</p>" in content.value
    assert "Florian Schroff, James Philbin · CVPR · 2015" in content.value


def test_an_rss_item() -> None:
    document = rss(a_feed(whole("It *maps*."), rights="CC BY 4.0"))
    found = parsed(document)
    assert found.version == "rss20"
    assert (found.feed.title, found.feed.link, found.feed.rights) == ("Feed", f"{BASE}/", "CC BY 4.0")
    [entry] = found.entries
    assert (entry.id, entry.guidislink) == (SUMMARY.urn, False)
    assert entry.link == f"{BASE}/summaries/{SUMMARY}"
    assert entry.author == "Ada"
    assert entry.published == "Fri, 01 May 2026 12:00:00 GMT"
    assert entry.updated == "2026-05-02T12:00:00.000250Z"
    assert [tag.term for tag in entry.tags] == ["conf/cvpr", "faces", "a & b"]
    assert "<p>It <em>maps</em>.</p>" in entry.summary
    names = {element.tag for element in xml(document).iter()}
    creator = "{http://purl.org/dc/elements/1.1/}creator"
    assert {"title", "link", "description", "guid", "pubDate", creator, "category"} <= names


@pytest.mark.parametrize("entries", [(), (whole("a"), whole("b", author=None, venue_key=None, keywords=[]))])
def test_atom_has_what_it_requires(entries: Any) -> None:
    """RFC 4287, 4.1.1 and 4.1.2: exactly one of each, and an author for everything."""
    root = xml(atom(a_feed(*entries)))
    for element in (root, *root.findall("{*}entry")):
        for name in ("id", "title", "updated"):
            [found] = element.findall(f"{{http://www.w3.org/2005/Atom}}{name}")
            assert found.text
        assert len([one for one in element.findall("{*}link") if one.get("rel") == "alternate"]) == 1
    for entry in root.findall("{*}entry"):
        assert entry.findtext("{*}author/{*}name")
        assert len(entry.findall("{*}content")) == 1
    assert root.findtext("{*}updated", "").endswith("Z")


def test_an_anonymous_one_and_a_redacted_one() -> None:
    row = EntryRow(**{**_fields(), "author": None, "rendering": None})
    for entry in (whole_entry(row, None, BASE), short_entry(row, None, BASE)):
        for write in (atom, rss):
            [found] = parsed(write(a_feed(entry))).entries
            assert found.title.startswith("Anonymous: summary of")
            assert "This text was redacted." in found.summary


def test_an_excerpt_leads_to_the_rest() -> None:
    entry = short_entry(ROW, "<b> & words " * 100, BASE)
    [found] = parsed(rss(a_feed(entry))).entries
    assert "&lt;b&gt; &amp; words" in found.summary
    assert "…" in found.summary
    assert len(found.summary) < 1_800
    assert f'href="{BASE}/summaries/{SUMMARY}"' in found.summary


def test_an_excerpt_has_formulas_as_the_whole_text_has() -> None:
    formula = r"$\frac{a}{b+c} \leq x_1^2$"
    plain = render(f"With {formula}, {'word ' * 200}").plain
    assert "<p>With a/(b + c) ≤ x₁², word" in short_entry(ROW, plain, BASE).html
    plain = render("word " * 98 + formula + " and so on").plain
    assert f"<p>{'word ' * 97}word…</p>" in short_entry(ROW, plain, BASE).html


def test_formulas_read_without_mathml() -> None:
    entry = whole(r"With $\frac{a}{b} \leq x_1^2$ and `$y$`.")
    assert "With a/b ≤ x₁² and <code>$y$</code>." in entry.html
    assert "with its formulas drawn" in entry.html
    assert "<math" not in entry.html
    assert "formulas drawn" not in whole("None here.").html


def test_links_are_whole_and_images_are_https() -> None:
    text = (
        r"\cite{a/b} [p](/papers/1?a=1&b=2) [q](other) [r](//e.org/x) [s](#t) [m](mailto:a@e.org)"
        " [w](https://e.org/?a=1&b=2) ![i](https://e.org/i.png) ![j](http://e.org/j.png) n[^1]"
        "\n\n[^1]: Note"
    )
    html = whole_entry(ROW, render(text, anchor="z").html, BASE).html
    links = re.findall('href="([^"]*)"', html)
    assert links[1:] == [
        f"{BASE}/paper?bibtexKey=a/b",
        f"{BASE}/papers/1?a=1&amp;b=2",
        f"{BASE}/summaries/other",
        "https://e.org/x",
        f"{BASE}/summaries/{SUMMARY}#t",
        "mailto:a@e.org",
        "https://e.org/?a=1&amp;b=2",
        "http://e.org/j.png",
        f"{BASE}/summaries/{SUMMARY}#z-fn-1",
        f"{BASE}/summaries/{SUMMARY}#z-fnref-1",
    ]
    assert re.findall('src="([^"]*)"', html) == ["https://e.org/i.png"]


def test_an_address_that_is_none_stays() -> None:
    html = '<a href="//[x" rel="nofollow">x</a>'
    assert absolute(html, BASE) == html
    assert absolute('<p>&lt;a href="x"&gt;</p>', BASE) == '<p>&lt;a href="x"&gt;</p>'


@pytest.mark.parametrize("write", [atom, rss])
def test_hostile_texts(write: Any) -> None:
    entry = whole(HOSTILE, title=HOSTILE, author=HOSTILE, authors=[HOSTILE], keywords=[HOSTILE])
    document = write(a_feed(entry, title=HOSTILE, rights=HOSTILE))
    assert "\u202e" not in document.decode()
    root = xml(document)
    titles = [one.text or "" for one in root.iter() if one.tag.endswith("title")]
    assert titles[0] == "]]> <script>alert(1)</script> &amp; &lt;  gnp.exe \"'> 👩‍🔬 שלום"
    [found] = parsed(document).entries
    assert "<script" not in found.summary
    assert "👩‍🔬 שלום" in found.summary


@given(ANY, ANY, ANY)
def test_whatever_is_said_is_well_formed(title: str, author: str, keyword: str) -> None:
    entry = whole("x", title=title, author=author, keywords=[keyword], venue_key=keyword)
    for write in (atom, rss):
        xml(write(a_feed(entry, title=title)))
