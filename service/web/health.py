"""Probes: whether the process lives, and whether it can serve."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from projections import progress
from projections.runner import Runner
from schema.context import Tools
from service.web.middleware import is_unreachable
from service.web.refusals import JSON

MOST_LAG = 10_000  # events that the read models may be behind
PATIENCE = 2.0  # seconds that the database has to answer

LED = "SELECT 1 FROM projection_leases WHERE name = 'core' AND expires_at > clock_timestamp()"


async def healthz(_request: Request) -> Response:
    """The process is alive: 200, always."""
    return _json(200, {"status": "ok"})


def readyz(tools: Tools, runner: Runner) -> Callable[[Request], Awaitable[Response]]:
    """200 when the database answers, somebody projects and the read models are not far behind; else 503.

    Shape:  reasons: what is missing, in sentences; head and position: null when they are unknown.
    """

    async def ready(_request: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                state = await _state(tools, runner)
        except Exception as error:
            if not is_unreachable(error):
                raise
            state = {"reasons": ["The database does not answer."], "head": None, "position": None}
        status = "waiting" if state["reasons"] else "ready"
        return _json(503 if state["reasons"] else 200, {"status": status, **state})

    return ready


async def _state(tools: Tools, runner: Runner) -> dict[str, Any]:
    position = await progress.position(tools.pool)
    head = (await tools.store.head()).position
    reasons = []
    if not await tools.pool.fetch(LED):
        reasons.append("Nobody projects the log at the moment.")
    if head - position > MOST_LAG:
        reasons.append(f"The read models are {head - position:,} events behind; {MOST_LAG:,} are allowed.")
    if runner.state.failure:
        reasons.append("The projection is held up: the log of this process says by what.")
    return {"reasons": reasons, "head": head, "position": position}


def _json(status: int, body: object) -> Response:
    return Response(msgspec.json.encode(body), status, {"Cache-Control": "no-store"}, JSON)
