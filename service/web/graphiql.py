"""GraphiQL at /graphql, from files that come with the installation: it works without the internet."""

import re
from importlib.util import find_spec
from pathlib import Path

from starlette.responses import HTMLResponse

from service.web.markup import template

PACKAGE = "graphene_django_graphiql_static"
"""A wheel of GraphiQL's browser files with React. Nothing of it is imported: it depends on nothing."""

CONTENT_SECURITY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src {connect}; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HOST = re.compile(r"[A-Za-z0-9._-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?", re.ASCII)


def graphiql_page(host: str) -> HTMLResponse:
    """The page; `query` and `variables` in the address are put into its editors.

    Shape:  host is what the browser calls this site. Its WebSockets may be opened, for not every browser
            counts them to 'self'; whether they are secure is known only where TLS ends.
    """
    connect = f"'self' ws://{host} wss://{host}" if _HOST.fullmatch(host) else "'self'"
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY.format(connect=connect),
        "Cache-Control": "no-cache",
    }
    return HTMLResponse(template("graphiql.html"), headers=headers)


def graphiql_files() -> Path:
    """The folder of GraphiQL's own files. Errors: ModuleNotFoundError when they are not installed."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"GraphiQL's files are missing: install the package {PACKAGE}")
    return Path(spec.submodule_search_locations[0]) / "static" / PACKAGE
