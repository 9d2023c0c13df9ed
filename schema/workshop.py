"""Where texts are worked on: it can take seconds, so it has a thread of its own and few places.

Who waits for it holds a connection meanwhile. One thread is enough: Python runs one at a time,
and more of them keep the event loop waiting.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from graphql import GraphQLError

from schema.places import Places

P = ParamSpec("P")
T = TypeVar("T")

PLACES = 4  # operations whose texts are worked on, or wait for it, at once
SECONDS = 5.0  # of work for one operation


class Workshop:
    """One of a process for each kind of work.

    Units:  seconds are the thread's own, of all that one operation has it do.
    """

    def __init__(self, places: int = PLACES, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.places = Places(places)
        self.thread = ThreadPoolExecutor(1, "workshop")


class Bench:
    """What the operation that reads a snapshot has of the workshop.

    Shape:  operations take turns: each has at most one piece of work in the queue. Units: spent are seconds
            that it had before.
    """

    def __init__(self, workshop: Workshop, spent: float = 0.0) -> None:
        self.spent = spent
        self._workshop = workshop
        self._turn = asyncio.Lock()
        self._admitted = self._has_place = self._closed = False

    def enter(self, *, anyway: bool = False) -> None:
        """Take a place until `close`; harmless when repeated. Before texts are loaded, best of all.

        Shape:  anyway: also when none is left, for what cannot be asked again.
        Errors: GraphQLError BUSY; RuntimeError after `close`.
        """
        if self._closed:
            raise RuntimeError("this operation is over: nothing is worked on for it")
        if not self._admitted:
            self._has_place = self._workshop.places.enter()
            if not self._has_place and not anyway:
                raise _full()
            self._admitted = True

    async def work(self, function: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
        """What a function gives, in the thread. Errors: as `enter`; GraphQLError TIMEOUT."""

        def timed() -> T:
            began = time.thread_time()
            try:
                return function(*args, **more)
            finally:
                self.spent += time.thread_time() - began

        async with self._turn:
            self.enter()
            if self.spent > self._workshop.seconds:
                raise _too_long(self._workshop.seconds)
            return await asyncio.get_running_loop().run_in_executor(self._workshop.thread, timed)

    def close(self) -> None:
        """Give the place back; what is under way is the last. Harmless when repeated."""
        self._closed = True
        if self._has_place:
            self._has_place = False
            self._workshop.places.leave()


def _full() -> GraphQLError:
    return GraphQLError(
        "Too many texts are being compared or rendered just now: try again in a few seconds.",
        extensions={"code": "BUSY"},
    )


def _too_long(seconds: float) -> GraphQLError:
    return GraphQLError(
        f"The work on these texts took more than {seconds:g} seconds and was stopped: ask for fewer at once, "
        "and for the others in an operation of their own.",
        extensions={"code": "TIMEOUT"},
    )
