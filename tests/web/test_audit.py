"""Conformance with GraphQL over HTTP, judged by its reference audit."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.web.site import Site

AUDITS = 61


def _audit_is_there() -> bool:
    paths = os.environ.get("NODE_PATH", "").split(os.pathsep)
    return shutil.which("node") is not None and any(
        Path(path, "graphql-http").is_dir() for path in paths if path
    )


@pytest.mark.skipif(
    not _audit_is_there(), reason="NOT AUDITED: needs node, and NODE_PATH to node_modules with graphql-http"
)
async def test_every_audit_passes(site: Site) -> None:
    script = str(Path(__file__).parent / "audit.mjs")
    process = await asyncio.create_subprocess_exec(
        "node", script, f"{site.url}/graphql", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    results = json.loads(output)
    assert [one for one in results if one["status"] != "ok"] == []
    assert len(results) == AUDITS
