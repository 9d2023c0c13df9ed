"""Whole pages, and the ones that only say something."""

from starlette.responses import HTMLResponse

from service.web.markup import NOTHING, Html, page_part


class NotThere(Exception):
    """There is no such page, or a visitor may not see it: both look the same."""


def not_found() -> HTMLResponse:
    """The page of an address that leads nowhere."""
    return notice(
        404,
        "There is nothing here",
        "Perhaps the address has a typo, or its author took the text back. The latest summaries may have "
        "something for you all the same.",
    )


def notice(status: int, heading: str, text: str) -> HTMLResponse:
    """A page that only says something."""
    return page(heading, page_part("notice.html", heading=heading, text=text), status=status)


def page(title: str, main: Html, *, head: Html = NOTHING, status: int = 200) -> HTMLResponse:
    """A whole page around its main part. No cache keeps it unasked: texts change and can be erased."""
    whole = page_part("layout.html", title=title, main=main, head=head)
    return HTMLResponse(whole, status, {"Cache-Control": "no-cache"})
