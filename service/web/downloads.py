"""A summary's part of the log as a file, with proofs: for who wants to check it at home."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import IO
from uuid import UUID

import asyncpg
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from service.exports.summary import NotPublic, NotSealed, summary_file
from service.web.refusals import Refused

AT_ONCE = 2  # files that are written at the same time
IN_MEMORY = 4_000_000  # bytes of a file; longer ones go to the disk
BLOCK = 65_536
SECONDS = 60.0


def download_routes(pool: asyncpg.Pool) -> list[Route]:
    """The addresses of downloads."""
    places = asyncio.Semaphore(AT_ONCE)

    async def events(request: Request) -> Response:
        """The file is whole before the first byte is sent: a slow reader holds no connection."""
        summary_id: UUID = request.path_params["id"]
        file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 (closed when it is sent)
        try:
            async with asyncio.timeout(SECONDS), places:
                await _write(pool, summary_id, file)
        except TimeoutError as error:
            file.close()
            message = "Too many files are wanted at once: try again."
            raise Refused(503, "BUSY", message, {"Retry-After": "10"}) from error
        except BaseException:
            file.close()
            raise
        size = file.tell()
        file.seek(0)
        headers = {
            "Content-Disposition": f'attachment; filename="summary-{summary_id}.events.jsonl.gz"',
            "Content-Length": str(size),
            "Cache-Control": "no-cache",
        }
        return StreamingResponse(_blocks(file), headers=headers, media_type="application/gzip")

    return [Route("/summaries/{id:uuid}/events.jsonl.gz", events)]


async def _write(pool: asyncpg.Pool, summary_id: UUID, file: IO[bytes]) -> None:
    """Errors: Refused."""
    try:
        async with aclosing(summary_file(pool, summary_id)) as blocks:
            async for block in blocks:
                file.write(block)
    except NotPublic as error:
        raise Refused(404, "NOT_FOUND", str(error)) from error
    except NotSealed as error:
        raise Refused(503, "BUSY", str(error), {"Retry-After": "2"}) from error


async def _blocks(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block
