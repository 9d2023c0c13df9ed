"""Parts of pages: what readers' rows look like as HTML."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from projections.comment import CommentRow
from projections.paper import PaperRow
from projections.summary import SummaryRow
from projections.text import TextRow
from projections.user import UserRow
from service.domain.events import MetadataSource
from service.text import excerpt
from service.web.layout import NOINDEX
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.threads import Contents, Shown, Thread

SOURCES = {
    MetadataSource.ARXIV: "arXiv",
    MetadataSource.BIBSONOMY: "BibSonomy",
    MetadataSource.CROSSREF: "Crossref",
    MetadataSource.DBLP: "DBLP",
    MetadataSource.OPENALEX: "OpenAlex",
    MetadataSource.BIBTEX: "BibTeX",
}
AUTHORS = 30  # names shown; the API has all of them
ERASED = Html('<p class="gone">This text was erased.</p>')
REMOVED = Html('<p class="gone">This comment was removed.</p>')


def robots(listed: bool) -> Html:
    """For the head of a page: what is not listed here is not to be listed elsewhere."""
    return NOTHING if listed else NOINDEX


def when(at: datetime) -> Html:
    """A date, such as 5 March 2015."""
    return fill(
        '<time datetime="{iso}">{day} {rest}</time>', iso=at.isoformat(), day=at.day, rest=f"{at:%B %Y}"
    )


def plural(count: int, one: str, more: str) -> str:
    """A number with its noun, such as 2 summaries."""
    return f"{count:,} {one if count == 1 else more}"


def body(text: TextRow | None) -> Html:
    """A text as it was rendered when it was projected, sanitised."""
    return ERASED if text is None else Html(text.html)


def teaser(row: SummaryRow, paper: PaperRow, contents: Contents) -> Html:
    """A summary in a list."""
    text = contents.texts.get(row.body_payload)
    return page_part(
        "teaser.html",
        summary=row.summary_id,
        title=paper.title,
        author=_name(contents, row.named_author_id),
        updated=when(row.updated_at),
        score=plural(row.net, "point", "points"),
        excerpt=excerpt(text.plain, 240) if text else ERASED,
    )


def summary(one: Shown, contents: Contents, query: str = "") -> Html:
    """A summary with its threads. Shape: query goes behind the address of its page."""
    row = one.row
    author_id = row.named_author_id
    author = None if author_id is None else contents.users[author_id]
    return page_part(
        "summary.html",
        address=f"/summaries/{row.summary_id}{query}",
        anchor=author.username if author else f"summary-{row.summary_id}",
        handle=f"@{author.username}" if author else "",
        name=_name(contents, author_id),
        net=row.net,
        votes=f"{row.up} up, {row.down} down",
        dates=_dates(row.created_at, row.updated_at, one.imported_at),
        history=_history(row),
        body=body(contents.texts.get(row.body_payload)),
        comments=_comments(one, contents),
    )


def authors(names: Sequence[str]) -> str:
    """The names, cut after the first ones when there are very many."""
    rest = len(names) - AUTHORS
    return ", ".join(names[:AUTHORS]) + (f" and {rest:,} more" if rest > 0 else "")


def facts(row: PaperRow) -> Html:
    """Where and when it appeared, and its key."""
    year = None if row.year is None else str(row.year)
    parts = [_venue(row), year, f"BibTeX key {row.bibtex_key}", _source(row)]
    return joined([part for part in parts if part], " · ")


def _venue(row: PaperRow) -> str | None:
    name = row.venue_name or row.venue_key
    if row.venue_key is None or name is None:
        return name
    return fill('<a href="{address}">{name}</a>', address=venue_address(row.venue_key), name=name)


def venue_address(venue_key: str, year: int | None = None) -> str:
    """The permalink of a venue, or of one of its years."""
    return f"/venues/{quote(venue_key, safe='/')}" + (f"?year={year}" if year is not None else "")


def _source(row: PaperRow) -> str | None:
    """Where what is known of it comes from, unless somebody typed it."""
    source = MetadataSource(row.source)
    return None if source is MetadataSource.MANUAL else f"via {SOURCES[source]}"


def links(row: PaperRow) -> Html:
    """Where the paper itself is."""
    addresses = [
        ("DOI", row.doi and f"https://doi.org/{quote(row.doi, safe='/')}"),
        ("arXiv", row.arxiv_id and f"https://arxiv.org/abs/{quote(row.arxiv_id, safe='/')}"),
        ("Web page", row.url if row.url and row.url.startswith(("https://", "http://")) else None),
    ]
    return joined([link(address, name) for name, address in addresses if address], " · ")


def link(address: str, name: str) -> Html:
    """A link that leads away."""
    return fill('<a href="{address}" rel="nofollow noopener">{name}</a>', address=address, name=name)


def recorded(created: datetime, taken: datetime) -> Html:
    """The claimed time, and the log's where it differs: imported history."""
    if created == taken:
        return when(created)
    return joined([when(created), _imported(taken)], ", ")


def revision_address(summary_id: UUID, number: int) -> str:
    """The permalink of a version."""
    return f"/summaries/{summary_id}/revisions/{number}"


def turn(summary_id: UUID, number: int, last: int) -> Html:
    """Links to the revisions before and after."""
    before = (
        _revision(summary_id, number - 1, "prev", "← Revision {}") if number > 1 else Html("<span></span>")
    )
    after = _revision(summary_id, number + 1, "next", "Revision {} →") if number < last else NOTHING
    return joined([before, after])


def _revision(summary_id: UUID, number: int, rel: str, name: str) -> Html:
    return fill(
        '<a rel="{rel}" href="{address}">{name}</a>',
        rel=rel,
        address=revision_address(summary_id, number),
        name=name.format(number),
    )


def _history(row: SummaryRow) -> Html:
    address = revision_address(row.summary_id, row.revision_number)
    return fill('<a href="{address}">revision {n}</a>', address=address, n=row.revision_number)


def _dates(created: datetime, changed: datetime | None, imported: datetime | None = None) -> Html:
    dates = [when(created)]
    if changed is not None and changed.date() != created.date():
        dates.append(fill("edited {at}", at=when(changed)))
    if imported is not None:
        dates.append(_imported(imported))
    return joined(dates, ", ")


def _imported(at: datetime) -> Html:
    return fill("imported on {at}", at=when(at))


def _name(contents: Contents, user_id: UUID | None) -> str:
    if user_id is None:
        return "Anonymous"
    user: UserRow = contents.users[user_id]
    return user.display_name


def _comments(one: Shown, contents: Contents) -> Html:
    if not one.threads:
        return NOTHING
    more = Html("<p>There are more in the API.</p>") if one.cut else NOTHING
    return fill(
        '<section class="comments" aria-label="Comments"><h3>{heading}</h3>{threads}{more}</section>',
        heading=plural(one.row.comment_count, "comment", "comments"),
        threads=_threads(one.threads, contents),
        more=more,
    )


def _threads(threads: Sequence[Thread], contents: Contents) -> Html:
    if not threads:
        return NOTHING
    return fill('<ul class="thread">{all}</ul>', all=joined(_comment(one, contents) for one in threads))


def _comment(thread: Thread, contents: Contents) -> Html:
    row: CommentRow = thread.row
    return page_part(
        "comment.html",
        comment=row.comment_id,
        summary=row.summary_id,
        revision=row.on_revision,
        name=_name(contents, row.author_id),
        dates=_dates(row.created_at, row.edited_at),
        net=row.up - row.down,
        body=REMOVED if row.removed else body(contents.texts.get(row.body_payload)),
        replies=_threads(thread.replies, contents),
    )
