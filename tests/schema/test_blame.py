"""Where the words of a text come from, once the follower has told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from projections.blame import BlameFollower
from schema.cost import MOST_COST
from tests.schema.people import Api
from tests.schema.revisions import listening, redacted, revised, statements, written

BLAME = "{ text revision { number note editor { ... on User { username } } } }"
NOW = f"query ($id: ID!) {{ summary(id: $id) {{ body blame {BLAME} }} }}"
ALL = f"query ($id: ID!) {{ summary(id: $id) {{ revisions {{ nodes {{ number body blame {BLAME} }} }} }} }}"
FIRST, SECOND, THIRD = "The cat sat.", "The black cat sat.", "The black cat sat. It was \U0001f600 happy."


@pytest.fixture
async def following(api: Api) -> AsyncIterator[Api]:
    """With a follower that works out who wrote what."""
    follower = BlameFollower(api.tools.pool, api.tools.store, holder="test")
    running = asyncio.create_task(follower.run())
    yield api
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def blame(api: Api, summary: str) -> list[tuple[str, int]]:
    found = (await api.read(NOW, id=summary))["summary"]
    assert "".join(one["text"] for one in found["blame"]) == (found["body"] or "")
    return [(one["text"], one["revision"]["number"]) for one in found["blame"]]


async def test_each_word_has_the_revision_that_introduced_it(following: Api) -> None:
    ada = await following.person("ada")
    summary = await written(ada, FIRST, SECOND)
    await revised(ada, summary, 2, THIRD, note="why")
    assert await blame(following, summary) == [
        ("The ", 1),
        ("black ", 2),
        ("cat sat.", 1),
        (" It was \U0001f600 happy.", 3),
    ]
    last = (await following.read(NOW, id=summary))["summary"]["blame"][-1]
    assert last["revision"] == {"number": 3, "note": "why", "editor": {"username": "ada"}}


async def test_of_every_revision(following: Api) -> None:
    summary = await written(await following.person("ada"), FIRST, SECOND, THIRD)
    nodes = (await following.read(ALL, id=summary))["summary"]["revisions"]["nodes"]
    for node in nodes:
        assert "".join(one["text"] for one in node["blame"]) == node["body"]
    assert [{one["revision"]["number"] for one in node["blame"]} for node in nodes] == [
        {1},
        {1, 2},
        {1, 2, 3},
    ]


async def test_redacted_ones_are_stepped_over(following: Api) -> None:
    ada = await following.person("ada")
    summary = await written(ada, FIRST, SECOND, THIRD)
    await redacted(ada, summary, 1)
    async with asyncio.timeout(20):
        while {number for _, number in await blame(following, summary)} != {2, 3}:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    nodes = (await following.read(ALL, id=summary))["summary"]["revisions"]["nodes"]
    assert nodes[0]["blame"] == []
    await redacted(ada, summary, 3)
    assert await blame(following, summary) == []


async def test_what_is_not_worked_out_in_time(api: Api) -> None:
    summary = await written(await api.person("ada"), FIRST)
    hasty = replace(api, tools=replace(api.tools, wait_seconds=0.1))
    error = await hasty.refused(NOW, id=summary)
    assert error["extensions"] == {"code": "NOT_YET_VISIBLE"}
    assert error["path"] == ["summary", "blame"]


async def test_what_comes_while_somebody_waits(api: Api) -> None:
    summary = await written(await api.person("ada"), FIRST, SECOND)
    async with listening(api) as asked:
        asking = asyncio.create_task(api.read(ALL, id=summary))
        async with asyncio.timeout(20):
            while sum("JOIN blame" in one for one in asked) < 3:  # noqa: ASYNC110 (it is not told)
                await asyncio.sleep(0.01)
    follower = BlameFollower(api.tools.pool, api.tools.store, holder="test")
    running = asyncio.create_task(follower.run())
    nodes = (await asking)["summary"]["revisions"]["nodes"]
    assert [len(node["blame"]) for node in nodes] == [1, 3]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_list_takes_a_fixed_number_of_statements(following: Api) -> None:
    ada = await following.person("ada")
    summary = await written(ada, FIRST, SECOND)
    await blame(following, summary)
    few = await statements(ada, ALL, id=summary)
    for number in range(2, 12):
        await revised(ada, summary, number, f"{THIRD} And {number}.")
    await blame(following, summary)
    many = await statements(ada, ALL, id=summary)
    assert len(many) == len(few) > 4


async def test_more_spans_than_anybody_may_ask_for(following: Api) -> None:
    ada = await following.person("ada")
    summary = await ada.summary(await ada.paper("k"), "word " * 10)
    found: Any = await blame(following, summary)
    assert len(found) == 1
    await following.tools.pool.execute(
        "UPDATE blame SET lengths = array_fill(1, ARRAY[$1::int]), origins = array_fill(1, ARRAY[$1::int])",
        MOST_COST + 1,
    )
    error = await following.refused(NOW, id=summary)
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": MOST_COST, "amount": MOST_COST + 1}
