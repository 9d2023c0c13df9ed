"""Feeds for feed readers: Atom (RFC 4287) and RSS 2.0, as XML that is well-formed whatever it says."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from uuid import UUID
from xml.etree.ElementTree import Element, SubElement, tostring

ATOM = "http://www.w3.org/2005/Atom"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # when the feeds of an empty log last changed
# What XML 1.0 has no place for, and what turns the direction of everything behind it.
_UNFIT = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\u2029\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A summary in a feed.

    Shape:  html is safe and has whole addresses; venue is (key, name).
    """

    id: UUID
    title: str
    author: str
    html: str
    link: str
    paper_link: str
    paper_title: str
    published: datetime
    updated: datetime
    keywords: Sequence[str] = ()
    venue: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Feed:
    """A whole feed: address is its own, link that of the page with the same in it, venues that of venues.

    Units: it has not changed since updated, and may not have for longer.
    """

    id: UUID
    title: str
    address: str
    link: str
    venues: str
    entries: Sequence[Entry]
    rights: str | None = None
    updated: datetime = NEVER


def atom(feed: Feed) -> bytes:
    """The feed as Atom. Shape: UTF-8. Ids are those of what is told, so they outlive every address."""
    root = Element("feed", {"xmlns": ATOM, "xml:lang": "en"})
    _add(root, "id", feed.id.urn)
    _add(root, "title", feed.title)
    _add(root, "updated", _timestamp(feed.updated))
    _add(root, "link", rel="self", type="application/atom+xml", href=feed.address)
    _add(root, "link", rel="alternate", type="text/html", href=feed.link)
    if feed.rights:
        _add(root, "rights", feed.rights)
    for entry in feed.entries:
        _add_atom_entry(SubElement(root, "entry"), entry, feed.venues)
    return _written(root)


def rss(feed: Feed) -> bytes:
    """The feed as RSS 2.0. Shape: UTF-8; the guid is no link, atom:updated tells of later changes."""
    root = Element("rss", {"version": "2.0", "xmlns:atom": ATOM, "xmlns:dc": DUBLIN_CORE})
    channel = SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.link)
    _add(channel, "description", "Summaries of research papers, written by their readers.")
    _add(channel, "language", "en")
    if feed.rights:
        _add(channel, "copyright", feed.rights)
    _add(channel, "lastBuildDate", _mail_date(feed.updated))
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=feed.address)
    for entry in feed.entries:
        _add_item(SubElement(channel, "item"), entry, feed.venues)
    return _written(root)


def _add_atom_entry(of: Element, entry: Entry, venues: str) -> None:
    _add(of, "id", entry.id.urn)
    _add(of, "title", entry.title)
    _add(SubElement(of, "author"), "name", entry.author)
    _add(of, "published", _timestamp(entry.published))
    _add(of, "updated", _timestamp(entry.updated))
    _add(of, "link", rel="alternate", type="text/html", href=entry.link)
    _add(of, "link", rel="related", type="text/html", href=entry.paper_link, title=entry.paper_title)
    if entry.venue:
        _add(of, "category", term=entry.venue[0], label=entry.venue[1], scheme=venues)
    for keyword in entry.keywords:
        _add(of, "category", term=keyword)
    _add(of, "content", entry.html, type="html")


def _add_item(of: Element, entry: Entry, venues: str) -> None:
    _add(of, "title", entry.title)
    _add(of, "link", entry.link)
    _add(of, "guid", entry.id.urn, isPermaLink="false")
    _add(of, "dc:creator", entry.author)
    _add(of, "pubDate", _mail_date(entry.published))
    _add(of, "atom:updated", _timestamp(entry.updated))
    if entry.venue:
        _add(of, "category", entry.venue[0], domain=venues)
    for keyword in entry.keywords:
        _add(of, "category", keyword)
    _add(of, "description", entry.html)


def _add(to: Element, tag: str, text: str | None = None, **attributes: str) -> None:
    SubElement(to, tag, _fit(attributes)).text = None if text is None else _UNFIT.sub("", text)


def _fit(attributes: Mapping[str, str]) -> dict[str, str]:
    return {name: _UNFIT.sub("", value) for name, value in attributes.items()}


def _written(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _timestamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _mail_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)
