"""A position, or a time, that is refused: where it stood, and, for programs, why."""

import tracemalloc
from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, parse

from schema.naming import Naming
from schema.scalars import LogPosition
from tests.integrations.receiver import Receiver
from tests.schema.hooks import do, webhooks
from tests.schema.people import Api

# The operation, its variables, and the argument that is told. P stands for a position that is refused.
PLACES: list[tuple[str, dict[str, Any], str]] = [
    ('{ events(first: 1, after: "P") { nodes { type } } }', {}, "after"),
    ("query ($p: Position) { e: events(first: 1, after: $p) { nodes { type } } }", {"p": "P"}, "after"),
    (
        """query ($id: ID!, $p: Position) {
            summary(id: $id) { events(first: 1, after: $p) { nodes { type } } } }""",
        {"id": "SUMMARY", "p": "P"},
        "after",
    ),
    (
        'mutation ($id: ID!) { replayFrom(input: {webhookId: $id, position: "P"}) { __typename } }',
        {"id": "WEBHOOK"},
        "input.position",
    ),
    (
        """mutation ($id: ID!, $p: Position!) {
            replayFrom(input: {webhookId: $id, position: $p}) { __typename } }""",
        {"id": "WEBHOOK", "p": "P"},
        "input.position",
    ),
    (
        "mutation ($in: ReplayFromInput!) { replayFrom(input: $in) { __typename } }",
        {"in": {"webhookId": "WEBHOOK", "position": "P"}},
        "input.position",
    ),
    ('mutation { markNotificationsRead(input: {upTo: "P"}) { __typename } }', {}, "input.upTo"),
    (
        "mutation ($in: MarkNotificationsReadInput!) { markNotificationsRead(input: $in) { __typename } }",
        {"in": {"upTo": "P"}},
        "input.upTo",
    ),
]


def filled(value: Any, words: dict[str, str]) -> Any:
    """With what stands for it."""
    if isinstance(value, dict):
        return {name: filled(one, words) for name, one in value.items()}
    return words.get(value, value)


@pytest.mark.parametrize("reason", ["MALFORMED", "OTHER_LOG", "LOST"])
async def test_it_is_told_where_it_stood_and_why(near: Api, receiver: Receiver, reason: str) -> None:
    owner = await near.person("owner")
    hook = (await do(owner, "createWebhook", url=receiver.url))["webhook"]["id"]
    summary = await owner.summary(await owner.paper("one"))
    log = near.tools.log_id.hex[:8]
    bad = {
        "MALFORMED": "nonsense",
        "OTHER_LOG": str(LogPosition("0" * 8 if log[0] != "0" else "1" * 8, 1)),
        "LOST": str(LogPosition(log, 1, epoch=9)),
    }[reason]
    before = await webhooks(owner)
    words = {"P": bad, "WEBHOOK": hook, "SUMMARY": summary}
    for query, variables, argument in PLACES:
        error = await owner.refused(query.replace('"P"', f'"{bad}"'), **filled(variables, words))
        assert error["extensions"] == {"code": "INVALID", "argument": argument, "reason": reason}, query
    assert await webhooks(owner) == before


TIMES: list[tuple[str, dict[str, Any], str]] = [
    ('{ paper(by: {bibtexKey: "k"}, asOf: "today") { id } }', {}, "asOf"),
    ('query ($at: DateTime) { paper(by: {bibtexKey: "k"}, asOf: $at) { id } }', {"at": "today"}, "asOf"),
    (
        "mutation ($in: RegisterPaperInput!) { registerPaper(input: $in) { __typename } }",
        {"in": {"fields": {"bibtexKey": "k", "title": "K", "authors": [], "publishedOn": "today"}}},
        "input.fields.publishedOn",
    ),
]


@pytest.mark.parametrize(("query", "variables", "argument"), TIMES)
async def test_so_are_times(api: Api, query: str, variables: dict[str, Any], argument: str) -> None:
    error = await api.refused(query, **variables)
    assert error["extensions"] == {"code": "INVALID", "argument": argument}


async def test_each_of_several_is_told_by_its_own_place(api: Api) -> None:
    query = """query ($p: Position, $q: Position) {
        a: events(first: 1, after: $p) { nodes { type } } b: paper(by: {bibtexKey: "k"}, asOf: $t) { id }
        logCheckpoint { consistency(since: $q) } }"""
    query = query.replace("$q: Position", "$q: Position!, $t: DateTime")
    result = await api.ask(query, p="x", q="y", t="z")
    assert result.errors is not None
    told = [(error.extensions or {})["argument"] for error in result.errors]
    assert told == ["after", "since", "asOf"]


def test_variables_of_one_name_are_of_their_own_operation() -> None:
    document = parse("""
        query A($p: Position) { ...E }
        fragment E on Query { events(first: 1, after: $p) { nodes { type } } }
        query B($p: Position) { ...C }
        fragment C on Query { ...D }
        fragment D on Query { logCheckpoint { consistency(since: $p) } }""")
    told = [
        Naming(document).argument(GraphQLError("", one.variable_definitions[0]))
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode) and one.variable_definitions
    ]
    assert told == ["after", "since"]


def test_long_names_within_names_cost_what_they_are_long() -> None:
    deep, many = "".join(f"{{{'a' * 10_000}: " for _ in range(20)), "b: 1 " * 1_400
    text = f'{{ events(after: "x", first: {deep}{{{many}}}{"}" * 20}) {{ nodes {{ type }} }} }}'
    document = parse(text)
    [operation] = document.definitions
    assert isinstance(operation, OperationDefinitionNode)
    arguments = operation.selection_set.selections[0].arguments  # type: ignore[attr-defined]
    naming = Naming(document)
    tracemalloc.start()
    try:
        told = naming.argument(GraphQLError("", arguments[0].value))
        inner = naming.argument(GraphQLError("", arguments[1].value.fields[0].value))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (told, inner) == ("after", None)
    assert peak < 10_000_000
