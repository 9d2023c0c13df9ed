"""Whole pages, and the ones that only say something."""

from collections.abc import Mapping

from starlette.responses import HTMLResponse, RedirectResponse

from service.citation import Licence
from service.web.markup import NOTHING, Html, fill, page_part

NOINDEX = Html('<meta name="robots" content="noindex">\n')


class NotThere(Exception):
    """There is no such page, or a visitor may not see it: both look the same."""


def not_found() -> HTMLResponse:
    """The page of an address that leads nowhere."""
    return notice(
        404,
        "There is nothing here",
        "Perhaps the address has a typo, or what was here is not public any more. The latest summaries may "
        "have something for you all the same.",
    )


def unknown_paper(key: str) -> HTMLResponse:
    """The page of a citation that leads to no paper."""
    shown = key if len(key) <= 100 else f"{key[:100]}…"
    text = f"Nobody has registered a paper with the BibTeX key “{shown}” here yet."
    return notice(404, "There is nothing here", text)


def not_yet(address: str) -> HTMLResponse:
    """The page of what is there today, as of a time when it was not."""
    return page("Not here yet", page_part("not_yet.html", address=address), head=NOINDEX, status=404)


def notice(status: int, heading: str, text: str, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """A page that only says something."""
    answer = page(heading, page_part("notice.html", heading=heading, text=text), status=status)
    answer.headers.update(headers or {})
    return answer


def page(
    title: str, main: Html, *, head: Html = NOTHING, status: int = 200, licence: Licence | None = None
) -> HTMLResponse:
    """A whole page around its main part. No cache keeps it unasked: texts change and can be erased.

    Shape:  licence is that of the texts on it, if there are any.
    """
    whole = page_part("layout.html", title=title, main=main, head=head, licence=licence_line(licence))
    return HTMLResponse(whole, status, {"Cache-Control": "no-cache"})


def licence_line(licence: Licence | None) -> Html:
    """On which terms texts may be used; nothing when none are given."""
    if licence is None:
        return NOTHING
    link = fill('<a rel="license noopener" href="{url}">{name}</a>', url=licence.url, name=licence.name)
    return fill("<p>The texts may be used under {link}.</p>", link=link)


def elsewhere(address: str) -> RedirectResponse:
    """The way to where this is now. Identifiers can be corrected: no cache keeps it."""
    return RedirectResponse(address, 302, {"Cache-Control": "no-cache"})


def feed_link(of: str, title: str) -> Html:
    """For the head of a page: which feed tells of what is new on it. Shape: as feed_address."""
    return fill(
        '<link rel="alternate" type="application/atom+xml" title="{title}" href="{address}">\n',
        title=title,
        address=feed_address(of, "atom"),
    )


def feed_address(of: str, form: str) -> str:
    """Where a feed is. Shape: `of` is such as venues/conf/cvpr?year=2015, form is atom or rss."""
    name, mark, more = of.partition("?")
    return f"/feeds/{name}.{form}{mark}{more}"
