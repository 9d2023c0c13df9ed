"""The application as clients meet it: on a socket, over a real database, with somebody's work in it."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvicorn
from starlette.applications import Starlette

from projections.progress import Progress
from projections.runner import Runner
from schema.context import Tools
from schema.live import Live
from service.accounts.service import Accounts
from service.app import create_app
from service.citation import Licence
from service.commands import comment, paper, summary, user
from service.commands.context import Context, Done
from service.database import connection_pool, connector
from service.domain.events import Visibility
from service.domain.paper import PaperFields
from service.eventstore.postgres import PostgresStore
from service.settings import Settings
from service.web.connections import Connections
from service.web.metrics import Metrics

PUBLIC = Visibility.PUBLIC


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Site:
    """A running service and a client of it."""

    url: str
    client: httpx.AsyncClient
    tools: Tools
    runner: Runner
    connections: Connections

    @property
    def live(self) -> Live:
        return self.connections.live

    def acting(self, user_id: UUID | None = None) -> Context:
        return Context(self.tools.store, self.tools.secret, self.tools.clock, self.tools.random, user_id)

    async def visible(self, done: Done) -> UUID:
        """Wait until the pages show it."""
        assert await self.tools.progress.wait_for(done.position, 20)
        return done.id

    async def user(self, username: str, display_name: str | None = None) -> UUID:
        return await self.visible(await user.sign_up(self.acting(), user.SignUp(username, display_name)))

    async def paper(self, by: UUID, title: str, key: str, **fields: Any) -> UUID:
        of = PaperFields(title=title, bibtex_key=key, **{"authors": ("Ada Lovelace",), **fields})
        return await self.visible(await paper.register_paper(self.acting(by), paper.RegisterPaper(of)))

    async def summary(
        self,
        by: UUID,
        of: UUID,
        body: str,
        visibility: Visibility = Visibility.PUBLIC,
        note: str | None = None,
    ) -> UUID:
        command = summary.PublishSummary(of, body, visibility, note)
        return await self.visible(await summary.publish_summary(self.acting(by), command))

    async def revise(self, by: UUID, of: UUID, body: str, note: str | None, expected: int) -> None:
        command = summary.ReviseSummary(of, body, note, expected)
        await self.visible(await summary.revise_summary(self.acting(by), command))

    async def comment(self, by: UUID, on: UUID, body: str, parent: UUID | None = None) -> UUID:
        command = comment.PostComment(on, parent, body)
        return await self.visible(await comment.post_comment(self.acting(by), command))

    async def ask(self, query: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        """One operation by POST."""
        return await self.client.post("/graphql", json={"query": query, **more}, headers=headers)


def body_of(response: httpx.Response) -> Any:
    """The body without its extensions, which say the position that the header says too, and nothing else."""
    body, position = response.json(), response.headers.get("position")
    assert body.pop("extensions", None) == (None if position is None else {"position": position})
    return body


@asynccontextmanager
async def running_site(
    database_url: str,
    *,
    projecting: bool = True,
    patience: float = 60.0,
    licence: Licence | None = None,
    **settings: Any,
) -> AsyncIterator[Site]:
    """The service on a free port of this machine; nothing is projected unless `projecting`.

    Units: patience is seconds that a request waits for what is made of the log.
    """
    async with (
        connection_pool(database_url, max_size=8) as pool,
        PostgresStore.open(pool, connector(database_url)) as store,
    ):
        tools = replace(await _tools(pool, store), licence=licence, wait_seconds=patience)
        runner = Runner(pool, store, tools.progress, holder="test")
        task = asyncio.create_task(runner.run()) if projecting else None
        try:
            watch = Metrics(store, runner, pool)
            app = create_app(tools, runner, Settings(**settings), watch)
            async with _served(app) as url, httpx.AsyncClient(base_url=url, timeout=120) as client:
                yield Site(url, client, replace(tools, base_url=url), runner, app.state.connections)
        finally:
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


async def _tools(pool: asyncpg.Pool, store: PostgresStore) -> Tools:
    return Tools(
        store=store,
        pool=pool,
        accounts=Accounts(pool, store, now, os.urandom),
        progress=Progress(pool),
        log_id=(await store.head()).log_id,
        secret=await pool.fetchval("SELECT secret FROM installation"),
        clock=now,
        random=os.urandom,
        base_url="http://test",
    )


@asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[str]:
    listener = socket.socket(proto=socket.IPPROTO_TCP)  # named, else asyncio leaves TCP_NODELAY off
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:  # noqa: ASYNC110 (uvicorn sets no event)
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task
        listener.close()
