"""The application: addresses, and what stands around every answer."""

from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from projections.runner import Runner
from schema.build import build_schema
from schema.context import Tools
from schema.live import Live
from service.settings import Settings
from service.web.compression import Compression
from service.web.connections import Connections
from service.web.cors import cors
from service.web.downloads import download_routes
from service.web.feeds import feed_routes
from service.web.graphiql import graphiql_files
from service.web.graphql import GraphQLEndpoint
from service.web.health import healthz, readyz
from service.web.layout import not_found, notice
from service.web.metrics import Metrics, metrics
from service.web.middleware import CarefulHeaders, LastResort
from service.web.negotiation import wants_html
from service.web.observing import Observed, Observing
from service.web.pages import page_routes
from service.web.refusals import Refused
from service.web.sealed import sealed_routes
from service.web.unsubscribe import mail_routes
from service.web.websocket import WebSocketEndpoint

ASSETS = Path(__file__).parent / "web" / "assets"


def create_app(tools: Tools, runner: Runner, settings: Settings, watch: Metrics | None = None) -> Starlette:
    """Everything that is served. Whoever calls starts the tools and the runner before, and stops them after.

    Shape:  watch counts the requests; /metrics shows what it gathers, nothing without it.
    Errors: ModuleNotFoundError when GraphiQL's files are not installed.
    """
    schema = build_schema()
    live = Live(schema, tools)
    if watch:
        watch.watch(live)
    connections = Connections(live, tools)
    routes: list[BaseRoute] = [
        Route("/graphql", GraphQLEndpoint(schema, tools, connections)),
        WebSocketRoute("/graphql", WebSocketEndpoint(connections, settings.allowed_origins)),
        Route("/healthz", healthz),
        Route("/readyz", readyz(tools, runner)),
        *([Route("/metrics", metrics(settings.metrics, watch.gathered))] if watch else []),
        *page_routes(tools, schema.as_str() + "\n"),
        *sealed_routes(tools.pool, tools.witnesses),
        *download_routes(tools.pool),
        *mail_routes(tools.pool, tools.clock),
        *feed_routes(tools),
        Mount("/assets/graphiql", StaticFiles(directory=graphiql_files())),
        Mount("/assets", StaticFiles(directory=ASSETS)),
    ]
    middleware = [
        Middleware(Observing, names=_names(routes), tell=watch.request if watch else _tell_nobody),
        *cors(settings.allowed_origins),
        Middleware(Compression),
        Middleware(CarefulHeaders),
        Middleware(LastResort, answer=_answer),
    ]
    app = Starlette(routes=routes, middleware=middleware, exception_handlers={HTTPException: _http_error})
    app.state.connections = connections
    app.router.redirect_slashes = False  # such a redirect leads to whatever Host the request names
    return app


def _names(routes: list[BaseRoute]) -> dict[Any, str]:
    """The patterns of addresses, by what answers there."""
    named: dict[Any, str] = {one.endpoint: one.path for one in routes if isinstance(one, Route)}
    return named | {one.app: one.path for one in routes if isinstance(one, Mount)}


def _tell_nobody(_seen: Observed) -> None:
    """Without metrics."""


def _answer(request: Request, refused: Refused) -> Response:
    """For a browser a page, for a program JSON."""
    if not wants_html(request):
        return refused.response()
    error_id = refused.details.get("errorId")
    way_out = f" When you tell us about it, name the error {error_id}." if error_id else ""
    return notice(refused.status, "This did not work", refused.message + way_out, refused.headers)


async def _http_error(request: Request, error: Exception) -> Response:
    """What routing refuses: an unknown address, or another method."""
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        message = "There is nothing at this address. The API is at /graphql."
        return not_found() if wants_html(request) else Refused(404, "NOT_FOUND", message).response()
    message = error.detail
    if error.status_code == 405:
        message = "This address can only be read. To change something, use the API at /graphql."
    return _answer(request, Refused(error.status_code, "INVALID", message, error.headers))
