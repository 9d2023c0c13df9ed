"""GraphiQL at /graphql, from files that come with the installation: it works without the internet."""

from importlib.util import find_spec
from pathlib import Path

from starlette.responses import HTMLResponse

from service.web.markup import template

PACKAGE = "graphene_django_graphiql_static"
"""A wheel of GraphiQL's browser files with React. Nothing of it is imported: it depends on nothing."""

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": CONTENT_SECURITY, "Cache-Control": "no-cache"}


def graphiql_page() -> HTMLResponse:
    """The page; `query` and `variables` in the address are put into its editors."""
    return HTMLResponse(template("graphiql.html"), headers=HEADERS)


def graphiql_files() -> Path:
    """The folder of GraphiQL's own files. Errors: ModuleNotFoundError when they are not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"GraphiQL's files are missing: install the package {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "static" / PACKAGE
