"""The clients that JavaScript programs use, against the running service."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.web.following import following
from tests.web.site import Site

PACKAGES = {"ws": ("graphql-ws", "ws"), "sse": ("graphql-sse",)}


def _are_there(packages: tuple[str, ...]) -> bool:
    paths = [Path(path) for path in os.environ.get("NODE_PATH", "").split(os.pathsep) if path]
    return shutil.which("node") is not None and all(
        any((path / package).is_dir() for path in paths) for package in packages
    )


@pytest.mark.parametrize("kind", PACKAGES)
@pytest.mark.parametrize("signed_in", [False, True])
async def test_it_follows(site: Site, kind: str, signed_in: bool) -> None:
    """From a position, then live; then a query and a refusal on the same client."""
    if not _are_there(PACKAGES[kind]):
        pytest.skip(
            f"NOT TRIED: needs node, and NODE_PATH to node_modules with {' and '.join(PACKAGES[kind])}"
        )
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
