"""Operations over WebSockets, by graphql-transport-ws."""

import asyncio
import json
import socket as stdlib
import struct
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from projections import summary
from projections.following import publications
from schema.ids import NodeId
from service.accounts.service import Accounts
from service.web import connections, sse, websocket
from service.web.websocket import MISPLACED
from tests.web.following import PUBLISHED, SECONDS, connected, events, following, socket
from tests.web.site import Site, running_site


def node(kind: Any, id: UUID) -> str:
    return str(NodeId(kind, id))


async def test_what_became_public_comes_first_and_then_what_becomes_public(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(4)]
    old = [await site.summary(ada, paper, f"Text {n}.") for n, paper in enumerate(papers[:2])]
    beginning = str(site.tools.log_position(0))
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED, after=beginning)
        found = [await client.published() for _ in old]
        new = [await site.summary(ada, paper, f"Text {n}.") for n, paper in enumerate(papers[2:], 2)]
        found += [await client.published() for _ in new]
        await client.quiet()
    assert [one["summary"]["id"] for one in found] == [node("Summary", id) for id in old + new]
    assert [one["summary"]["body"] for one in found] == [f"Text {n}." for n in range(4)]
    assert [one["position"] for one in found] == sorted({one["position"] for one in found})


async def test_without_a_position_it_begins_now(site: Site) -> None:
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(2)]
    await site.summary(ada, papers[0], "Before.")
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED)
        await following(site, 1)
        await site.summary(ada, papers[1], "After.")
        assert (await client.published())["summary"]["body"] == "After."
        await client.quiet()


async def test_what_is_asked_is_as_over_http(site: Site) -> None:
    """Each operation has a context of its own: it shows what was written a moment ago."""
    async with socket(site.url) as client:
        for n in range(3):
            await client.subscribe("{ statistics { userCount } }", id=f"{n}")
            payload = await client.next(f"{n}")
            assert payload["data"] == {"statistics": {"userCount": n}}
            assert payload["extensions"]["position"] == (await site.ask("{__typename}")).headers["position"]
            assert await client.receive() == {"id": f"{n}", "type": "complete"}
            await site.user(f"person{n}")
        sign_up = (
            'mutation { signUp(input: {username: "ada", password: "a long pass phrase 77"}) { __typename } }'
        )
        await client.subscribe(sign_up, id="again")
        assert (await client.next("again"))["data"] == {"signUp": {"__typename": "SessionPayload"}}
        assert await client.receive() == {"id": "again", "type": "complete"}


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("{", "GRAPHQL_PARSE_FAILED"),
        (" ", "INVALID"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query a { __typename } query b { __typename }", "GRAPHQL_VALIDATION_FAILED"),
        ("fragment f on Query { __typename }", "INVALID"),
        (f"{{ {'a: __typename ' * 101} }}", "LIMIT_EXCEEDED"),
        ("{ papers(first: 100) { nodes { summaries(first: 100) { nodes { comments(first: 100) { nodes { id "
         "replies(first: 100) { nodes { id } } } } } } } } }", "LIMIT_EXCEEDED"),
        ('subscription { summaryPublished(after: "x") { position } }', "INVALID"),
    ],
)  # fmt: skip
@pytest.mark.asyncio(loop_scope="module")
async def test_what_cannot_run_is_an_error_of_that_operation(quiet_site: Site, query: str, code: str) -> None:
    async with socket(quiet_site.url) as client:
        await client.subscribe(query)
        message = await client.receive()
        assert (message["type"], message["id"]) == ("error", "1")
        assert message["payload"][0]["extensions"]["code"] == code
        await client.subscribe("{ __typename }")
        assert (await client.next())["data"] == {"__typename": "Query"}


SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}
BAD = "graphql-transport-ws"


