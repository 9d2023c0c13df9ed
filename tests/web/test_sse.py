"""Operations as server-sent events: each connection is one operation."""

import asyncio
import json
from typing import Any

import pytest

from schema.scalars import LogPosition, log_position
from service.web import connections, sse
from tests.web.following import PUBLISHED, Event, events, following, socket
from tests.web.site import Site
from tests.web.test_requests import error

ACCEPT = {"accept": "text/event-stream"}
PREFLIGHT = {"graphql-require-preflight": "1"}


async def published(site: Site, count: int) -> list[str]:
    """So many summaries, one by one; their texts."""
    ada = await site.user("ada")
    for n in range(count):
        await site.summary(ada, await site.paper(ada, f"Paper {n}", f"p{n}"), f"Text {n}.")
    return [f"Text {n}." for n in range(count)]


async def test_what_became_public_comes_first_and_then_what_becomes_public(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(3)]
    await site.summary(ada, papers[0], "Old.")
    async with events(site.client, PUBLISHED, after=str(site.tools.log_position(0))) as stream:
        headers = stream.response.headers
        assert stream.response.status_code == 200
        assert headers["content-type"] == "text/event-stream"
        assert headers["cache-control"] == "no-store, no-transform"
        assert headers["x-accel-buffering"] == "no"
        assert "content-length" not in headers
        assert "content-encoding" not in headers
        found = [await stream.published()]
        for paper in papers[1:]:
            await site.summary(ada, paper, "New.")
            found.append(await stream.published())
    assert [one["summary"]["body"] for one in found] == ["Old.", "New.", "New."]
    await following(site, 0)


async def test_the_last_event_id_goes_before_the_argument(site: Site) -> None:
    texts = await published(site, 4)
    beginning = str(site.tools.log_position(0))
    async with events(site.client, PUBLISHED, after=beginning) as stream:
        places = [(await stream.published())["position"] for _ in texts]
    for n, place in enumerate(places[:-1]):
        async with events(site.client, PUBLISHED, {"last-event-id": place}, after=beginning) as stream:
            rest = [(await stream.published())["summary"]["body"] for _ in texts[n + 1 :]]
        assert rest == texts[n + 1 :]


async def test_a_client_that_goes_before_the_first_event_can_resume(site: Site) -> None:
    ada = await site.user("ada")
    paper = await site.paper(ada, "Paper", "p")
    async with events(site.client, PUBLISHED) as stream:
        while stream.id is None:
            await stream.line()
    await site.summary(ada, paper, "Meanwhile.")
    async with events(site.client, PUBLISHED, {"last-event-id": stream.id}) as stream:
        assert (await stream.published())["summary"]["body"] == "Meanwhile."


async def test_by_get_for_who_is_no_page_of_another_site(site: Site) -> None:
    [text] = await published(site, 1)
    variables = json.dumps({"after": str(site.tools.log_position(0))})
    params = {"query": PUBLISHED, "variables": variables}
    error(await site.client.get("/graphql", params=params, headers=ACCEPT), 403, "FORBIDDEN", "Preflight")
    async with events(site.client, "", ACCEPT | PREFLIGHT, method="GET", params=params) as stream:
        assert (await stream.published())["summary"]["body"] == text
    mutation = {"query": "mutation { signOut }"}
    async with events(site.client, "", ACCEPT | PREFLIGHT, method="GET", params=mutation) as stream:
        [failure] = (await stream.next()).data["errors"]
        assert "send it by POST" in failure["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment f on Query { __typename }", "INVALID"),
        ('subscription { summaryPublished(after: "x") { position } }', "INVALID"),
        (
            "subscription { summaryPublished(filter: {year: 1}) { position nothing } }",
            "GRAPHQL_VALIDATION_FAILED",
        ),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_run_is_told_as_an_event(quiet_site: Site, query: str, code: str) -> None:
    async with events(quiet_site.client, query) as stream:
        event = await stream.next()
        assert (event.kind, set(event.data)) == ("next", {"errors"})
        assert event.data["errors"][0]["extensions"]["code"] == code
        assert await stream.next() == Event("complete", None, None)
        assert await stream.ended()


