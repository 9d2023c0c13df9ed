"""Waiting for what happens to many at once: as `asyncio.Event`, with less to do for each who waits."""

import asyncio


class News:
    """It comes once. Who has it before looking, and waits for it after nothing was there, misses nothing."""

    def __init__(self) -> None:
        self._come = False
        self._waiting: set[asyncio.Future[None]] = set()

    async def wait(self) -> None:
        """Until it has come."""
        if self._come:
            return
        told = asyncio.get_running_loop().create_future()
        self._waiting.add(told)
        try:
            await told
        finally:
            self._waiting.discard(told)

    def tell(self) -> None:
        """It has come."""
        self._come = True
        for told in self._waiting:
            if not told.done():
                told.set_result(None)
