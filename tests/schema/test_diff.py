"""What revisions changed, asked for one by one and in lists."""

import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import GraphQLError, parse
from strawberry.dataloader import DataLoader

from projections.survivors import Version
from schema.comparing import Pair, comparing, differences
from schema.cost import MOST_COST
from schema.estimate import estimate
from schema.workshop import Bench, Workshop
from tests.schema.people import Api
from tests.schema.revisions import redacted, revised, statements, written

DIFF = "{ from to redacted insertedWords deletedWords unified spans { op text } }"
ALL = f"query ($id: ID!) {{ summary(id: $id) {{ revisions {{ nodes {{ number diff {DIFF} }} }} }} }}"
BETWEEN = f"query ($id: ID!, $a: Int!, $b: Int!) {{ summary(id: $id) {{ diff(from: $a, to: $b) {DIFF} }} }}"
TEXTS = (
    "One line.\nAnother line.\n",
    "One line.\r\nAnother, longer line.\n",
    "Only this, with $x_1$ \U0001f600",
)
EMPTY = {"insertedWords": 0, "deletedWords": 0, "unified": "", "spans": []}


async def diffs(api: Api, summary: str) -> list[Any]:
    nodes = (await api.read(ALL, id=summary))["summary"]["revisions"]["nodes"]
    assert [one["number"] for one in nodes] == [one["diff"]["to"] for one in nodes]
    return [one["diff"] for one in nodes]


async def between(api: Api, summary: str, a: int, b: int) -> Any:
    return (await api.read(BETWEEN, id=summary, a=a, b=b))["summary"]["diff"]


def sides(diff: Any) -> tuple[str, str]:
    older = "".join(one["text"] for one in diff["spans"] if one["op"] != "INSERT")
    return older, "".join(one["text"] for one in diff["spans"] if one["op"] != "DELETE")


def patched(before: str, patch: str, folder: Path) -> str:
    """What `patch` makes of a text, as the API tells to use it."""
    file = folder / "text"
    file.write_bytes(before.encode())
    subprocess.run(["patch", "--quiet", str(file)], input=patch.encode(), check=True)
    return file.read_bytes().decode()


async def test_each_is_against_the_one_before_it(api: Api, tmp_path: Path) -> None:
    found = await diffs(api, await written(await api.person("ada"), *TEXTS))
    assert [(one["from"], one["to"], one["redacted"]) for one in found] == [
        (None, 1, []),
        (1, 2, []),
        (2, 3, []),
    ]
    for diff, before, after in zip(found, ("", *TEXTS), TEXTS, strict=False):
        assert sides(diff) == (before, after)
        assert patched(before, diff["unified"], tmp_path) == after
    assert [one["op"] for one in found[0]["spans"]] == ["INSERT"]
    assert (found[0]["insertedWords"], found[0]["deletedWords"]) == (4, 0)
    assert (found[1]["insertedWords"], found[1]["deletedWords"]) == (1, 0)
    assert found[1]["unified"].startswith("--- revision-1\n+++ revision-2\n")


async def test_between_any_two(api: Api, tmp_path: Path) -> None:
    summary = await written(await api.person("ada"), *TEXTS)
    for a in (1, 2, 3):
        for b in (1, 2, 3):
            diff = await between(api, summary, a, b)
            assert (diff["from"], diff["to"]) == (a, b)
            assert sides(diff) == (TEXTS[a - 1], TEXTS[b - 1])
            if a == b:
                assert (diff["unified"], diff["insertedWords"], diff["deletedWords"]) == ("", 0, 0)
            else:
                assert patched(TEXTS[a - 1], diff["unified"], tmp_path) == TEXTS[b - 1]


@pytest.mark.parametrize("number", [0, -1, 4, 2**31 - 1, -(2**31)])
async def test_a_revision_that_is_not_there(api: Api, number: int) -> None:
    summary = await written(await api.person("ada"), *TEXTS)
    for a, b, argument in ((number, 1, "from"), (1, number, "to"), (number, number, "from")):
        error = await api.refused(BETWEEN, id=summary, a=a, b=b)
        assert error["extensions"] == {"code": "INVALID", "argument": argument}
        assert f"{argument} is {number:,}" in error["message"]