@pytest.mark.parametrize(
    ("position", "reason"),
    [
        ("nonsense", "MALFORMED"),
        (str(LogPosition("0" * 8, 1)), "OTHER_LOG"),
        ("lost", "LOST"),
        ("beyond", "BEYOND_END"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_place_that_cannot_be_resumed_at(quiet_site: Site, position: str, reason: str) -> None:
    log = quiet_site.tools.log_id
    made = {"lost": LogPosition(log.hex[:8], 1, epoch=9), "beyond": log_position(log, 10**9)}
    headers = {"last-event-id": str(made.get(position, position))}
    async with events(quiet_site.client, PUBLISHED, headers) as stream:
        [failure] = (await stream.next()).data["errors"]
        assert await stream.next() == Event("complete", None, None)
    assert failure["extensions"] == {"code": "INVALID", "header": "Last-Event-ID", "reason": reason}


async def test_what_cannot_begin_just_now_is_to_be_tried_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the program itself, as for a service that is away."""
    beginning = str(site.tools.log_position(0))

    async def away(*_: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(site.tools.store, "head", away)
    refused: Any = await site.client.post("/graphql", json={"query": PUBLISHED}, headers=ACCEPT)
    assert error(refused, 503, "BUSY")
    assert refused.headers["retry-after"] == "1"
    assert site.connections.open == 0
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED, after=beginning)
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BUSY")
        monkeypatch.undo()
        await client.subscribe(PUBLISHED, after=beginning)
        await client.quiet()


@pytest.mark.asyncio(loop_scope="module")
async def test_a_query_is_one_event(quiet_site: Site) -> None:
    async with events(quiet_site.client, "{ __typename }") as stream:
        assert (await stream.next()).data["data"] == {"__typename": "Query"}
        assert await stream.next() == Event("complete", None, None)
        assert await stream.ended()


@pytest.mark.asyncio(loop_scope="module")
async def test_without_events_a_subscription_is_refused(quiet_site: Site) -> None:
    for accept in ("application/json", "application/graphql-response+json"):
        response = await quiet_site.ask(PUBLISHED, {"accept": accept})
        error(response, 406, "INVALID", "text/event-stream", "graphql-transport-ws")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_wrong_with_the_request_is_told_by_its_status(quiet_site: Site) -> None:
    client = quiet_site.client
    unknown = ACCEPT | {"authorization": "Bearer unknown"}
    error(await client.post("/graphql", json={"query": PUBLISHED}, headers=unknown), 401, "UNAUTHENTICATED")
    error(
        await client.post("/graphql", content=b"{", headers=ACCEPT | {"content-type": "text/plain"}),
        415,
        "INVALID",
    )
    error(await client.put("/graphql", headers=ACCEPT), 405, "INVALID")


async def test_something_is_sent_when_nothing_happens(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "BEAT_SECONDS", 0.05)
    ada = await site.user("ada")
    paper = await site.paper(ada, "Paper", "p")
    async with events(site.client, PUBLISHED) as stream:
        while stream.comments < 3:
            await stream.line()
        await site.summary(ada, paper, "After all.")
        assert (await stream.published())["summary"]["body"] == "After all."


async def test_who_signs_out_is_told_where_to_resume(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CHECK_SECONDS", 0.05)
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    paper = await site.paper(session.user_id, "Paper", "p")
    bearer = {"authorization": f"Bearer {session.token}"}
    async with events(site.client, PUBLISHED, bearer) as stream, events(site.client, PUBLISHED) as visitor:
        await site.summary(session.user_id, paper, "Before.")
        place = (await stream.published())["position"]
        await site.tools.accounts.sign_out(session.token)
        event = await stream.next()
        [told] = event.data["errors"]
        assert told["extensions"] == {"code": "UNAUTHENTICATED", "position": place}
        assert await stream.next() == Event("complete", None, None)
        assert (await visitor.published())["summary"]["body"] == "Before."
    await following(site, 0)


async def test_when_the_service_stops_the_stream_ends_without_complete(site: Site) -> None:
    [text] = await published(site, 1)
    async with events(site.client, PUBLISHED, after=str(site.tools.log_position(0))) as stream:
        assert (await stream.published())["summary"]["body"] == text
        site.live.stop()
        assert await stream.ended()


async def test_the_connection_of_who_leaves_is_given_up(site: Site) -> None:
    async with events(site.client, PUBLISHED) as stream:
        await stream.line()
        await following(site, 1)
    await following(site, 0)


async def test_who_is_refused_for_too_many_has_done_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.connections, "_most", 0)
    sign_up = (
        'mutation { signUp(input: {username: "ada", password: "a long pass phrase 77"}) { __typename } }'
    )
    answer = await site.ask(sign_up, headers=ACCEPT)
    error(answer, 503, "BUSY", "connections")
    assert (await site.tools.store.head()).position == 0
    assert site.connections.open == 0


async def test_too_many_are_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.connections, "_most", 1)
    async with events(site.client, PUBLISHED) as stream:
        await stream.line()
        refused: Any = await site.client.post("/graphql", json={"query": PUBLISHED}, headers=ACCEPT)
        error(refused, 503, "BUSY", "connections")
        assert refused.headers["retry-after"] == "10"
    async with asyncio.timeout(20):
        while site.connections.open:  # noqa: ASYNC110 (the server sets no event)
            await asyncio.sleep(0.01)
    async with events(site.client, PUBLISHED) as stream:
        await stream.line()
