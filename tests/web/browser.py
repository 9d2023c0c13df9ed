"""A real browser without a window, driven by the protocol of its developer tools."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.web.following import SECONDS

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)

needs_browser = pytest.mark.skipif(PROGRAM is None, reason="NOT TRIED IN A BROWSER: needs chromium")


class Page:
    """One tab."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._number = 0
        self._session: dict[str, str] = {}
        self.complaints: list[str] = []

    async def _call(self, method: str, **given: Any) -> Any:
        self._number += 1
        asked = {"id": self._number, "method": method, "params": given, **self._session}
        await self._connection.send(json.dumps(asked))
        while (answer := json.loads(await self._connection.recv())).get("id") != self._number:
            if answer.get("method") in ("Log.entryAdded", "Runtime.exceptionThrown"):
                self.complaints.append(json.dumps(answer["params"]))
        assert "error" not in answer, answer
        return answer["result"]

    async def open(self, url: str) -> None:
        target = await self._call("Target.createTarget", url="about:blank")
        attached = await self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        await self._call("Log.enable")
        await self._call("Runtime.enable")
        await self._call("Page.navigate", url=url)

    async def do(self, script: str) -> Any:
        """What a script gives. Errors: AssertionError when it throws."""
        found = await self._call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def shows(self, script: str) -> Any:
        """Wait until a script gives something."""
        async with asyncio.timeout(3 * SECONDS):
            while not (found := await self.do(script)):  # noqa: ASYNC110 (the page tells nobody)
                await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def browser_page(profile: Path) -> AsyncIterator[Page]:
    """A page of a browser that ends with it. Shape: profile is a folder for the browser."""
    assert PROGRAM is not None
    process = await asyncio.create_subprocess_exec(
        PROGRAM, *OPTIONS, f"--user-data-dir={profile}", "about:blank", stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(3 * SECONDS):
            while (found := re.search(rb"ws://\S+", await process.stderr.readline())) is None:
                assert process.returncode is None, "the browser ended"
        async with connect(found[0].decode(), max_size=None) as connection:
            yield Page(connection)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