async def test_redacted_ones_are_stepped_over(api: Api, tmp_path: Path) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.", "Third.", "Fourth.")
    await redacted(ada, summary, 1)
    await redacted(ada, summary, 3)
    found = await diffs(api, summary)
    assert [(one["from"], one["redacted"]) for one in found] == [
        (None, [1]),
        (None, []),
        (None, [3]),
        (2, []),
    ]
    assert found[0] == {"from": None, "to": 1, "redacted": [1], **EMPTY}
    assert [sides(one) for one in found] == [("", ""), ("", "Second."), ("", ""), ("Second.", "Fourth.")]
    assert patched("Second.", found[3]["unified"], tmp_path) == "Fourth."
    assert await between(api, summary, 3, 1) == {"from": 3, "to": 1, "redacted": [1, 3], **EMPTY}
    assert await between(api, summary, 2, 3) == {"from": 2, "to": 3, "redacted": [3], **EMPTY}
    assert await between(api, summary, 3, 3) == {"from": 3, "to": 3, "redacted": [3], **EMPTY}
    assert sides(await between(api, summary, 4, 2)) == ("Fourth.", "Second.")


async def test_the_same_pair_on_several_ways_is_the_same(api: Api) -> None:
    summary = await written(await api.person("ada"), "First.", "Second.")
    data = await api.read(
        f"""query ($id: ID!) {{ summary(id: $id) {{
              a: diff(from: 1, to: 2) {DIFF} b: diff(from: 1, to: 2) {DIFF}
              revision(number: 2) {{ diff {DIFF} }}
            }} }}""",
        id=summary,
    )
    assert data["summary"]["a"] == data["summary"]["b"] == data["summary"]["revision"]["diff"]


async def test_a_list_takes_a_fixed_number_of_statements(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    query = f"query ($id: ID!) {{ summary(id: $id) {{ revisions {{ nodes {{ body diff {DIFF} }} }} }} }}"
    few = await statements(ada, query, id=summary)
    for number in range(2, 12):
        await revised(ada, summary, number, f"Text {number}.")
    many = await statements(ada, query, id=summary)
    assert len(many) == len(few) > 4


async def test_more_text_than_may_be_compared() -> None:
    async def texts(payloads: list[UUID]) -> list[str | None]:
        return ["five " for _ in payloads]

    one, two = Version(1, UUID(int=1)), Version(2, UUID(int=2))
    sources = DataLoader(texts)
    compare = comparing(sources, Bench(Workshop()), lambda _, before, after: (before, after), most=15)
    assert await compare([(one, two), (None, one)]) == [("five ", "five "), (None, "five ")]
    with pytest.raises(GraphQLError, match="20 characters, and the limit is 15") as error:
        await compare([(one, two), (two, one)])
    assert error.value.extensions == {"code": "LIMIT_EXCEEDED", "limit": 15, "amount": 20}


async def test_more_spans_than_anybody_may_ask_for() -> None:
    def text(which: int) -> str:
        """Every third word is its own; a line that stays now and then keeps the comparison exact."""
        parts = (f"one{n} two{n} {which} " for n in range(12_000))
        return "".join(
            f"\n\nThe line {n} stays as it is.\n\n{part}" if n % 50 == 0 else part
            for n, part in enumerate(parts)
        )

    async def texts(payloads: list[UUID]) -> list[str | None]:
        return [text(payload.int) for payload in payloads]

    versions = [Version(n, UUID(int=n)) for n in range(1, 5)]
    compare = differences(DataLoader(texts), Bench(Workshop()))
    pairs: list[Pair] = list(pairwise(versions))
    assert len((await compare(pairs[:1]))[0].spans) > MOST_COST / 3
    with pytest.raises(GraphQLError) as error:
        await compare(pairs)
    assert error.value.extensions is not None
    assert error.value.extensions["code"] == "LIMIT_EXCEEDED"


async def test_what_is_erased_is_never_compared() -> None:
    async def gone(payloads: list[UUID]) -> list[str | None]:
        return [None for _ in payloads]

    with pytest.raises(LookupError, match="erased"):
        await comparing(DataLoader(gone), Bench(Workshop()), lambda *_: "")([(None, Version(1, UUID(int=1)))])


def test_what_it_costs(schema: strawberry.Schema) -> None:
    def cost(query: str) -> int:
        return estimate(schema._schema, parse(query), None).amount({})

    hundred = (
        f'{{ summary(id: "s") {{ revisions(first: 100) {{ nodes {{ number note body diff {DIFF} }} }} }} }}'
    )
    assert MOST_COST / 10 < cost(hundred) < MOST_COST
    assert cost("{ feed { nodes { revisions { nodes { diff { to } } } } } }") < MOST_COST
    assert (
        cost("{ feed(first: 100) { nodes { revisions(first: 10) { nodes { diff { to } } } } } }") > MOST_COST
    )
    copies = '{ summary(id: "s") { revisions(first: %d) { nodes { copies { number } } } } }'
    assert cost(copies % 9) < MOST_COST < cost(copies % 10)
