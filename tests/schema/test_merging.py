"""Documents whose validation would keep the service busy are refused before it, with the limit."""

import pytest
from graphql import parse

from schema.context import Context
from schema.merging import MOST_FIELDS, MOST_PAIRS, check_merging
from tests.schema.people import Api

LEAVES = "id body bodyHtml excerpt visibility createdAt updatedAt retractedAt viewerCanEdit revisionCount"


def spread(count: int) -> str:
    return " ".join(f"...F{n}" for n in range(count))


def fragments(count: int, selected: str, of: str = "Query") -> str:
    return " ".join(f"fragment F{n} on {of} {{ {selected} }}" for n in range(count))


BIG_FRAGMENTS = f"{{ {spread(140)} }} " + fragments(140, f"feed {{ nodes {{ {LEAVES} }} }}")
SAME = [
    BIG_FRAGMENTS,
    BIG_FRAGMENTS.replace("{", "{ __typename } fragment all on Query {", 1),  # used by nothing
    BIG_FRAGMENTS.replace("{", "query other {", 1) + " query { __typename }",
    f"{{ {spread(300)} }} " + fragments(300, "feed { nodes { id } }"),
    "{ " + "... { feed { nodes { id } } } " * 300 + "}",
    "{ feed { " + "nodes { id } " * 150 + "} }",
    "{ " + "__typename " * 4_900 + "}",
    "{ " + " ".join(f"a{n % 150}" for n in range(4_500)) + " }",
    f"{{ {spread(300)} }} " + " ".join(f"fragment F{n} on Query {{ a{n} }}" for n in range(300)),
    "{ " + f"feed {{ {spread(20)} }} " * 20 + "}" + fragments(20, "nodes { id }", "SummaryConnection"),
]
BOMB = (
    "{ ...F0 } "
    + " ".join(
        f'fragment F{n} on Query {{ a: node(id: "") {{ ...F{n + 1} }} b: node(id: "") {{ ...F{n + 1} }} }}'
        for n in range(60)
    )
    + " fragment F60 on Query { __typename }"
)
PASSING = [
    "{ feed { nodes { " + spread(50) + " } } } " + fragments(50, "__typename id createdAt", "Summary"),
    "{ " + "feed { nodes { id paper { id title } author { __typename } } } " * 25 + "}",
    "{ feed { nodes { "
    + spread(40)
    + " } } } "
    + " ".join(
        f"fragment F{n} on Summary {{ {f'...F{n + 1}' if n < 39 else ''} id score {{ up }} }}"
        for n in range(40)
    ),
]


@pytest.mark.parametrize("query", SAME, ids=range(len(SAME)))
async def test_the_same_too_often_in_one_place(api: Api, query: str) -> None:
    for _ in range(2):  # the second time from the cache
        result = await api.schema.execute(query, None, Context(api.tools), operation_name=_first(query))
        assert result.errors is not None
        [error] = result.errors
        assert error.extensions == {"code": "LIMIT_EXCEEDED", "limit": MOST_PAIRS}
        assert "times in one place" in error.message


def _first(query: str) -> str | None:
    return "other" if "query other" in query else None


async def test_fragments_that_double_in_fragments(api: Api) -> None:
    error = await api.refused(BOMB)
    assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": MOST_FIELDS}


@pytest.mark.parametrize("query", PASSING, ids=range(len(PASSING)))
async def test_what_clients_with_many_fragments_send(api: Api, query: str) -> None:
    assert "feed" in await api.read(query)


def test_a_fragment_counts_once_in_a_place_and_again_in_another() -> None:
    many = " ".join(f"a{n}" for n in range(100))
    of = f"fragment F on Query {{ {many} }}"
    once = "{ " + "...F " * 100 + "}" + of
    assert check_merging(parse(once)) is None
    places = " ".join(f"b{n} {{ ...F }}" for n in range(MOST_FIELDS // 101 + 1))
    refused = check_merging(parse(f"{{ {places} }} {of}"))
    assert refused is not None
    assert refused.extensions == {"code": "LIMIT_EXCEEDED", "limit": MOST_FIELDS}


async def test_unknown_fragments_and_those_in_themselves_are_told_as_such(api: Api) -> None:
    unknown = await api.refused("{ ...none feed { totalCount } }")
    assert "Unknown fragment" in unknown["message"]
    circle = f"{{ {spread(150)} }} " + fragments(150, "...F0")
    result = await api.ask(circle)
    assert result.errors
    assert ["within itself" in error.message for error in result.errors] == [True]
