"""Clients that go away while they are answered: a query that nobody waits for is given up."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from graphql import OperationType
from starlette.requests import Request
from starlette.types import Receive

from schema.context import Context
from service.web.refusals import Refused

T = TypeVar("T")

CLOSED = 499  # no standard has it, and nobody gets it; logs and metrics do


async def gone_away(receive: Receive) -> None:
    """Wait until the client has closed the connection. Shape: the request's body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def while_awaited(request: Request, context: Context, running: Coroutine[Any, Any, T]) -> T:
    """What comes of an operation. A mutation goes on without its client: it may be half done.

    Errors: Refused for a query that was given up; those of the operation.
    """
    work = asyncio.create_task(running)  # the first to run: then it is known what is asked
    gone = asyncio.create_task(gone_away(request.receive))
    try:
        await asyncio.wait((work, gone), return_when=asyncio.FIRST_COMPLETED)
        if not work.done() and _is_query(context):
            raise Refused(CLOSED, "INVALID", "The client went away, and its query was given up.")
        return await work
    finally:
        gone.cancel()
        work.cancel()
        await asyncio.gather(work, gone, return_exceptions=True)


def _is_query(context: Context) -> bool:
    return context.asked is not None and context.asked.operation is OperationType.QUERY
