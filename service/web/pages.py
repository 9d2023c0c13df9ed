"""Pages for people: server-rendered, without scripts, as a visitor sees them."""

from collections.abc import Awaitable, Callable

import asyncpg
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from projections.reading import Reader
from schema.reading import ReadSession
from service.web.home import home
from service.web.layout import NotThere, not_found
from service.web.paper import old_address, paper_page
from service.web.summary import revision_page, summary_page
from service.web.venue import old_venue_address, venue_page

Show = Callable[[Reader, Request], Awaitable[Response]]


def page_routes(pool: asyncpg.Pool, sdl: str) -> list[Route]:
    """The addresses of all pages."""
    shows: dict[str, Show] = {
        "/": home,
        "/paper": old_address,
        "/papers/{id:uuid}": paper_page,
        "/summaries/{id:uuid}": summary_page,
        "/venue": old_venue_address,
        "/venues/{key:path}": venue_page,
        "/summaries/{id:uuid}/revisions/{number}": revision_page,
    }

    async def schema_page(_request: Request) -> Response:
        return PlainTextResponse(sdl)

    routes = [Route(path, _in_one_snapshot(pool, show)) for path, show in shows.items()]
    return [*routes, Route("/schema.graphql", schema_page)]


def _in_one_snapshot(pool: asyncpg.Pool, show: Show) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = ReadSession(pool)
        try:
            return await show(session, request)
        except NotThere:
            return not_found()
        finally:
            await session.close()

    return endpoint
