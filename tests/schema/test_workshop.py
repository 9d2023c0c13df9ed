"""Many who have texts compared at once, or much of it: the others go on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event
from typing import Any

import pytest
from graphql import GraphQLError

from schema.places import Places
from schema.workshop import Bench, Workshop
from tests.schema.people import Api
from tests.schema.revisions import redacted, written

DIFF = "query ($id: ID!) { summary(id: $id) { diff(from: 1, to: 2) { insertedWords unified } } }"
BLAME = "query ($id: ID!) { summary(id: $id) { blame { text } } }"
PREVIEW = '{ preview(body: "*text*") { html } }'
FIRST, SECOND = "First words of a text.", "Second words of a text."


@contextmanager
def occupied(workshop: Workshop) -> Iterator[None]:
    """Its thread, by something else."""
    end = Event()
    workshop.thread.submit(end.wait)
    try:
        yield
    finally:
        end.set()


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (nobody tells)
            await asyncio.sleep(0.01)


async def crowded(workshop: Workshop) -> None:
    """Until all its places are taken."""
    await until(lambda: not workshop.places.left)


def narrow(api: Api, **tools: Any) -> Api:
    """Of a service where two operations at once can have texts compared."""
    return replace(api, tools=replace(api.tools, workshop=Workshop(places=2), **tools))


async def codes(asked: list[asyncio.Task[Any]]) -> Counter[str]:
    """How many had which error, or none."""
    results = [await one for one in asked]
    return Counter(one.errors[0].formatted["extensions"]["code"] if one.errors else "none" for one in results)


async def test_a_crowd_keeps_nobody_else_waiting(api: Api) -> None:
    visitor = narrow(api)
    ada = await visitor.person("ada")
    summary = await written(ada, FIRST, SECOND)
    with occupied(visitor.tools.workshop):
        crowd = [asyncio.create_task(visitor.ask(DIFF, id=summary)) for _ in range(40)]
        await until(lambda: sum(one.done() for one in crowd) == 38)
        assert await codes([one for one in crowd if one.done()]) == {"BUSY": 38}
        assert (await visitor.read("{ statistics { paperCount } }"))["statistics"] == {"paperCount": 1}
        assert (await visitor.read(PREVIEW))["preview"]["html"]
        assert await ada.paper("another")
    assert await codes(crowd) == {"BUSY": 38, "none": 2}
    assert await visitor.read(DIFF, id=summary)


async def test_a_place_is_given_back_by_who_gives_up(api: Api) -> None:
    visitor = narrow(api)
    summary = await written(await visitor.person("ada"), FIRST, SECOND)
    with occupied(visitor.tools.workshop):
        crowd = [asyncio.create_task(visitor.ask(DIFF, id=summary)) for _ in range(2)]
        await crowded(visitor.tools.workshop)
        for one in crowd:
            one.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        await until(lambda: visitor.tools.workshop.places.left == 2)
    assert await visitor.read(DIFF, id=summary)


async def test_what_was_redacted_is_told_also_when_no_place_is_left(api: Api) -> None:
    ada = await replace(api, tools=replace(api.tools, workshop=Workshop(places=0))).person("ada")
    summary = await written(ada, FIRST, SECOND, SECOND + " And more.")
    asked = "query ($id: ID!) { summary(id: $id) { revision(number: 2) { copies { number } } } }"
    assert (await ada.refused(asked, id=summary))["extensions"] == {"code": "BUSY"}
    assert {"number": 3} in (await redacted(ada, summary, 2))["copies"]
    assert (await ada.refused(asked.replace("2", "3"), id=summary))["extensions"] == {"code": "BUSY"}


async def test_an_operation_has_its_time() -> None:
    def work() -> int:
        return sum(range(100_000))

    bench = Bench(Workshop(seconds=0))
    assert await bench.work(work) == work()
    for _ in range(2):
        with pytest.raises(GraphQLError, match="more than 0 seconds") as error:
            await bench.work(work)
        assert error.value.extensions == {"code": "TIMEOUT"}


async def test_operations_take_turns() -> None:
    workshop, order = Workshop(), list[str]()
    with occupied(workshop):
        greedy, modest = Bench(workshop), Bench(workshop)
        many = [asyncio.create_task(greedy.work(order.append, "many")) for _ in range(36)]
        await asyncio.sleep(0)
        one = asyncio.create_task(modest.work(order.append, "one"))
        await asyncio.sleep(0)
    await asyncio.gather(*many, one)
    assert order.index("one") == 1
    assert len(order) == 37


async def test_few_wait_for_blame(api: Api) -> None:
    visitor = narrow(api, waiting=Places(2), wait_seconds=60.0)
    summary = await written(await visitor.person("ada"), FIRST)
    readers = [asyncio.create_task(visitor.ask(BLAME, id=summary)) for _ in range(40)]
    await until(lambda: sum(one.done() for one in readers) == 38)
    assert await codes([one for one in readers if one.done()]) == {"NOT_YET_VISIBLE": 38}
    for one in readers:
        one.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert visitor.tools.waiting.left == 2
