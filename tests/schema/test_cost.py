"""What an operation could cost is told before it runs."""

from typing import Any

import strawberry
from graphql import get_introspection_query, parse, validate

from schema.context import Context
from schema.cost import LISTED, MOST_COST, WORK
from schema.estimate import estimate
from tests.schema.people import Api

PAPER_PAGE = """
query ($comments: Int = 5, $replies: Int! = 5) {
  paper(by: {bibtexKey: "k"}) {
    id title abstract year authors { name } venue { name key }
    summaries {
      totalCount pageInfo { hasNextPage endCursor }
      nodes {
        id bodyHtml excerpt createdAt updatedAt viewerCanEdit ...by score { net up down viewerVote }
        mentions { id title }
        comments(first: $comments) {
          totalCount pageInfo { hasNextPage endCursor }
          nodes {
            id bodyHtml createdAt onRevision author { ...name } score { net viewerVote }
            replies(first: $replies) { nodes { id bodyHtml createdAt author { ...name } score { net } } }
          }
        }
      }
    }
  }
}
fragment by on Summary { author { ...name } }
fragment name on Actor { ... on User { username displayName } ... on AnonymousActor { label } }
"""
CUBE = """
query ($n: Int!) {
  feed(first: $n) { nodes { comments(first: $n) { nodes { replies(first: $n) { nodes { id } } } } } }
}
"""


def amount(schema: strawberry.Schema, query: str, **variables: Any) -> int:
    document = parse(query)
    assert validate(schema._schema, document) == []
    return estimate(schema._schema, document, None).amount(variables)


COSTS: list[Any] = [
    ("{ __typename }", {}, 1),
    ("{ viewer { id username } }", {}, 3),
    ("{ feed { totalCount } }", {}, 1 + 20),
    ("{ feed(first: 3) { nodes { id } } }", {}, 1 + 3 * 2),
    ("{ feed(first: 3) { edges { cursor node { id } } } }", {}, 1 + 3 * 4),
    ("{ feed(first: 0) { nodes { id } } }", {}, 1),
    ("{ feed(first: 2147483647) { totalCount } }", {}, 101),
    ("query ($n: Int!) { feed(first: $n) { totalCount } }", {"n": 7}, 8),
    ("query ($n: Int! = 6) { feed(first: $n) { totalCount } }", {}, 7),
    ("query ($n: Int! = 6) { feed(first: $n) { totalCount } }", {"n": 0}, 1),
    ("query ($n: Int!) { feed(first: $n) { totalCount } }", {"n": "x"}, 101),
    ("query ($n: Int!) { feed(first: $n) { totalCount } }", {"n": -1}, 101),
    ("query ($n: Int!) { feed(first: $n) { totalCount } }", {"n": True}, 101),
    ("query ($n: Int!) { feed(first: $n) { totalCount } }", {}, 101),
    ('{ nodes(ids: ["a", "b", "c"]) { id } }', {}, 4),
    ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a", "b"]}, 3),
    ("query ($i: [ID!]!) { nodes(ids: $i) { id } }", {"i": ["a"] * 5_000}, 101),
    ('{ paper(by: {id: "a"}) { authors { name } } }', {}, 1 + 1 + LISTED),
    ("query ($s: Boolean!) { viewer @skip(if: $s) { id } }", {"s": True}, 0),
    ("query ($s: Boolean!) { viewer @skip(if: $s) { id } }", {"s": False}, 2),
    ("query ($s: Boolean! = true) { viewer @skip(if: $s) { id } }", {}, 0),
    ("query ($s: Boolean!) { ... @include(if: $s) { viewer { id } } }", {"s": False}, 0),
    ("query ($s: Boolean!) { ...f @include(if: $s) } fragment f on Query { viewer { id } }", {"s": True}, 2),
    ("{ viewer @skip(if: true) { id } }", {}, 0),
    ("{ viewer @include(if: false) { id } }", {}, 0),
    ("{ viewer @include(if: true) @skip(if: false) { id } }", {}, 2),
    ("{ ...f ...f } fragment f on Query { viewer { id } }", {}, 4),
    ("mutation { a: signOut b: signOut }", {}, 2 * WORK),
    ('{ preview(body: "") { html } }', {}, WORK + 1),
]


def test_amounts(schema: strawberry.Schema) -> None:
    assert [amount(schema, query, **variables) for query, variables, _ in COSTS] == [
        cost for *_, cost in COSTS
    ]


def test_the_pages_of_a_frontend_pass(schema: strawberry.Schema) -> None:
    assert amount(schema, PAPER_PAGE) < MOST_COST / 5
    assert amount(schema, PAPER_PAGE, comments=20, replies=20) < MOST_COST
    introspection = get_introspection_query(input_value_deprecation=True, specified_by_url=True)
    assert amount(schema, introspection) < MOST_COST


def test_fragments_in_fragments_are_added_up_once(schema: strawberry.Schema) -> None:
    names = [f"fragment f{n} on SummaryConnection {{ ...f{n + 1} ...f{n + 1} }}" for n in range(50)]
    bomb = "query ($n: Int!) { feed(first: $n) { ...f0 } } " + " ".join(names)
    last = " fragment f50 on SummaryConnection { nodes { comments(first: $n) { totalCount } } }"
    assert estimate(schema._schema, parse(bomb + last), None).amount({"n": 1}) > 2**50


async def test_too_much_is_refused_with_the_limit_and_the_amount(api: Api) -> None:
    for _ in range(2):  # the second time from the caches
        error = await api.refused(CUBE, n=100)
        assert error["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": MOST_COST, "amount": 2_020_201}
        assert "2,020,201" in error["message"]
        assert "path" not in error
        assert await api.read(CUBE, n=10) == {"feed": {"nodes": []}}
    assert api.context.position_header() is not None


async def test_the_operation_that_runs_is_the_one_that_counts(schema: strawberry.Schema, api: Api) -> None:
    both = f"query small {{ __typename }} query large {CUBE.strip().removeprefix('query')}"
    for name, refused in (("small", False), ("large", True), ("small", False)):
        result = await schema.execute(both, {"n": 100}, Context(api.tools), operation_name=name)
        assert bool(result.errors) is refused


async def test_many_authors_of_many_papers(api: Api) -> None:
    ada = await api.person("ada")
    await ada.paper("k", authors=[f"Author {n}" for n in range(1_001)])
    query = (
        'query ($n: Int!) { paper(by: {bibtexKey: "k"}) { authors { papers(first: $n) { nodes { id } } } } }'
    )
    assert len((await api.read(query, n=1))["paper"]["authors"]) == 1_001
    result = await api.ask(query, n=100)
    assert result.errors
    extensions = [error.extensions for error in result.errors]
    assert extensions[0] == {"code": "LIMIT_EXCEEDED", "limit": MOST_COST, "amount": 100_100}
