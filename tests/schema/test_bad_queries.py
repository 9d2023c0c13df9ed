"""Questions that cannot be answered as asked."""

import asyncio
import base64
from typing import Any

import pytest
import strawberry
from graphql import GraphQLError

from schema.context import Context, Tools, open_context
from schema.scalars import log_position
from tests.schema.people import Api

UNKNOWN = "UGFwZXI6MDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAw"


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


BAD_IDS: list[Any] = [
    "",
    "?",
    "Paper",
    UNKNOWN + "=",
    UNKNOWN[:-1],
    encoded("paper:00000000-0000-0000-0000-000000000000"),
    encoded("Vote:00000000-0000-0000-0000-000000000000"),
    encoded("Paper:00000000-0000-0000-0000-00000000000A"),
    encoded("Paper:00000000-0000-0000-0000-000000000000:1"),
    encoded("Revision:00000000-0000-0000-0000-000000000000"),
    encoded("Revision:00000000-0000-0000-0000-000000000000:01"),
    "\x00",
    "é",
    "\ud800",
    "A" * 100_000,
]


async def test_a_bad_id_is_an_error_of_its_field_alone(api: Api) -> None:
    for id in BAD_IDS:
        result = await api.ask("query ($id: ID!) { node(id: $id) { id } feed { totalCount } }", id=id)
        assert result.data == {"node": None, "feed": {"totalCount": 0}}
        assert result.errors is not None
        [error] = result.errors
        assert error.extensions == {"code": "INVALID", "argument": "id"}
        assert error.path == ["node"]


async def test_an_id_of_another_kind(api: Api) -> None:
    error = await api.refused("query ($id: ID!) { summary(id: $id) { id } }", id=UNKNOWN)
    assert error["extensions"]["code"] == "INVALID"
    assert "id of a Paper" in error["message"]


