"""The sealed log for programs that check it: checkpoints, proofs and keys."""

import base64
import re
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from projections import log_keys
from projections.reading import Reader
from projections.tree_reader import (
    checkpoints_by_size,
    consistency_proof,
    inclusion_proofs,
    latest_checkpoint,
    leaf_hashes,
)
from schema.reading import ReadSession
from service.verification.errors import ProofError
from service.web.refusals import JSON, Refused, invalid

NUMBER = re.compile("[1-9][0-9]{0,17}")
HEADERS = {"Cache-Control": "no-cache"}  # cosignatures come, and after a restore a size means another tree

Answer = Callable[[Reader, Request], Awaitable[Response]]


def sealed_routes(pool: asyncpg.Pool, witnesses: Sequence[str]) -> list[Route]:
    """The addresses of the sealed log. Shape: witnesses are the keys of those who cosign it."""

    async def checkpoint(conn: Reader, request: Request) -> Response:
        """The newest checkpoint, or with `size` the one of this size, as a signed note."""
        if "size" in request.query_params:
            [found] = await checkpoints_by_size(conn, [_number(request, "size")])
        else:
            found = await latest_checkpoint(conn, witnesses)
        if found is None:
            raise Refused(404, "NOT_FOUND", "There is no such checkpoint: the newest is at /log/checkpoint.")
        return PlainTextResponse(found.note, headers=HEADERS)

    answers: dict[str, Answer] = {
        "/log/checkpoint": checkpoint,
        "/log/keys": _keys,
        "/log/proofs/inclusion": _inclusion,
        "/log/proofs/consistency": _consistency,
    }
    return [Route(path, _in_one_snapshot(pool, answer)) for path, answer in answers.items()]


async def _keys(conn: Reader, _request: Request) -> Response:
    """The keys with which this log signs, a line each."""
    lines = [f"{key}\n" for key in await log_keys.keys(conn)]
    return PlainTextResponse("".join(lines), headers=HEADERS)


async def _inclusion(conn: Reader, request: Request) -> Response:
    """That the event at `position` is in the tree of `size` events."""
    position, size = _number(request, "position"), _number(request, "size")
    if position > size:
        raise invalid(
            f"Position {position} is not one of the first {size}: ask for a larger size.", parameter="size"
        )
    [path] = await inclusion_proofs(conn, [position], size)
    [leaf] = await leaf_hashes(conn, [position])
    return _json(
        {"position": position, "size": size, "leaf": _written(leaf), "path": list(map(_written, path))}
    )


async def _consistency(conn: Reader, request: Request) -> Response:
    """That the tree of `first` events is the beginning of the tree of `second`."""
    first, second = _number(request, "first"), _number(request, "second")
    if first > second:
        raise invalid(f"The first {first} positions are more than the first {second}.", parameter="second")
    path = await consistency_proof(conn, first, second)
    return _json({"first": first, "second": second, "path": list(map(_written, path))})


def _in_one_snapshot(pool: asyncpg.Pool, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        session = ReadSession(pool)
        try:
            return await answer(session, request)
        except ProofError as error:
            raise invalid(f"There is no such proof: {error}.") from error
        finally:
            await session.close()

    return endpoint


def _number(request: Request, name: str) -> int:
    """Errors: Refused."""
    value = request.query_params.get(name, "")
    if not NUMBER.fullmatch(value):
        raise invalid(f"The address needs the parameter {name}, a whole number from 1.", parameter=name)
    return int(value)


def _written(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _json(body: object) -> Response:
    return Response(msgspec.json.encode(body), headers=HEADERS, media_type=JSON)
