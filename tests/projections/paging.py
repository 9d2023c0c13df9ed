"""Words for tests of lists in pages."""

from collections.abc import Awaitable, Callable
from typing import Any

from projections.reading import Page, Slice

Read = Callable[[Page], Awaitable[Slice[Any]]]
Between = Callable[[int], Awaitable[None]]


async def every(
    read: Read, key: Callable[[Any], Any], first: int, between: Between | None = None
) -> list[Any]:
    """All rows, page after page; each page is as full as it says. `between` gets the pages' number so far."""
    rows: list[Any] = []
    after, number = None, 0
    while True:
        page = await read(Page(first, after))
        rows += page.rows
        assert len(page.rows) == first or not page.has_next
        if not page.has_next:
            return rows
        after, number = key(page.rows[-1]), number + 1
        if between:
            await between(number)