async def test_a_bad_id_among_others_takes_only_its_own_place(api: Api) -> None:
    ada = await api.person("ada")
    ids = [ada.id, "?", UNKNOWN, ada.id]
    result = await api.ask("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids)
    assert result.data == {"nodes": [{"id": ada.id}, None, None, {"id": ada.id}]}
    assert result.errors is not None
    [error] = result.errors
    assert (error.path, error.extensions["code"]) == (["nodes", 1], "INVALID")


async def test_too_many_ids(api: Api) -> None:
    error = await api.refused("query ($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=[UNKNOWN] * 101)
    assert error["extensions"] == {"code": "INVALID", "argument": "ids", "limit": 100, "amount": 101}


BAD_SIZES: list[Any] = [-1, 101, 2**31 - 1]


async def test_page_size(api: Api) -> None:
    for first in BAD_SIZES:
        error = await api.refused("query ($n: Int!) { feed(first: $n) { totalCount } }", n=first)
        assert error["extensions"] == {"code": "INVALID", "argument": "first", "limit": 100, "amount": first}


BAD_CURSORS: list[Any] = [
    "",
    "?",
    encoded("[]"),
    encoded("{}"),
    encoded("null"),
    encoded('["feed.LATEST"]'),
    encoded('["feed.LATEST","2026-11-23T10:08:36.000123Z","x"]'),
    encoded('["feed.LATEST","2026-11-23T10:08:36","00000000-0000-0000-0000-000000000000"]'),
    encoded('["feed.LATEST","0001-01-01T00:00:00.000000+23:59","00000000-0000-0000-0000-000000000000"]'),
    encoded('["user.summaries","2026-11-23T10:08:36.000123Z","00000000-0000-0000-0000-000000000000"]'),
    encoded("[" * 50_000),
    encoded('["feed.LATEST",' + "9" * 5_000 + ',"x"]'),
    "\ud800",
]


async def test_a_cursor_of_no_list(api: Api) -> None:
    for after in BAD_CURSORS:
        error = await api.refused("query ($c: String) { feed(after: $c) { nodes { id } } }", c=after)
        assert error["extensions"] == {"code": "INVALID", "argument": "after"}


BAD_LENGTHS: list[Any] = [0, -1, 5001]


async def test_length_of_an_excerpt(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    query = "query ($id: ID!, $n: Int!) { summary(id: $id) { excerpt(length: $n) } }"
    for length in BAD_LENGTHS:
        error = await api.refused(query, id=summary, n=length)
        assert error["extensions"]["code"] == "INVALID"


BAD_LOOKUPS: list[Any] = [
    ({}, "BAD_USER_INPUT"),
    ({"bibtexKey": None}, "BAD_USER_INPUT"),
    ({"bibtexKey": "a", "doi": "10.1/a"}, "BAD_USER_INPUT"),
    ({"bibtexKey": 1}, "BAD_USER_INPUT"),
    ({"bibtexKey": "a\x00b"}, "INVALID"),
    ({"doi": "nothing"}, "INVALID"),
    ({"arxivId": "nothing"}, "INVALID"),
    ({"id": "nothing"}, "INVALID"),
]


async def test_a_lookup_that_is_none(api: Api) -> None:
    for by, code in BAD_LOOKUPS:
        error = await api.refused("query ($by: PaperLookup!) { paper(by: $by) { id } }", by=by)
        assert error["extensions"]["code"] == code


NAMES_OF_NOBODY: list[Any] = ["", "nobody", "A" * 10_000]


async def test_nobody(api: Api) -> None:
    for username in NAMES_OF_NOBODY:
        assert await api.read("query ($u: String!) { user(username: $u) { id } }", u=username) == {
            "user": None
        }


NO_TEXTS: list[Any] = ["a\x00b", "\udfff"]


async def test_a_name_that_is_no_text(api: Api) -> None:
    for username in NO_TEXTS:
        error = await api.refused("query ($u: String!) { user(username: $u) { id } }", u=username)
        assert error["extensions"] == {"code": "INVALID", "argument": "username"}


MISTAKES: list[Any] = [
    ("{", "GRAPHQL_PARSE_FAILED", "Syntax Error"),
    ("{ nothing }", "GRAPHQL_VALIDATION_FAILED", "Cannot query field 'nothing'"),
    ("{ ...missing }", "GRAPHQL_VALIDATION_FAILED", "Unknown fragment"),
    ("{ ...a } fragment a on Query { ...a }", "GRAPHQL_VALIDATION_FAILED", "Cannot spread fragment"),
    ("{ viewer }", "GRAPHQL_VALIDATION_FAILED", "must have a selection"),
    ('{ feed(first: "x") { totalCount } }', "GRAPHQL_VALIDATION_FAILED", "Int cannot represent"),
    ("query a { __typename } query b { __typename }", "GRAPHQL_VALIDATION_FAILED", "operationName"),
    ("{ a: viewer { id } " + "b" * 3 + "}" + " #" + "x" * 9, "GRAPHQL_VALIDATION_FAILED", "bbb"),
    ("{ " + "viewer { id } " * 2_000 + "}", "GRAPHQL_PARSE_FAILED", "more than 5000 tokens"),
    (
        "{ viewer { summaries { nodes " + "{ paper { summaries { nodes " * 8 + "{ id }" + "} } }" * 9,
        "LIMIT_EXCEEDED",
        "the limit is 24",
    ),
    ("{ viewer " * 1_200 + "}" * 1_200, "GRAPHQL_PARSE_FAILED", "nested too deeply"),
    (
        "{ ...f0 } "
        + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(500))
        + " fragment f500 on Query { __typename }",
        "LIMIT_EXCEEDED",
        "nested too deeply",
    ),
    ("{ " + " ".join(f"a{n}: __typename" for n in range(101)) + "}", "LIMIT_EXCEEDED", "101 aliases"),
    ("{ __typename " + "@include(if: true) " * 101 + "}", "LIMIT_EXCEEDED", "101 directives"),
    ("{ __typename " + "@none " * 2_000 + "}", "LIMIT_EXCEEDED", "2,000 directives"),
    (
        "query @a { " + "...f @b " * 60 + "... @c { __typename } } fragment f on Query { __typename @d }",
        "LIMIT_EXCEEDED",
        "122 directives",
    ),
]


async def test_the_clients_own_mistakes_are_told_in_full(api: Api) -> None:
    for query, code, says in MISTAKES:
        for _ in range(2):  # the second time from the caches
            result = await api.ask(query)
            assert result.data is None
            assert result.errors
            assert code in [one.extensions["code"] for one in result.errors]
            assert says in " ".join(one.message for one in result.errors)


async def test_nothing_asked_of_something(api: Api) -> None:
    assert await (await api.person("ada")).read(
        "{ viewer {} ...none } fragment none on Query { viewer {} }"
    ) == {"viewer": {}}


async def test_what_goes_wrong_inside_stays_inside(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    ada = await api.person("ada")
    await ada.summary(await ada.paper("k"))
    await api.tools.pool.execute("ALTER TABLE read.summary RENAME COLUMN up TO secret_column")
    error = await api.refused("{ feed { nodes { score { up } } } }")
    assert error["extensions"].keys() == {"code", "errorId"}
    assert error["extensions"]["code"] == "INTERNAL"
    assert "secret_column" not in str(error)
    assert error["extensions"]["errorId"] in capsys.readouterr().out


async def test_tokens(api: Api) -> None:
    for token in ("", "x", "\x00", "\ud800", "A" * 10_000):
        stranger = Api(api.schema, api.tools, token)
        refused = await stranger.refused("{ viewer { id } }")
        assert refused["extensions"] == {"code": "UNAUTHENTICATED"}
        assert "path" not in refused


async def test_a_token_that_is_over_does_not_hinder_signing_up_in_and_out(api: Api) -> None:
    ada = await api.person("ada")
    assert await ada.read("mutation { signOut }") == {"signOut": True}
    assert await ada.read("mutation { ...out } fragment out on Mutation { a: signOut ... { signOut } }") == {
        "a": False,
        "signOut": False,
    }
    assert (await ada.person("bob")).id
    signed_in = await ada.do("signIn", username="ada", password="a long enough password")
    assert signed_in["user"]["username"] == "ada"


NOT_FOR_STRANGERS = [
    "{ __typename }",
    "mutation { __typename }",
    "mutation { signOut __typename }",
    "mutation { signOut ...other } fragment other on Mutation { ... { __typename } }",
    'mutation { signOut castVote(input: {subjectId: "", value: UP}) { __typename } }',
    "mutation { signOut { id } }",
]


async def test_nothing_else_runs_with_a_token_that_is_over(api: Api) -> None:
    stranger = Api(api.schema, api.tools, "unknown")
    for query in NOT_FOR_STRANGERS:
        assert (await stranger.refused(query))["extensions"]["code"] == "UNAUTHENTICATED"
        assert not stranger.context.admitted


async def test_positions_to_wait_for(api: Api, tools: Tools) -> None:
    ada = await api.person("ada")
    await ada.read("{ viewer { id } }")
    position = ada.context.position_header()
    assert position == str(log_position(tools.log_id, 1))
    assert await open_context(tools, min_position=position)
    beyond = str(log_position(tools.log_id, 2))
    for bad in ("", "1", "x" * 25, beyond, "00000000" + beyond[8:], beyond + "\n"):
        with pytest.raises(GraphQLError) as caught:
            await open_context(tools, min_position=bad)
        assert caught.value.extensions["code"] == "INVALID"


async def test_connections_come_back_whatever_happens(schema: strawberry.Schema, api: Api) -> None:
    pool, tools = api.tools.pool, api.tools
    await api.ask("{ feed { nodes { id } } node(id: 1) { id } }")
    blocked = await pool.acquire()
    await blocked.execute("BEGIN; LOCK TABLE read.summary IN ACCESS EXCLUSIVE MODE")
    asking = asyncio.create_task(schema.execute("{ feed { nodes { id } } }", None, Context(tools)))
    while not await pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)  # until the question waits for the lock
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await blocked.execute("ROLLBACK")
    await pool.release(blocked)
    held = [await asyncio.wait_for(pool.acquire(), 20) for _ in range(pool.get_max_size() - 2)]
    assert not any(conn.is_in_transaction() for conn in held)
    for conn in held:
        await pool.release(conn)


async def test_of_many_mistakes_the_first_are_told(api: Api) -> None:
    result = await api.ask("{" + " ".join(f"no{n}" for n in range(100)) + "}")
    assert result.errors is not None
    *first, last = result.errors
    assert [one.message.split("'")[1] for one in first] == [f"no{n}" for n in range(20)]
    assert last.message.startswith("Too many validation errors")
    assert {(one.extensions or {})["code"] for one in result.errors} == {"GRAPHQL_VALIDATION_FAILED"}
