"""The samples of docs/following.md and docs/clients.md for JavaScript, as they are written there."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.client import Person, paper_fields
from tests.end_to_end.server import PATIENCE, Server
from tests.web import npm


def samples(document: str) -> list[str]:
    text = (Path(__file__).parents[2] / "docs" / document).read_text("utf-8")
    return re.findall(r"```js\n(.*?)```", text, re.DOTALL)


OF_WS, OF_SSE, OF_EVENTSOURCE, OF_APOLLO = samples("following.md")
ASKING, WRITING, READING, SHOWING, OF_LINK = samples("clients.md")
CLIENT, ASKED = OF_WS.split("const query = ")
QUERY = "const query = " + ASKED.partition("for await")[0]
PROGRAMS = {
    "graphql-ws": OF_WS,
    "graphql-sse": f"{OF_SSE}const query = {ASKED}",
    "eventsource": OF_EVENTSOURCE,
    "@apollo/client": CLIENT + QUERY + OF_APOLLO,
}
SOCKETS = 'import { WebSocket } from "ws";\nglobalThis.WebSocket ??= WebSocket;\n'
KEEPING = """
const lastKept = () => null;
const keep = (found, position) => console.log(JSON.stringify([found.position, position]));
"""
TELLING = """
globalThis.crypto ??= (await import("node:crypto")).webcrypto;
const show = (type, node) => console.log(JSON.stringify([type, node]));
"""
CACHED = """
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
const link = positions.concat(new HttpLink({ uri: "https://example.org/graphql" }));
const apollo = new ApolloClient({ link, cache: new InMemoryCache() });
await apollo.query({ query: gql("{ statistics { paperCount } }"), context: { reached: console.log } });
process.exit(0);
"""


def at(server: Server, code: str) -> str:
    """Code that asks this server."""
    for scheme, url in (("https", server.url), ("wss", server.url.replace("http", "ws"))):
        code = code.replace(f"{scheme}://example.org", url)
    return code


async def positions(process: Process, count: int) -> list[str]:
    """What it has kept, with where it was."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        kept = [json.loads(await process.stdout.readline()) for _ in range(count)]
    assert all(found == position for found, position in kept)
    return [position for _, position in kept]


async def followed(http: httpx.AsyncClient, count: int) -> None:
    """Wait until so many follow."""
    async with asyncio.timeout(PATIENCE):
        while f"shortscience_subscriptions {count:.1f}\n" not in (await http.get("/metrics")).text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kind", PROGRAMS)
async def test_nothing_is_lost_and_nothing_comes_twice(server: Server, tmp_path: Path, kind: str) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        ada = await Person(http).sign_up("ada")
        code = f'{SOCKETS}const token = "{ada.token}";{KEEPING}{PROGRAMS[kind]}'
        path = npm.script(tmp_path, "sample", at(server, code), kind, "graphql-ws", "ws")
        process = await asyncio.create_subprocess_exec("node", path, stdout=PIPE)
        try:
            await followed(http, 1)
            await ada.summary(await ada.paper("p0"), "Before.")
            first = await positions(process, 1)
            for end in (server.kill, server.stop):
                await asyncio.to_thread(end)
                server.start()
                await asyncio.to_thread(server.ready)
                for n in range(3):  # while it is away, or only just back
                    await ada.summary(await ada.paper(f"{end.__name__}{n}"), "Meanwhile.")
            seen = first + await positions(process, 6)
            await ada.summary(await ada.paper("last"), "After.")
            seen += await positions(process, 1)
        finally:
            process.kill()
            await process.wait()
        told = await ada.read('{ events(filter: {types: ["SummaryPublished"]}) { nodes { position } } }')
    assert seen == [one["position"] for one in told["events"]["nodes"]]


async def test_a_page_that_stays_up_to_date(server: Server, tmp_path: Path) -> None:
    """It signs up, publishes and comments, and sees what another does after that, and nothing else."""
    code = SOCKETS + TELLING + ASKING + WRITING + READING + "show(null, own);\n" + CLIENT + SHOWING
    path = npm.script(tmp_path, "page", at(server, code), "graphql-ws", "ws")
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
        ada = await Person(http).sign_up("ada")
        fields = {**paper_fields("facenet"), "arxivId": "1503.03832"}
        await ada.do("registerPaper", fields=fields)
        process = await asyncio.create_subprocess_exec("node", path, stdout=PIPE)
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PATIENCE):
                kind, own = json.loads(await process.stdout.readline())
            assert kind is None
            assert own["bodyHtml"] == "<p>Faces as <em>points</em>.</p>\n"
            await followed(http, 1)
            page = '{ paper(by: {arxivId: "1503.03832"}) { summaries { nodes { id } } } }'
            (only,) = (await ada.read(page))["paper"]["summaries"]["nodes"]
            await ada.comment(only["id"], "Seen.")
            async with asyncio.timeout(PATIENCE):
                kind, shown = json.loads(await process.stdout.readline())
            assert kind == "CommentPosted"
            assert shown["bodyHtml"] == "<p>Seen.</p>\n"
        finally:
            process.kill()
            await process.wait()


async def test_where_apollo_client_says_positions(server: Server, tmp_path: Path) -> None:
    code = at(server, OF_LINK + CACHED)
    process = await asyncio.create_subprocess_exec(
        "node", npm.script(tmp_path, "link", code, "@apollo/client", "rxjs"), stdout=PIPE
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    async with httpx.AsyncClient(base_url=server.url) as http:
        asked = await Person(http).ask("{ __typename }")
    assert said.decode().strip() == asked.headers["position"]
