"""More writes than the log can take: the ones too many are told so, at once, and leave nothing."""

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest

from projections.progress import Progress
from projections.runner import Runner
from schema.context import Tools
from service.accounts.service import Accounts
from service.app import create_app
from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from service.serving import beside
from service.settings import Settings
from tests.end_to_end.client import Person, paper_fields
from tests.end_to_end.server import PATIENCE

QUEUE = 3
LOCKED = "SELECT count(*) > 0 FROM pg_locks WHERE NOT granted"


@pytest.fixture
async def tools(database_url: str) -> AsyncIterator[Tools]:
    """With a queue that is soon full."""
    limits = Limits(queue=QUEUE, batch=1, give_up_after=PATIENCE)
    async with (
        connection_pool(database_url) as pool,
        PostgresStore.open(pool, connector(database_url), limits=limits) as store,
    ):
        yield Tools(
            store=store,
            pool=pool,
            accounts=Accounts(pool, store, now, os.urandom),
            progress=Progress(pool),
            log_id=(await store.head()).log_id,
            secret=await pool.fetchval("SELECT secret FROM installation"),
            clock=now,
            random=os.urandom,
            base_url="http://test",
            wait_seconds=PATIENCE,
        )


@pytest.fixture
async def visitor(tools: Tools) -> AsyncIterator[Person]:
    runner = Runner(tools.pool, tools.store, tools.progress, holder="test")
    transport = httpx.ASGITransport(create_app(tools, runner, Settings()))
    async with (
        beside(runner.run()),
        httpx.AsyncClient(transport=transport, base_url="http://test", timeout=PATIENCE) as http,
    ):
        yield Person(http)


def now() -> datetime:
    return datetime.now(UTC)


async def queued(store: PostgresStore, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while store.waiting != count:  # noqa: ASYNC110 (the queue tells nobody)
            await asyncio.sleep(0.01)


async def test_a_full_queue_is_busy_and_takes_nothing(
    visitor: Person, tools: Tools, database_url: str
) -> None:
    store = tools.store
    assert isinstance(store, PostgresStore)
    ada = await visitor.sign_up("ada")
    position = (await store.head()).position
    holder = await asyncpg.connect(database_url)
    held = holder.transaction()
    await held.start()
    await holder.execute("SELECT FROM log_head FOR UPDATE")

    def attempt(key: str) -> asyncio.Task[object]:
        return asyncio.create_task(ada.do("registerPaper", fields=paper_fields(key), idempotencyKey=key))

    taken = [attempt("under-way")]
    async with asyncio.timeout(PATIENCE):
        while not await holder.fetchval(LOCKED):  # noqa: ASYNC110 (the writer waits)
            await asyncio.sleep(0.01)
    taken += [attempt(f"waiting-{n}") for n in range(QUEUE)]
    await queued(store, QUEUE)

    refused = await ada.attempt("registerPaper", fields=paper_fields("refused"), idempotencyKey="refused")
    newcomer = await visitor.attempt("signUp", username="bob", password="a long enough password")

    assert (refused.codes, newcomer.codes) == (["BUSY"], ["BUSY"])
    assert "try again" in refused.body["errors"][0]["message"]
    assert refused.body["data"] is None
    await held.rollback()
    await holder.close()
    outcomes = await asyncio.gather(*taken)
    assert len({str(outcome) for outcome in outcomes}) == len(taken)
    assert (await store.head()).position == position + len(taken)
    assert await ada.read('{ paper(by: { bibtexKey: "refused" }) { id } }') == {"paper": None}
    again = await ada.do("registerPaper", fields=paper_fields("refused"), idempotencyKey="refused")
    assert again["__typename"] == "PaperPayload"
    assert (await visitor.sign_up("bob")).token
