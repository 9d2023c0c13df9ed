"""Work beside the server, and its end."""

import asyncio

import pytest

from service import serving
from service.serving import beside


async def test_work_that_goes_on_after_an_error_ends_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error comes of cleaning up when it is cancelled, as of a connection that is lost just then."""
    monkeypatch.setattr(serving, "CLEANING_UP", 0.01)
    begun, tries = asyncio.Event(), 0

    async def query() -> None:
        try:
            begun.set()
            await asyncio.Event().wait()
        finally:
            if tries < 3:
                raise ConnectionError

    async def work() -> None:
        nonlocal tries
        while True:
            tries += 1
            try:
                await query()
            except ConnectionError:
                await asyncio.sleep(0)

    async with beside(work()):
        await begun.wait()
    assert tries == 3
