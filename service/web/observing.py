"""Around every request: its id, one line in the log, and its share of the metrics."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import structlog
from graphql import FieldNode, OperationDefinitionNode
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from schema.message import FAILURES

log = structlog.get_logger()

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by machines
INTROSPECTION = frozenset({"__schema", "__type", "__typename"})

Outcome = Literal["ok", "refused", "failed"]


@dataclass(slots=True)
class Observed:
    """What is known of a request when it has been answered.

    Shape:  kind is query, mutation, subscription or http; operation is a root field of the schema, the
            pattern of an address, "several" or "other": never what a client made up; name is what the
            client calls its operation; codes are those of the errors in a GraphQL answer.
    """

    kind: str = "http"
    operation: str = "other"
    name: str | None = None
    codes: tuple[str, ...] = ()
    status: int = 0
    seconds: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """Refused: the client's doing. Failed: ours."""
        if self.status >= 500 or not FAILURES.isdisjoint(self.codes) or self.status == 0:
            return "failed"
        return "refused" if self.status >= 400 or self.codes else "ok"

    def asked(self, operation: OperationDefinitionNode, fields: frozenset[str]) -> None:
        """A GraphQL operation; fields are the root fields that there are."""
        self.kind = operation.operation.value
        self.name = operation.name.value[:64] if operation.name else None
        chosen = operation.selection_set.selections
        names = {one.name.value if isinstance(one, FieldNode) else "other" for one in chosen}
        self.operation = "several" if len(names) > 1 else names.pop()
        if self.operation not in fields | INTROSPECTION | {"several"}:
            self.operation = "other"


Tell = Callable[[Observed], None]


def observed(scope: Scope) -> Observed:
    """What is noted about the request of this scope."""
    found: Observed = scope["observed"]
    return found


class Observing:
    """Gives each request an id, which is in its answer and in every line of the log that it causes.

    Shape:  an X-Request-Id that came with the request is kept if it is short and plain; `names` maps
            endpoints to the patterns of their addresses; `tell` gets each request when it has ended.
    """

    def __init__(self, app: ASGIApp, names: dict[Any, str], tell: Tell) -> None:
        self._app = app
        self._names = names
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id, seen, began = _request_id(scope), Observed(), time.perf_counter()
        scope["observed"] = seen

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, marked)
            finally:
                seen.seconds = time.perf_counter() - began
                self._end(scope, seen)

    def _end(self, scope: Scope, seen: Observed) -> None:
        if seen.kind == "http":
            seen.operation = self._names.get(scope.get("endpoint"), "other")
        self._tell(seen)
        write = log.debug if scope["path"] in QUIET else log.info
        write(
            "request",
            method=scope["method"],
            path=scope["path"],
            kind=seen.kind,
            operation=seen.operation,
            operation_name=seen.name,
            status=seen.status,
            codes=seen.codes,
            duration_ms=round(seen.seconds * 1000, 2),
        )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).getlist("x-request-id")
    if len(given) == 1 and REQUEST_ID.fullmatch(given[0]):
        return given[0]
    return secrets.token_hex(8)
