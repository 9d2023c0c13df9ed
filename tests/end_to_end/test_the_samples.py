"""The samples of docs/following.md for JavaScript: each sees all once, whatever becomes of the service."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import httpx
import pytest

from tests.end_to_end.client import Person
from tests.end_to_end.server import PATIENCE, Server
from tests.web import npm

DOCUMENT = (Path(__file__).parents[2] / "docs" / "following.md").read_text("utf-8")
SAMPLES = re.findall(r"```js\n(.*?)```", DOCUMENT, re.DOTALL)
OF_WS, OF_SSE, OF_EVENTSOURCE, OF_APOLLO = SAMPLES
CLIENT, ASKED = OF_WS.split("const query = ")
QUERY = "const query = " + ASKED.partition("for await")[0]
PROGRAMS = {
    "graphql-ws": OF_WS,
    "graphql-sse": f"{OF_SSE}const query = {ASKED}",
    "eventsource": OF_EVENTSOURCE,
    "@apollo/client": CLIENT + QUERY + OF_APOLLO,
}
AROUND = """import {{ WebSocket }} from "ws";
globalThis.WebSocket ??= WebSocket;
const token = "{token}", lastKept = () => null;
const keep = (found, position) => console.log(JSON.stringify([found.position, position]));
{sample}"""


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
        sample = PROGRAMS[kind].replace("https://example.org", server.url)
        sample = sample.replace("wss://example.org", server.url.replace("http", "ws"))
        code = AROUND.format(token=ada.token, sample=sample)
        path = npm.script(tmp_path, "sample", code, kind, "graphql-ws", "ws")
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
