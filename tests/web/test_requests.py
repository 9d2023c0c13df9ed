"""GraphQL over HTTP beyond the audit: what is wrong with a request is said clearly, in JSON, by status."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from service.web import parameters
from tests.web.site import Site, body_of

NEW = "application/graphql-response+json"
JSON = {"content-type": "application/json"}
PREFLIGHT = {"graphql-require-preflight": "1"}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def error(response: httpx.Response, status: int, code: str, *words: str) -> dict[str, Any]:
    """The one error of an answer without data; its message has these words."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"].split(";")[0] in ("application/json", NEW)
    assert response.headers["cache-control"] == "no-store"
    assert set(response.json()) == {"errors"}
    (only,) = response.json()["errors"]
    assert only["extensions"]["code"] == code
    for word in words:
        assert word in only["message"]
    return dict(only)


async def post(site: Site, body: bytes, **headers: str) -> httpx.Response:
    return await site.client.post("/graphql", content=body, headers=JSON | headers)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/*;q=0.5", "application/json"),
        (NEW, NEW),
        (f"application/json, {NEW}", "application/json"),
        (f"application/json;q=0.9, {NEW}", NEW),
        (f"{NEW};q=0, application/json;q=0.1", "application/json"),
        ("application/json, multipart/mixed", "application/json"),
        (f"text/html, {NEW.upper()}", NEW),
        (f"{NEW};q=banana, application/json;q=0.2", "application/json"),
    ],
)
async def test_the_media_type_is_the_one_that_the_client_prefers(
    quiet_site: Site, accept: str | None, expected: str
) -> None:
    response = await quiet_site.ask("{__typename}", {} if accept is None else {"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == f"{expected}; charset=utf-8"
    assert body_of(response) == {"data": {"__typename": "Query"}}
    assert response.headers["vary"] == "Accept, Authorization, Min-Position"


@pytest.mark.parametrize("accept", ["image/png", f"{NEW};q=0", "text/plain;q=1"])
async def test_no_acceptable_media_type(quiet_site: Site, accept: str) -> None:
    error(await quiet_site.ask("{__typename}", {"accept": accept}), 406, "INVALID", NEW)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods(quiet_site: Site, method: str) -> None:
    response = await quiet_site.client.request(method, "/graphql")
    error(response, 405, "INVALID")
    assert response.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ],
)
async def test_other_content_types(quiet_site: Site, content_type: str) -> None:
    response = await post(quiet_site, b'{"query":"{__typename}"}', **{"content-type": content_type})
    error(response, 415, "INVALID", "application/json")


async def test_other_encodings(quiet_site: Site) -> None:
    body = b'{"query":"{__typename}"}'
    utf16 = {"content-type": "application/json; charset=utf-16"}
    error(await post(quiet_site, body.decode().encode("utf-16"), **utf16), 415, "INVALID", "UTF-8")
    error(await post(quiet_site, b"x", **{"content-encoding": "gzip"}), 415, "INVALID", "Content-Encoding")
    utf8 = {"content-type": 'application/json; charset="UTF-8"'}
    assert (await post(quiet_site, body, **utf8)).status_code == 200


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"query":"{__typename}"} x', "trailing"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'{"query":"\xff"}', "not UTF-8"),
        (b'{"query":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"query":"{__typename}","variables":{"a":"\\ud800"}}', "surrogate"),
        (b'{"query":"{__typename}","variables":{"a":"\\udc00 x"}}', "surrogate"),
        (b'{"query":"{__typename}","variables":{"a":1e999}}', "not JSON"),
        (b'{"query":"{__typename}","variables":{"a":NaN}}', "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"query":"{__typename}","variables":{"a":' + b'{"a":' * 100_000, "nested"),
        (b"[]", "one operation at a time"),
        (b'[{"query":"{__typename}"}]', "one operation at a time"),
        (b"null", "object"),
        (b'"{__typename}"', "object"),
        (b"{}", "query"),
        (b'{"query":null}', "query"),
        (b'{"query":" "}', "empty"),
        (b'{"query":7}', "query"),
        (b'{"query":"{__typename}","variables":[]}', "variables"),
        (b'{"query":"{__typename}","variables":"{}"}', "variables"),
        (b'{"query":"{__typename}","operationName":1}', "operationName"),
        (b'{"query":"{__typename}","extensions":true}', "extensions"),
        (b'{"extensions":["persistedQuery"]}', "extensions"),
    ],
)
@pytest.mark.parametrize("accept", ["application/json", NEW])
async def test_a_malformed_body(quiet_site: Site, body: bytes, word: str, accept: str) -> None:
    error(await post(quiet_site, body, accept=accept), 400, "INVALID", word)


async def test_a_body_beyond_the_limit(quiet_site: Site) -> None:
    body = json.dumps({"query": "{__typename}", "variables": {"a": "x" * 1_000_000}}).encode()
    found = error(await post(quiet_site, body), 413, "INVALID", "1,000,000")
    assert found["extensions"] == {"code": "INVALID", "limit": 1_000_000, "size": len(body)}

    async def drip() -> Any:  # no Content-Length: counted as it comes
        for _ in range(20):
            yield b" " * 60_000

    response = await quiet_site.client.post("/graphql", content=drip(), headers=JSON)
    assert error(response, 413, "INVALID")["extensions"]["size"] > 1_000_000


@pytest.mark.parametrize(
    "body",
    [
        {"query": "{"},
        {"query": "{ nothing }"},
        {"query": "query A {__typename} query B {__typename}"},
        {"query": "query A {__typename} query A {__typename}", "operationName": "A"},
        {"query": "query($id: ID!) { node(id: $id) { id } }"},
        {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": None}},
        {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": {"a": 1}}},
        {"query": 'query($n: Int = "x") { feed(first: $n) { totalCount } }'},
        {"query": '{ user(username: "\\ud800") { id } }'},
        {"query": "\0"},
    ],
)
async def test_an_operation_that_cannot_run_has_no_data(quiet_site: Site, body: dict[str, Any]) -> None:
    new = await quiet_site.client.post("/graphql", json=body, headers={"accept": NEW})
    assert new.status_code == 400
    assert set(body_of(new)) == {"errors"}
    assert "Traceback" not in new.text
    old = await quiet_site.client.post("/graphql", json=body)
    assert old.status_code == 200
    assert body_of(old) == body_of(new)


@pytest.mark.parametrize("accept", ["application/json", NEW])
async def test_a_document_known_by_its_hash_alone(quiet_site: Site, accept: str) -> None:
    """The words are those after which clients send the whole; with it, the hash does not matter."""
    known = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}}
    for asked in (known, {**known, "query": ""}, {**known, "query": None}):
        response = await quiet_site.client.post("/graphql", json=asked, headers={"accept": accept})
        told = error(response, 400, "PERSISTED_QUERY_NOT_SUPPORTED")
        assert told["message"] == "PersistedQueryNotSupported"
    address = {"extensions": json.dumps(known["extensions"])}
    by_get = await quiet_site.client.get("/graphql", params=address, headers=PREFLIGHT | {"accept": accept})
    error(by_get, 400, "PERSISTED_QUERY_NOT_SUPPORTED", "PersistedQueryNotSupported")
    assert body_of(await quiet_site.ask("{__typename}", **known)) == {"data": {"__typename": "Query"}}


async def test_an_unknown_operation_name(quiet_site: Site) -> None:
    asked = await quiet_site.ask("query A {__typename}", operationName="B")
    error(asked, 400, "INVALID", "'B'")
    error(await quiet_site.ask("query A {__typename}", operationName=""), 400, "INVALID", "''")
    error(await quiet_site.ask("fragment F on Query {__typename}"), 400, "INVALID", "only fragments")
    chosen = await quiet_site.ask("query A {a: __typename} query B {b: __typename}", operationName="B")
    assert body_of(chosen) == {"data": {"b": "Query"}}


@pytest.mark.parametrize("depth", [50, 5_000])
async def test_a_deeply_nested_operation(quiet_site: Site, depth: int) -> None:
    response = await quiet_site.ask("{ a " * depth + "}" * depth, {"accept": NEW})
    assert response.status_code == 400
    assert set(response.json()) == {"errors"}


async def test_nul_in_variables(quiet_site: Site) -> None:
    query = "query($name: String!) { user(username: $name) { id } }"
    response = await quiet_site.ask(query, variables={"name": "a\0b"})
    assert response.status_code == 200
    codes = [one["extensions"]["code"] for one in response.json().get("errors", [])]
    assert response.json()["data"] == {"user": None}
    assert codes in ([], ["INVALID"])


async def test_an_operation_that_ran_is_200_even_when_a_field_fails(quiet_site: Site) -> None:
    response = await quiet_site.ask('{ __typename node(id: "nonsense") { id } }', {"accept": NEW})
    assert response.status_code == 200
    assert response.json()["data"]["__typename"] == "Query"


async def test_queries_by_get(quiet_site: Site) -> None:
    parameters = {"query": "query Q($a: Boolean!) {__typename @include(if: $a)}", "variables": '{"a": true}'}
    response = await quiet_site.client.get("/graphql", params=parameters, headers=PREFLIGHT)
    assert body_of(response) == {"data": {"__typename": "Query"}}
    assert response.headers["cache-control"] == "private, no-cache"
    for header in ("Apollo-Require-Preflight", "X-Apollo-Operation-Name"):
        assert (
            await quiet_site.client.get("/graphql", params=parameters, headers={header: "x"})
        ).status_code == 200


async def test_a_get_that_another_site_could_send(quiet_site: Site) -> None:
    parameters = {"query": "{__typename}"}
    error(
        await quiet_site.client.get("/graphql", params=parameters),
        403,
        "FORBIDDEN",
        "GraphQL-Require-Preflight",
    )
    error(await quiet_site.client.get("/graphql"), 403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("address", "word"),
    [
        ("", "query"),
        ("query=", "empty"),
        ("query={__typename}&query={__typename}", "2 times"),
        ("query={__typename}&variables=x", "variables is not JSON"),
        ("query={__typename}&variables=[]", "variables"),
        ("query={__typename}&extensions=1", "extensions"),
        ("query={__typename}&variables=%ED%A0%80", "variables is not"),
    ],
)
async def test_a_malformed_get(quiet_site: Site, address: str, word: str) -> None:
    error(await quiet_site.client.get(f"/graphql?{address}", headers=PREFLIGHT), 400, "INVALID", word)


async def test_mutations_by_get(quiet_site: Site) -> None:
    parameters = {"query": "mutation { __typename }"}
    response = await quiet_site.client.get("/graphql", params=parameters, headers=PREFLIGHT)
    error(response, 405, "INVALID", "send it by POST")
    assert response.headers["allow"] == "POST"


async def test_a_browser_gets_graphiql_from_this_site_alone(quiet_site: Site) -> None:
    page = await quiet_site.client.get("/graphql", headers={"accept": "text/html,*/*;q=0.8"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for part in page.text.split('"'):
        if part.startswith("/assets/"):
            assert (await quiet_site.client.get(part)).status_code == 200


async def test_a_body_that_does_not_come(quiet_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience is 30 seconds, too long for a test."""
    monkeypatch.setattr(parameters, "BODY_SECONDS", 0.05)
    address = httpx.URL(quiet_site.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")  # to the connection's end
    writer.close()
    assert head.startswith(b"HTTP/1.1 408 ")
    response = httpx.Response(408, headers=head_lines(head), content=body)
    error(response, 408, "INVALID", "0.05 seconds")


def head_lines(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
    return [(name, value) for name, _, value in lines]
