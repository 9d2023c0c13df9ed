"""Clients of others against the running service: those of JavaScript, and the example for Python."""

import asyncio
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.web import npm
from tests.web.following import following
from tests.web.site import Site

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "following.md"
PACKAGES = {"ws": ("graphql-ws", "ws"), "sse": ("graphql-sse",)}


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize("signed_in", [False, True])
async def test_it_follows(site: Site, kind: str, signed_in: bool) -> None:
    """From a position, then live; then a query and a refusal on the same client."""
    npm.packages(*PACKAGES[kind])
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    papers = [await site.paper(session.user_id, f"Paper {n}", f"p{n}") for n in range(6)]
    for n, paper in enumerate(papers[:3]):
        await site.summary(session.user_id, paper, f"Text {n}.")
    arguments = [kind, f"{site.url}/graphql", str(site.tools.log_position(0)), "6"]
    process = await asyncio.create_subprocess_exec(
        "node",
        str(Path(__file__).parent / "clients.mjs"),
        *arguments,
        *([session.token] if signed_in else []),
        stdout=asyncio.subprocess.PIPE,
    )
    await following(site, 1)
    for n, paper in enumerate(papers[3:], 3):
        await site.summary(session.user_id, paper, f"Text {n}.")
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    assert process.returncode == 0
    *messages, query, bad = (json.loads(line) for line in output.splitlines())
    found = [message["data"]["summaryPublished"] for message in messages]
    assert [one["summary"]["body"] for one in found] == [f"Text {n}." for n in range(6)]
    assert [one["position"] for one in found] == sorted({one["position"] for one in found})
    assert query["data"] == {"viewer": {"username": "ada"} if signed_in else None}
    assert bad["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    await following(site, 0)


PERSISTED = """
import { createHash } from "node:crypto";
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
const [uri] = process.argv.slice(2);
const sent = [];
const http = new HttpLink({
  uri,
  fetch: (url, init) => sent.push(Object.keys(JSON.parse(init.body)).sort()) && fetch(url, init),
});
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const link = new PersistedQueryLink({ sha256 }).concat(http);
const client = new ApolloClient({ link, cache: new InMemoryCache() });
const found = [];
for (const query of [gql("{ statistics { paperCount } }"), gql("{ licence { name } }")]) {
  found.push((await client.query({ query })).data);
}
console.log(JSON.stringify({ found, sent }));
process.exit(0);
"""


async def test_apollo_client_sends_the_whole_query_when_its_hash_is_not_known(
    site: Site, tmp_path: Path
) -> None:
    path = npm.script(tmp_path, "persisted", PERSISTED, "@apollo/client", "rxjs")
    process = await asyncio.create_subprocess_exec(
        "node", path, f"{site.url}/graphql", stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    told = json.loads(output)
    assert told["found"] == [{"statistics": {"__typename": "Statistics", "paperCount": 0}}, {"licence": None}]
    by_hash, *whole = told["sent"]
    assert "query" not in by_hash
    assert ["query" in keys for keys in whole] == [True, True]  # after that, at once


async def test_the_example_of_the_documentation(site: Site, tmp_path: Path) -> None:
    """It is killed, and goes on where it was."""
    [_, example, *_] = DOCUMENTATION.read_text("utf-8").split("```python\n")
    script, database = tmp_path / "follow.py", tmp_path / "summaries.db"
    script.write_text(example.partition("```")[0], "utf-8")
    ada = await site.user("ada")
    for round_ in range(3):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), f"{site.url.replace('http', 'ws')}/graphql", str(database)
        )
        await following(site, 1)
        for n in range(2):
            number = 2 * round_ + n
            await site.summary(ada, await site.paper(ada, "Paper", f"p{number}"), f"Text {number}.")
        expected = [f"Text {number}." for number in range(2 * round_ + 2)]
        async with asyncio.timeout(20):
            while kept(database) != expected:  # noqa: ASYNC110 (another process writes it)
                await asyncio.sleep(0.02)
        process.kill()
        await process.wait()
        await following(site, 0)


def kept(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as db:
        return [body for (body,) in db.execute("SELECT body FROM summaries ORDER BY position")]
