"""Witnesses that run in tests, behind real HTTP."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from service.verification.addresses import WitnessAddress
from service.verification.cosigning import Cosigner
from service.verification.notes import Verifier
from service.witness import Memory, Witness, witness_app

COSIGNER = Cosigner.from_private("witness.example/w1", b"\7" * 32)


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The address at which the app answers until the end of the body."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", ws="none"))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = server.force_exit = True
            await task


@asynccontextmanager
async def watching(
    state: Path, logs: Sequence[str], cosigner: Cosigner = COSIGNER
) -> AsyncIterator[WitnessAddress]:
    """A witness of logs with these keys, that remembers in this file."""
    with Memory.opened(state) as memory:
        witness = Witness(cosigner, [Verifier.from_vkey(vkey) for vkey in logs], memory, time.time)
        async with serving(witness_app(witness)) as url:
            yield WitnessAddress(cosigner.vkey, url)