@pytest.mark.parametrize(
    ("message", "code", "word"),
    [
        ("nonsense", 4400, BAD),
        ("[]", 4400, BAD),
        ("null", 4400, BAD),
        ("{}", 4400, BAD),
        ("[" * 100_000, 4400, BAD),
        ('{"type": "start", "id": "1"}', 4400, BAD),
        ('{"type": "subscribe", "payload": {"query": "{a}"}}', 4400, BAD),
        ('{"type": "subscribe", "id": 1, "payload": {"query": "{a}"}}', 4400, BAD),
        ('{"type": "subscribe", "id": "1", "payload": {}}', 4400, BAD),
        ('{"type": "subscribe", "id": "1", "payload": {"query": "{a}", "variables": []}}', 4400, BAD),
        (b'{"type": "ping"}', 4400, "text"),
        (" " * 1_000_001, 1009, "1,000,000"),
        ('{"type": "connection_init"}', 4429, "twice"),
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_no_message_of_the_protocol(
    quiet_site: Site, message: str | bytes, code: int, word: str
) -> None:
    async with socket(quiet_site.url) as client:
        await client.connection.send(message)
        found, reason = await client.closed()
    assert found == code
    assert word in reason


@pytest.mark.asyncio(loop_scope="module")
async def test_connection_init_comes_first(quiet_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with connected(quiet_site.url) as client:
        await client.send(**SUBSCRIBE)
        assert (await client.closed())[0] == 4401
    monkeypatch.setattr(websocket, "INIT_SECONDS", 0.05)
    async with connected(quiet_site.url) as client:
        assert await client.closed() == (4408, "connection_init was not there after 0.05 seconds.")


@pytest.mark.asyncio(loop_scope="module")
async def test_the_old_protocol_is_not_spoken(quiet_site: Site) -> None:
    for protocols in ((Subprotocol("graphql-ws"),), None):
        async with connected(quiet_site.url, protocols) as client:
            assert (await client.closed())[0] == 4406


async def test_ids_are_used_once_at_a_time(site: Site) -> None:
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED)
        await following(site, 1)
        await client.send(type="complete", id="1")
        await following(site, 0)
        await client.subscribe("{ __typename }")
        assert (await client.next())["data"] == {"__typename": "Query"}
        assert await client.receive() == {"id": "1", "type": "complete"}
        await client.send(type="complete", id="unknown")
        await client.subscribe(PUBLISHED)
        await client.subscribe(PUBLISHED)
        assert await client.closed() == (4409, "Subscriber for 1 already exists")
    await following(site, 0)


async def test_operations_of_one_connection_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MOST_OPERATIONS", 2)
    async with socket(site.url) as client:
        for id in ("1", "2", "3"):
            await client.subscribe(PUBLISHED, id=id)
        message = await client.receive()
        assert (message["type"], message["id"]) == ("error", "3")
        assert message["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED", "limit": 2}
        await following(site, 2)


async def test_connections_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.connections, "_most", 1)
    async with socket(site.url):
        with pytest.raises(InvalidStatus) as refused:
            async with connected(site.url):
                pass
    response = refused.value.response
    assert (response.status_code, response.headers["retry-after"]) == (503, "10")
    assert b'"BUSY"' in response.body


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        (None, True),
        ("https://friends.example", True),
        ("https://others.example", False),
        ("https://friends.example.evil.example", False),
        ("null", False),
    ],
)
async def test_pages_of_other_sites(database_url: str, origin: str | None, welcome: bool) -> None:
    async with running_site(database_url, cors_origins="https://friends.example") as site:
        if welcome:
            async with socket(site.url, origin=origin):
                return
        with pytest.raises(InvalidStatus) as refused:
            async with connected(site.url, origin=origin):
                pass
    assert refused.value.response.status_code == 403
    assert json.loads(refused.value.response.body)["errors"][0]["extensions"] == {"code": "FORBIDDEN"}


async def test_whose_token_it_is(site: Site) -> None:
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    header = {"Authorization": f"Bearer {session.token}"}
    for payload, headers in ((header, {}), ({"authorization": header["Authorization"]}, {}), ({}, header)):
        async with connected(site.url, additional_headers=headers) as client:
            await client.send(type="connection_init", payload=payload)
            assert await client.receive() == {"type": "connection_ack"}
            await client.subscribe("{ viewer { username } }")
            assert (await client.next())["data"] == {"viewer": {"username": "ada"}}
    for bad in ("Bearer unknown", "Basic x", "Bearer", "", 7, None, {}):
        async with connected(site.url) as client:
            await client.send(type="connection_init", payload={"Authorization": bad})
            code, reason = await client.closed()
            assert (code, bool(reason)) == (4403, True), bad
    for deeper in ({"headers": header}, {"options": [{"headers": {"authorization": ""}}]}):
        async with connected(site.url) as client:
            await client.send(type="connection_init", payload=deeper)
            assert await client.closed() == (4400, MISPLACED)
        async with connected(site.url, additional_headers=header) as client:
            await client.send(type="connection_init", payload=deeper)
            assert await client.receive() == {"type": "connection_ack"}


