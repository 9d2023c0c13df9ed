"""Summaries with a history."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from tests.schema.people import Api


async def written(person: Api, *texts: str, key: str = "k", anonymous: bool = False) -> str:
    """The id of a summary that said all this, one after another."""
    first, *more = texts
    summary = await person.summary(await person.paper(key), first, anonymous=anonymous)
    for number, text in enumerate(more, start=1):
        await revised(person, summary, number, text)
    return summary


async def revised(person: Api, summary: str, expected: int, text: str, note: str | None = None) -> None:
    outcome = await person.do(
        "reviseSummary", summaryId=summary, body=text, expectedRevision=expected, note=note
    )
    assert outcome["__typename"] == "SummaryPayload", outcome


async def redacted(person: Api, summary: str, number: int, **more: Any) -> Any:
    outcome = await person.do("redactRevision", summaryId=summary, number=number, **more)
    assert outcome["__typename"] == "RedactionPayload", outcome
    return outcome


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[list[str]]:
    """What the database is asked through the pool."""
    asked: list[str] = []
    pool = api.tools.pool
    async with AsyncExitStack() as stack:
        for _ in range(pool.get_max_size()):
            conn = await stack.enter_async_context(pool.acquire())
            conn.add_query_logger(lambda record: asked.append(record.query))
    yield asked


async def statements(person: Api, query: str, **variables: Any) -> list[str]:
    """What the operation asks the database, without what followers ask meanwhile."""
    async with listening(person) as asked:
        assert await person.read(query, **variables)
    return [one for one in asked if any(name in one for name in ("read.", "payloads", "FROM unnest"))]
