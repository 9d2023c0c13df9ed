"""SIGINT and SIGTERM: they end a start that is under way, and afterwards stop what runs, in order."""

import asyncio
import signal
from collections.abc import Callable
from typing import Self

STOPPING = (signal.SIGINT, signal.SIGTERM)


class Signals:
    """While the body runs: before `stop` is set a signal cancels the task; then it calls `stop`.

    Shape:  stop is called again by every further signal, so that a second one need not wait.
    """

    def __init__(self) -> None:
        self.stop: Callable[[], None] | None = None
        self._task = asyncio.current_task()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, self.received)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.remove_signal_handler(number)

    def received(self) -> None:
        """As a signal does."""
        if self.stop is not None:
            self.stop()
        elif self._task is not None:
            self._task.cancel()
