"""One operation shows one moment; the next one shows a new one."""

import asyncio
from dataclasses import replace

import pytest

from projections.feed import count_latest
from projections.rebuild import rebuild
from schema.context import Context, open_context
from schema.reading import ReadSession
from tests.schema.people import Api

COUNT = "{ feed { totalCount } }"


async def test_a_snapshot_stays_as_it_was(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    before = ReadSession(api.tools.pool)
    assert await count_latest(before) == 0
    await ada.summary(paper)
    assert await count_latest(before) == 0
    after = ReadSession(api.tools.pool)
    assert await count_latest(after) == 1
    assert (before.position, after.position) == (2, 4)
    for session in (before, after, after):
        await session.close()
    with pytest.raises(RuntimeError, match="closed"):
        await count_latest(after)


async def test_a_context_that_lives_longer_reads_anew_each_time(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("k")
    context = Context(api.tools)
    counts = []
    for _ in range(2):
        result = await api.schema.execute(COUNT, None, context)
        assert result.data is not None
        counts.append(result.data["feed"]["totalCount"])
        if len(counts) == 1:
            await ada.summary(paper)
    assert counts == [0, 1]
    assert context.position == 4


async def test_an_answer_that_needs_no_position_does_not_wait_for_one(api: Api) -> None:
    hasty = replace(api, tools=replace(api.tools, wait_seconds=0.1))
    async with api.tools.pool.acquire() as conn, conn.transaction():
        await conn.execute("LOCK TABLE read.checkpoint IN ACCESS EXCLUSIVE MODE")
        assert await hasty.read("{ __typename }") == {"__typename": "Query"}
    assert hasty.context.position_header() is None


async def test_an_answer_tells_its_position(api: Api) -> None:
    await api.read("{ __typename }")  # it reads nothing
    assert api.context.position == 0
    await api.ask("{ nothing }")  # it does not run
    assert api.context.position_header() is None
    ada = await api.person("ada")
    outcome = await ada.do("registerPaper", fields={"bibtexKey": "k", "title": "T", "authors": []})
    assert ada.context.position_header() == outcome["position"]
    await ada.ask(
        """mutation { registerPaper(input: {fields: {bibtexKey: "l", title: "T", authors: []}}) {
             ... on PaperPayload { position } } }"""
    )
    assert ada.context.position == 3  # nothing was read, and yet it is there to be read
    context = await open_context(api.tools, min_position=ada.context.position_header())
    result = await api.schema.execute(COUNT, None, context)
    assert result.errors is None
    assert context.position == 3


async def test_a_snapshot_never_sees_the_tables_of_two_builds(api: Api) -> None:
    ada = await api.person("ada")
    await ada.summary(await ada.paper("k"))
    before, during = ReadSession(api.tools.pool), ReadSession(api.tools.pool)
    assert await count_latest(before) == 1
    rebuilding = asyncio.create_task(rebuild(api.tools.pool, api.tools.store))
    waits = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock')"
    async with asyncio.timeout(30):
        while not await api.tools.pool.fetchval(waits):  # noqa: ASYNC110 (PostgreSQL tells nobody)
            await asyncio.sleep(0.01)
    assert await count_latest(before) == 1
    reading = asyncio.create_task(count_latest(during))
    assert not rebuilding.done()
    await before.close()
    assert await reading == 1
    assert during.position == await rebuilding
    await during.close()