async def test_who_signs_out_gets_nothing_more(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also who waits for something that does not happen."""
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    paper = await site.paper(session.user_id, "Paper", "p")
    async with socket(site.url, session.token) as client, socket(site.url) as visitor:
        for one in (client, visitor):
            await one.subscribe(PUBLISHED)
        await following(site, 2)
        await site.tools.accounts.sign_out(session.token)
        await site.summary(session.user_id, paper, "Not for who has signed out.")
        assert await visitor.published()
        message = await client.receive()
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await client.closed())[0] == 4403
    again = await site.tools.accounts.sign_in("ada", "a long pass phrase 77")
    monkeypatch.setattr(connections, "CHECK_SECONDS", 0.05)
    async with socket(site.url, again.token) as client:
        await client.subscribe(PUBLISHED)
        await site.tools.accounts.sign_out(again.token)
        assert (await client.closed())[0] == 4403


async def test_tokens_are_checked_on_whatever_happens(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a check that failed, and of those only who were there when it was asked."""
    monkeypatch.setattr(connections, "CHECK_SECONDS", 0.05)
    good_tokens, asked, go = Accounts.good_tokens, list[int](), asyncio.Event()

    async def slowly(accounts: Accounts, tokens: Collection[str]) -> set[str]:
        asked.append(len(tokens))
        if len(asked) == 1:
            raise ZeroDivisionError
        found = await good_tokens(accounts, tokens)
        await go.wait()
        return found

    monkeypatch.setattr(Accounts, "good_tokens", slowly)
    sign_up = partial(
        site.tools.accounts.sign_up, password="a long pass phrase 77", display_name=None, email=None
    )
    early, late = [(await sign_up(name)).token for name in ("early", "late")]
    async with socket(site.url, early) as first:
        async with asyncio.timeout(SECONDS):
            while len(asked) < 2:  # noqa: ASYNC110 (the server sets no event)
                await asyncio.sleep(0.01)
        async with socket(site.url, late) as second:
            go.set()
            async with asyncio.timeout(SECONDS):
                while 2 not in asked:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            await second.quiet()
            await site.tools.accounts.sign_out(early)
            assert (await first.closed())[0] == 4403
            await second.quiet()


async def test_an_event_that_cannot_be_shown_is_told_with_where_to_resume(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("schema.making.AGAIN_SECONDS", (0.01,))
    ada = await site.user("ada")
    await site.summary(ada, await site.paper(ada, "Paper", "p"), "Text.")
    at = [one.position for one in await publications(site.tools.pool, 0, 10)]

    async def broken(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(summary, "summaries_by_id", broken)
    beginning, failed = (str(site.tools.log_position(one)) for one in (0, *at))
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED, after=beginning)
        message = await client.receive()
        assert message["type"] == "error"
        [problem] = message["payload"]
        await client.quiet()
    async with events(site.client, PUBLISHED, after=beginning) as stream:
        [other] = (await stream.next()).data["errors"]
        assert (await stream.next()).kind == "complete"
        assert stream.id == beginning
    for one in (problem, other):
        assert "Resume after `position`" in one["message"]
        assert one["extensions"].pop("errorId")
        assert one["extensions"] == {"code": "INTERNAL", "position": beginning, "failed": failed}


async def test_when_the_service_stops_it_is_closed_for_a_restart(site: Site) -> None:
    async with socket(site.url) as client:
        await client.subscribe(PUBLISHED)
        await following(site, 1)
        site.live.stop()
        assert (await client.closed())[0] == 1012


@pytest.mark.parametrize("kind", ["websocket", "events"])
async def test_who_does_not_read_is_let_go_and_costs_nobody(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Flow control holds it back first, and no connection of the pool waits with it."""
    for module in (websocket, sse):
        monkeypatch.setattr(module, "SEND_SECONDS", 1.0)
    ada = await site.user("ada")
    papers = [await site.paper(ada, f"Paper {n}", f"p{n}") for n in range(12)]
    copies = " ".join(f"copy{n}: body" for n in range(8))  # more than the system's buffers take
    query = f"subscription {{ summaryPublished {{ position summary {{ body {copies} }} }} }}"
    async with sleeper(site, kind, query) as raw, socket(site.url) as other:
        await other.subscribe(query)
        await following(site, 2)
        for n, paper in enumerate(papers):
            await site.summary(ada, paper, f"{n} {'long ' * 18_000}")
            assert (await other.published())["summary"]["body"].startswith(f"{n} ")
        taken: list[int] = []
        async with asyncio.timeout(SECONDS):
            while site.live.tally.let_go != 1:  # others have connections now and then
                taken.append(site.tools.pool.get_size() - site.tools.pool.get_idle_size())
                await asyncio.sleep(0.01)
        assert min(taken, default=0) == 0
        await following(site, 1)
        await other.quiet()
        raw.close()


@asynccontextmanager
async def sleeper(site: Site, kind: str, query: str) -> AsyncIterator[stdlib.socket]:
    """A client that follows, and reads nothing after the beginning."""
    address = httpx.URL(site.url)
    raw = stdlib.socket()
    raw.setsockopt(stdlib.SOL_SOCKET, stdlib.SO_RCVBUF, 4_096)
    raw.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(raw, (address.host, address.port))
    try:
        for data in over_websocket(query) if kind == "websocket" else over_events(query):
            await loop.sock_sendall(raw, data)
            if kind == "websocket":
                await loop.sock_recv(raw, 4_096)
        yield raw
    finally:
        raw.close()


def over_events(query: str) -> list[bytes]:
    body = json.dumps({"query": query}).encode()
    head = (
        "POST /graphql HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\n"
    )
    return [f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body]


def over_websocket(query: str) -> list[bytes]:
    """What is answered at once: the handshake, connection_init, and a ping after the subscription."""
    handshake = (
        "GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
    )
    messages = ({"type": "connection_init"}, SUBSCRIBE | {"payload": {"query": query}}, {"type": "ping"})
    init, subscribe, ping = (frame(json.dumps(message).encode()) for message in messages)
    return [handshake.encode(), init, subscribe + ping]


def frame(payload: bytes) -> bytes:
    """As a client sends it, with a mask of zeros."""
    assert len(payload) < 65_536
    length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack("!H", len(payload))
    return b"\x81" + length + bytes(4) + payload
