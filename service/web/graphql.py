"""GraphQL over HTTP: one operation by POST, or one query by GET."""

from contextlib import ExitStack
from typing import Any

import msgspec
import strawberry
from cross_web import StarletteRequestAdapter
from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.http.base import BaseRequestProtocol
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from schema.context import Context, Tools
from schema.executing import EVERYTHING
from schema.message import Asked, could_not_run
from service.web.authorization import check_admitted, context_of, reach_asked
from service.web.connections import Connections
from service.web.gone import while_awaited
from service.web.graphiql import graphiql_page
from service.web.middleware import refusal_of
from service.web.negotiation import GRAPHQL_RESPONSE, answer_type, wants_events, wants_html
from service.web.observing import Observed, observed
from service.web.parameters import from_address, from_body
from service.web.refusals import JSON, Refused, invalid, passing
from service.web.sse import EventStream

ALLOWED = {"Allow": "GET, POST"}
VARY = "Accept, Authorization, Min-Position"
READING = frozenset({OperationType.QUERY})
WRITING = READING | {OperationType.MUTATION}
NO_STREAM = (
    "A subscription is followed over a WebSocket, by the protocol graphql-transport-ws, or with the header "
    "Accept: text/event-stream."
)


class _Adapter(StarletteRequestAdapter):
    """Keeps the request at hand, for its body to be read within bounds."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.request = request


class GraphQLEndpoint(GraphQL[Context, None]):
    """The address /graphql.

    Shape:  200 for an operation that ran, whatever its fields say. One that could not run (parsing,
            validation, variables) has no `data`, and its status is 400, but 200 for clients that ask
            for application/json. For clients that ask for text/event-stream, events, in either case. All
            else (method, media type, size, token, position) is told by its status, as JSON too.
    Errors: none: what nobody foresaw is logged, and answered with an errorId.
    """

    request_adapter_class = _Adapter

    def __init__(self, schema: strawberry.Schema, tools: Tools, connections: Connections) -> None:
        super().__init__(schema, graphql_ide=None, subscription_protocols=(), multipart_uploads_enabled=False)
        self._tools = tools
        self._connections = connections
        self._fields = _root_fields(schema)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        response.headers.setdefault("Vary", VARY)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method == "GET" and wants_html(request):
            return graphiql_page(request.headers.get("host", ""))
        media_type = JSON
        try:
            if wants_events(request):
                return await self._events(request)
            media_type = _media_type(request)
            _check_method(request)
            return await self.run(request)
        except Exception as error:  # becomes an answer, and is logged there if nobody foresaw it
            refused = refusal_of(error, request.url.path)
            observed(request.scope).codes = (refused.code,)
            return refused.response(media_type)

    async def _events(self, request: Request) -> Response:
        """The operation as a stream of events, also when it could not run: so its protocol has it."""
        _check_method(request)
        by_get = request.method == "GET"
        found = from_address(request) if by_get else await from_body(request)
        context = await context_of(request, self._tools)
        check_admitted(context)
        asked = Asked(found.query, found.variables, found.operation_name, context.token)
        allowed = EVERYTHING - {OperationType.MUTATION} if by_get else EVERYTHING
        resume = request.headers.get("last-event-id") or None
        with ExitStack() as place:
            place.enter_context(self._connections.counted())
            await reach_asked(self._tools, found.extensions)
            stream = await self._connections.live.open(asked, resume=resume, allowed=allowed)
            if stream.operation is not None:
                observed(request.scope).asked(stream.operation, self._fields)
            if stream.failure is not None:
                raise passing(stream.failure)
            return EventStream(stream, self._connections, context.token, place.pop_all())

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        return False  # decided before

    async def get_context(self, request: Request | WebSocket, response: Response | WebSocket) -> Context:
        return await context_of(_http(request), self._tools)

    async def get_sub_response(self, request: Request | WebSocket) -> Response:
        """Where status, media type and headers of the answer are gathered."""
        response = Response(status_code=200, media_type=_media_type(_http(request)))
        del response.headers["content-length"]
        return response

    async def parse_http_body(self, request: Any) -> GraphQLRequestData:
        adapter: _Adapter = request
        by_get = adapter.method == "GET"
        found = from_address(adapter.request) if by_get else await from_body(adapter.request)
        return GraphQLRequestData(found.query, found.variables, found.operation_name, found.extensions)

    async def execute_operation(  # type: ignore[override]  # neither batches nor streams
        self,
        request: Request,
        request_adapter: _Adapter,
        request_data: GraphQLRequestData,
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> ExecutionResult:
        try:
            result = await while_awaited(request, context, self._execute(request, request_data, context))
        except Refused:
            check_admitted(context)
            raise
        check_admitted(context)
        self._note(observed(request.scope), context, result)
        if could_not_run(result) and GRAPHQL_RESPONSE in str(sub_response.media_type):
            sub_response.status_code = 400
        if position := context.position_header():
            sub_response.headers["Position"] = position
            result.extensions = {**(result.extensions or {}), "position": position}
        is_public = request.method == "GET" and context.token is None
        sub_response.headers["Cache-Control"] = "private, no-cache" if is_public else "no-store"
        return result

    def _note(self, seen: Observed, context: Context, result: ExecutionResult) -> None:
        if context.asked is not None:
            seen.asked(context.asked, self._fields)
        errors: list[GraphQLError] = result.errors or []
        seen.codes = tuple(sorted({str((error.extensions or {}).get("code")) for error in errors}))

    async def _execute(self, request: Request, data: GraphQLRequestData, context: Context) -> ExecutionResult:
        if not context.stranger:
            await reach_asked(self._tools, data.extensions)
        try:
            return await self.schema.execute(
                data.query,
                variable_values=data.variables,
                context_value=context,
                operation_name=data.operation_name,
                allowed_operation_types=READING if request.method == "GET" else WRITING,
                operation_extensions=data.extensions,
            )
        except CannotGetOperationTypeError as error:
            raise _unknown_operation(error.operation_name) from error
        except InvalidOperationTypeError as error:
            if error.operation_type is OperationType.SUBSCRIPTION:
                raise Refused(406, "INVALID", NO_STREAM) from error
            raise Refused(
                405, "INVALID", "Only queries go by GET: send it by POST.", {"Allow": "POST"}
            ) from error

    async def process_result(self, request: Request, result: ExecutionResult) -> GraphQLHTTPResponse:
        answer = await super().process_result(request, result)
        if could_not_run(result):
            del answer["data"]
        return answer

    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        headers = dict(sub_response.headers)
        return Response(self.encode_json(response_data), sub_response.status_code, headers)

    def encode_json(self, data: object) -> str:
        return msgspec.json.encode(data).decode()


def _root_fields(schema: strawberry.Schema) -> frozenset[str]:
    core = schema._schema
    roots = (core.query_type, core.mutation_type, core.subscription_type)
    return frozenset(name for root in roots if root for name in root.fields)


def _media_type(request: Request) -> str:
    return f"{answer_type(request.headers.get('accept'))}; charset=utf-8"


def _http(request: Request | WebSocket) -> Request:
    if not isinstance(request, Request):
        raise TypeError("this address speaks HTTP only")
    return request


def _check_method(request: Request) -> None:
    if request.method not in ("GET", "POST"):
        raise Refused(405, "INVALID", "Send operations by POST, or queries by GET.", ALLOWED)


def _unknown_operation(name: str | None) -> Refused:
    if name is None:
        return invalid("The document has no operation: only fragments.")
    return invalid(f"The document has no operation named {name!r}: operationName is one of its names.")
