"""What whoever runs the service sees of requests: ids, lines in the log, metrics; and what nobody sees."""

import json
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from service.web.observing import Observing
from tests.postgres import execute
from tests.web.site import Site

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


async def samples(site: Site, **headers: str) -> Samples:
    """What /metrics says, by name and labels."""
    response = await site.client.get("/metrics", headers=headers)
    assert response.status_code == 200, response.text
    families = text_string_to_metric_families(response.text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for of in families for one in of.samples}


def requests(found: Samples, **labels: str) -> float:
    return found.get(("shortscience_request_seconds_count", tuple(sorted(labels.items()))), 0)


@pytest.mark.parametrize("given", ["a", "0af7651916cd43dd8448eb211c80319c", "Edge-1.2_3", "x" * 64])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_plain_request_id_is_kept(quiet_site: Site, given: str) -> None:
    response = await quiet_site.client.get("/healthz", headers={"x-request-id": given})
    assert response.headers.get_list("x-request-id") == [given]


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "a\tb", "ä", "a,b"])
@pytest.mark.asyncio(loop_scope="module")
async def test_any_other_request_id_is_replaced(quiet_site: Site, given: str) -> None:
    response = await quiet_site.client.get("/healthz", headers=[(b"x-request-id", given.encode())])
    assert re.fullmatch("[0-9a-f]{16}", response.headers["x-request-id"])


@pytest.mark.asyncio(loop_scope="module")
async def test_two_request_ids_are_none(quiet_site: Site) -> None:
    response = await quiet_site.client.get("/healthz", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert response.headers["x-request-id"] not in ("a", "b", "a, b")


@pytest.mark.parametrize("path", ["/", "/graphql", "/nowhere", "/schema.graphql", "/assets/style.css"])
@pytest.mark.asyncio(loop_scope="module")
async def test_every_answer_has_an_id_of_its_own(quiet_site: Site, path: str) -> None:
    ids = {(await quiet_site.client.get(path)).headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


async def test_a_line_for_each_request_and_nothing_private_in_it(site: Site) -> None:
    """Neither who asks, nor what proves it, nor what it is about."""
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    headers = {"authorization": f"Bearer {session.token}", "x-request-id": "mine"}
    with capture_logs([merge_contextvars]) as logged:
        await site.client.post(
            "/graphql?token=in-the-address",
            json={
                "query": "query Who($u: String!) { user(username: $u) { id } }",
                "variables": {"u": "a-variable"},
            },
            headers=headers,
        )
        await site.ask(
            'mutation { signIn(input: {username: "ada", password: "wrong pass phrase"}) { __typename } }',
            {"x-request-id": "another"},  # one of ours may have these letters
        )
    first, second = [line for line in logged if line["event"] == "request"]
    duration = first.pop("duration_ms")
    assert first == {
        "event": "request",
        "log_level": "info",
        "request_id": "mine",
        "method": "POST",
        "path": "/graphql",
        "kind": "query",
        "operation": "user",
        "operation_name": "Who",
        "status": 200,
        "codes": (),
    }
    assert duration > 0
    assert (second["kind"], second["operation"]) == ("mutation", "signIn")
    said = json.dumps(logged, default=str)
    for private in (session.token, str(session.user_id), "a-variable", "in-the-address", "wrong pass", "ada"):
        assert private not in said


async def test_an_error_id_leads_to_the_request(site: Site, database_url: str) -> None:
    await execute(database_url, "ALTER TABLE read.user RENAME TO away")
    with capture_logs([merge_contextvars]) as logged:
        response = await site.ask('{ user(username: "ada") { id } }', {"x-request-id": "the-one"})
        page = await site.client.get("/venue?key=x", headers={"x-request-id": "another"})
    [error] = response.json()["errors"]
    [line] = [line for line in logged if line["log_level"] == "error"]
    assert line["error_id"] == error["extensions"]["errorId"]
    assert line["request_id"] == "the-one"
    assert page.headers["x-request-id"] == "another"
    found = await samples(site)
    assert requests(found, kind="query", operation="user", outcome="failed") == 1


async def test_requests_are_counted_under_names_of_ours(site: Site) -> None:
    """A client cannot make up labels."""
    for query in (
        "query Mine { feed { totalCount } }",
        "{ a: feed { totalCount } b: feed { totalCount } }",
        "{ __typename feed { totalCount } }",
        "{ madeUpByMe }",
        "query ($x: MadeUp) { feed { totalCount } }",
        "nonsense",
        "{ ...F } fragment F on Query { feed { totalCount } }",
    ):
        await site.ask(query)
    for path in ("/", "/papers/not-an-id", "/made-up", "/assets/style.css", "/graphql?query=1"):
        await site.client.get(path)
    found = await samples(site)
    assert requests(found, kind="query", operation="feed", outcome="ok") == 2
    assert requests(found, kind="query", operation="several", outcome="ok") == 1
    assert requests(found, kind="query", operation="other", outcome="refused") == 1
    assert requests(found, kind="query", operation="other", outcome="ok") == 1
    assert requests(found, kind="query", operation="feed", outcome="refused") == 1
    assert requests(found, kind="http", operation="/graphql", outcome="refused") == 2
    assert requests(found, kind="http", operation="/", outcome="ok") == 1
    assert requests(found, kind="http", operation="other", outcome="refused") == 2
    assert requests(found, kind="http", operation="/assets", outcome="ok") == 1
    assert "madeUp" not in str(found)
    assert "made-up" not in str(found)


async def test_the_log_the_projection_and_the_pool_are_measured(site: Site) -> None:
    ada = await site.user("ada")
    await site.paper(ada, "A", "a")
    with pytest.raises(Exception, match="a"):
        await site.paper(ada, "A again", "a")
    found = {
        name + "".join(f" {value}" for _, value in labels): v
        for (name, labels), v in (await samples(site)).items()
    }
    expected: dict[str, Any] = {
        "shortscience_appends_total recorded": 2,
        "shortscience_appends_total taken": found["shortscience_appends_total taken"],
        "shortscience_appends_refused_total busy": 0,
        "shortscience_append_queue_length": 0,
        "shortscience_log_position": 2,
        "shortscience_projection_position": 2,
        "shortscience_projection_lag_events": 0,
        "shortscience_projection_leads": 1,
        "shortscience_projection_failing": 0,
        "shortscience_pool_connections_max": 8,
    }
    assert {name: found[name] for name in expected} == expected
    assert found["shortscience_append_batch_size_sum"] >= 2
    assert found["shortscience_append_batch_seconds_count"] >= 2
    assert (
        found["shortscience_append_batch_size_bucket +Inf"] == found["shortscience_append_batch_size_count"]
    )
    assert 0 < found["shortscience_pool_connections"] <= 8


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "via"])
@pytest.mark.asyncio(loop_scope="module")
async def test_metrics_are_not_for_who_comes_through_a_proxy(quiet_site: Site, header: str) -> None:
    response = await quiet_site.client.get("/metrics", headers={header: "127.0.0.1"})
    assert response.status_code == 404


async def test_nothing_else_than_http_is_observed() -> None:
    """A WebSocket passes through."""
    passed: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        passed.append(scope["type"])

    async def unused(*_: Any) -> Any:
        raise AssertionError

    await Observing(inner, {}, lambda _: passed.append("told"))({"type": "websocket"}, unused, unused)
    assert passed == ["websocket"]
