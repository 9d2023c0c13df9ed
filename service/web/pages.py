"""Pages for people: server-rendered, without scripts, as a visitor sees them."""

from collections.abc import Awaitable, Callable
from typing import NoReturn

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from projections.reading import Reader
from schema.context import Context, Operation, Tools
from schema.reading import TookTooLong
from service.domain.errors import Invalid
from service.web.blame import blame_page, revision_blame_page
from service.web.changes import changes_page, patch
from service.web.home import home
from service.web.layout import NotThere, not_found
from service.web.paper import old_address, paper_page
from service.web.proofs import log_page
from service.web.refusals import Refused, invalid
from service.web.revision import revision_page
from service.web.summary import summary_page
from service.web.venue import old_venue_address, venue_page

Show = Callable[[Operation, Request], Awaitable[Response]]
STATUS = {"INVALID": 400, "LIMIT_EXCEEDED": 400, "NOT_YET_VISIBLE": 503, "BUSY": 503, "TIMEOUT": 503}


def page_routes(tools: Tools, sdl: str) -> list[Route]:
    """The addresses of all pages."""
    shows: dict[str, Show] = {
        "/": _read_only(home),
        "/paper": _read_only(old_address),
        "/papers/{id:uuid}": paper_page,
        "/summaries/{id:uuid}": summary_page,
        "/summaries/{id:uuid}/blame": blame_page,
        "/summaries/{id:uuid}/changes": changes_page,
        "/summaries/{id:uuid}/changes.diff": patch,
        "/summaries/{id:uuid}/revisions/{number}": revision_page,
        "/summaries/{id:uuid}/revisions/{number}/blame": revision_blame_page,
        "/log": log_page,
        "/venue": _read_only(old_venue_address),
        "/venues/{key:path}": _read_only(venue_page),
    }

    async def schema_page(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    routes = [Route(path, _in_one_snapshot(tools, show)) for path, show in shows.items()]
    return [*routes, Route("/schema.graphql", schema_page)]


def _read_only(show: Callable[[Reader, Request], Awaitable[Response]]) -> Show:
    """A page that only needs a snapshot."""
    return lambda operation, request: show(operation.session, request)


def _in_one_snapshot(tools: Tools, show: Show) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        operation = Operation(Context(tools))
        try:
            return await show(operation, request)
        except NotThere:
            return not_found()
        except (GraphQLError, Invalid, TookTooLong) as error:
            _refuse(error)
        finally:
            await operation.close()

    return endpoint


def _refuse(error: GraphQLError | Invalid | TookTooLong) -> NoReturn:
    """What loaders and rules of the API refuse, as pages tell it. Errors: Refused."""
    if isinstance(error, Invalid):
        raise invalid(error.message, argument=".".join(error.path)) from error
    if isinstance(error, TookTooLong):
        message = "This page takes too long to make just now: try again later."
        raise Refused(503, "TIMEOUT", message, {"Retry-After": "10"}) from error
    details = dict(error.extensions or {})
    code = details.pop("code", None)
    if code not in STATUS:
        raise error
    later = {"Retry-After": "1"} if STATUS[code] == 503 else None
    raise Refused(STATUS[code], code, error.message, later, **details) from error
