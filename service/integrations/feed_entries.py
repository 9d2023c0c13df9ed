"""Entries of feeds out of readers' rows: what somebody sees who follows with a feed reader."""

import re
from html import escape, unescape
from urllib.parse import urljoin

from projections.feeds import EntryRow
from service.integrations.feeds import Entry
from service.text import excerpt
from service.text.linear import without_mathml

EXCERPT = 500  # characters
AUTHORS = 10
ANONYMOUS = "Anonymous"
REDACTED = "<p><em>This text was redacted.</em></p>"
_LINK = re.compile(r'(<a [^<>]*?href=")([^"]*)"')  # within values the renderer writes < and > as entities
_WHOLE = re.compile(r"(?:https?:|mailto:)", re.IGNORECASE)


def whole_entry(row: EntryRow, html: str | None, base_url: str) -> Entry:
    """An entry with the full text, its formulas in plain letters. Shape: html is None when it was erased."""
    if html is None:
        return _entry(row, REDACTED, base_url)
    link = permalink(row, base_url)
    plain = without_mathml(html)
    note = f"<p><small>{_link(link, 'Read it with its formulas drawn')}</small></p>" if plain != html else ""
    return _entry(row, absolute(plain, link) + note, base_url)


def short_entry(row: EntryRow, plain: str | None, base_url: str) -> Entry:
    """An entry with how the text begins. Shape: plain is its opening, None when it was erased."""
    if plain is None:
        return _entry(row, REDACTED, base_url)
    more = _link(permalink(row, base_url), "Read the whole summary")
    return _entry(row, f"<p>{escape(excerpt(plain, EXCERPT))}</p>\n<p>{more}</p>", base_url)


def permalink(row: EntryRow, base_url: str) -> str:
    """The address of the summary."""
    return f"{base_url}/summaries/{row.summary_id}"


def absolute(html: str, base: str) -> str:
    """Rendered HTML whose links are whole addresses. What cannot be read as an address stays as it is."""

    def whole(found: re.Match[str]) -> str:
        if _WHOLE.match(found[2]):
            return found[0]
        try:
            address = urljoin(base, unescape(found[2]))
        except ValueError:
            return found[0]
        return f'{found[1]}{escape(address)}"'

    return _LINK.sub(whole, html)


def _entry(row: EntryRow, html: str, base_url: str) -> Entry:
    author, paper = row.author or ANONYMOUS, f"{base_url}/papers/{row.paper_id}"
    return Entry(
        id=row.summary_id,
        title=f"{author}: summary of {row.title}",
        author=author,
        html=f"<p>{_link(paper, row.title)}<br>{escape(_facts(row))}</p>\n{html}",
        link=permalink(row, base_url),
        paper_link=paper,
        paper_title=row.title,
        published=row.published_at,
        updated=row.updated_at,
        keywords=row.keywords,
        venue=(row.venue_key, row.venue_name or row.venue_key) if row.venue_key else None,
    )


def _facts(row: EntryRow) -> str:
    """Who wrote the paper, and where and when it appeared."""
    names = ", ".join(row.authors[:AUTHORS]) + (" and others" if len(row.authors) > AUTHORS else "")
    parts = [names, row.venue_name or row.venue_key, row.year]
    return " · ".join(str(part) for part in parts if part)


def _link(address: str, text: str) -> str:
    return f'<a href="{escape(address)}">{escape(text)}</a>'
