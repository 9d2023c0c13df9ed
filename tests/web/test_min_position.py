"""An operation says from which position on it reads, whichever way it goes."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from schema.scalars import log_position
from service.commands.user import SignUp, sign_up
from tests.web.following import socket
from tests.web.site import Site, body_of

PARAMETER = "extensions.minPosition"
SEEN = "query Seen($name: String!) { user(username: $name) { username } }"

Ask = Callable[[Site, dict[str, Any]], Awaitable[Any]]
"""What comes of a request: a body with `data`, or with `errors`."""


def request(min_position: Any, name: str = "ada") -> dict[str, Any]:
    return {"query": SEEN, "variables": {"name": name}, "extensions": {"minPosition": min_position}}


async def by_post(site: Site, asked: dict[str, Any]) -> Any:
    return body_of(await site.client.post("/graphql", json=asked))


async def by_get(site: Site, asked: dict[str, Any]) -> Any:
    params = {name: value if name == "query" else json.dumps(value) for name, value in asked.items()}
    headers = {"graphql-require-preflight": "1"}
    return body_of(await site.client.get("/graphql", params=params, headers=headers))


async def by_events(site: Site, asked: dict[str, Any]) -> Any:
    response = await site.client.post("/graphql", json=asked, headers={"accept": "text/event-stream"})
    if response.status_code != 200:
        return response.json()
    (data,) = [
        line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: {")
    ]
    return json.loads(data)


async def by_socket(site: Site, asked: dict[str, Any]) -> Any:
    async with socket(site.url) as opened:
        await opened.send(type="subscribe", id="1", payload=asked)
        message = await opened.receive()
    return message["payload"] if message["type"] == "next" else {"errors": message["payload"]}


ways = pytest.mark.parametrize("ask", [by_post, by_get, by_events, by_socket])


def refused(body: Any, code: str, words: str) -> dict[str, Any]:
    """The extensions of the one error, which names the parameter."""
    assert set(body) == {"errors"}
    (only,) = body["errors"]
    assert words in only["message"]
    assert only["extensions"]["code"] == code
    assert only["extensions"]["parameter"] == PARAMETER
    return dict(only["extensions"])


@ways
async def test_it_reads_what_was_written(site: Site, ask: Ask) -> None:
    for number in range(10):
        done = await sign_up(site.acting(), SignUp(f"user{number}"))
        asked = str(log_position(site.tools.log_id, done.position))
        body = await ask(site, request(asked, f"user{number}"))
        assert body["data"] == {"user": {"username": f"user{number}"}}


@ways
async def test_none_is_none(site: Site, ask: Ask) -> None:
    assert (await ask(site, request(None)))["data"] == {"user": None}


@ways
@pytest.mark.parametrize("value", ["", "7", "nonsense", 7, True, {}, ["a"], "x" * 9_000, "00000000-\u00b2"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_malformed_position(quiet_site: Site, ask: Ask, value: Any) -> None:
    told = refused(await ask(quiet_site, request(value)), "INVALID", f"{PARAMETER}: This is not a Position")
    assert told["reason"] == "MALFORMED"


@ways
async def test_positions_that_are_not_there(stuck_site: Site, ask: Ask) -> None:
    beyond = str(log_position(stuck_site.tools.log_id, 1))
    told = refused(await ask(stuck_site, request(beyond)), "INVALID", "beyond the end")
    assert told["reason"] == "BEYOND_END"
    other = ("0" if beyond[0] != "0" else "1") + beyond[1:]
    told = refused(await ask(stuck_site, request(other)), "INVALID", "another log")
    assert told["reason"] == "OTHER_LOG"


@ways
async def test_a_wait_that_runs_out(stuck_site: Site, ask: Ask) -> None:
    done = await sign_up(stuck_site.acting(), SignUp("ada"))
    asked = str(log_position(stuck_site.tools.log_id, done.position))
    told = refused(await ask(stuck_site, request(asked)), "NOT_YET_VISIBLE", "cannot be read yet")
    assert told["position"] == asked


async def test_it_does_not_take_the_place_of_the_header(stuck_site: Site) -> None:
    """Both are waited for."""
    done = await sign_up(stuck_site.acting(), SignUp("ada"))
    there, missing = (str(log_position(stuck_site.tools.log_id, n)) for n in (0, done.position))
    for header, parameter, named in ((missing, there, "header"), (there, missing, "parameter")):
        headers = {"min-position": header}
        response = await stuck_site.client.post("/graphql", json=request(parameter), headers=headers)
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        assert named in response.json()["errors"][0]["extensions"]


async def test_a_token_that_is_over_is_told_first(stuck_site: Site) -> None:
    headers = {"authorization": "Bearer nobody"}
    response = await stuck_site.client.post("/graphql", json=request("nonsense"), headers=headers)
    assert response.status_code == 401


async def test_a_subscription_begins_when_it_is_reached(site: Site) -> None:
    query = "subscription { summaryPublished { summary { body } } }"
    ada = await site.user("ada")
    now = (await site.ask("{ __typename }")).headers["position"]
    async with socket(site.url) as opened:
        for id, position in (("1", now), ("2", "nonsense")):
            payload = {"query": query, "extensions": {"minPosition": position}}
            await opened.send(type="subscribe", id=id, payload=payload)
        failed = await opened.receive()
        assert (failed["id"], failed["type"]) == ("2", "error")
        refused({"errors": failed["payload"]}, "INVALID", PARAMETER)
        await site.summary(ada, await site.paper(ada, "Paper", "p"), "Text.")
        assert (await opened.next())["data"] == {"summaryPublished": {"summary": {"body": "Text."}}}
