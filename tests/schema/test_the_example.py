"""The receiver that docs/webhooks.md shows, as it is written there, and what the service really sends."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.integrations.posting import Poster
from service.integrations.webhook_channel import send
from tests.end_to_end.server import free_port
from tests.integrations.outgoing import PATIENCE
from tests.schema.hooks import all_sent, deliveries, do, sending
from tests.schema.people import Api

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"


@dataclass
class Example:
    """The receiver of the page. Shape: output and errors are there when it has ended."""

    output: str = ""
    errors: str = ""


@asynccontextmanager
async def example(folder: Path, port: int, secret: str) -> AsyncIterator[Example]:
    """It runs until the end of the body, with this secret and at this port."""
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    code = found[1].replace("whsec_…", secret).replace("8080", str(port))
    (folder / "receiver.py").write_text(code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", folder / "receiver.py",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    one = Example()
    try:
        await listens(port)
        yield one
    finally:
        process.terminate()
        output, errors = await process.communicate()
        one.output, one.errors = output.decode(), errors.decode()


async def listens(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_it_takes_each_message_once_and_no_others(near: Api, tmp_path: Path) -> None:
    owner, port = await near.person("owner"), free_port()
    url = f"http://127.0.0.1:{port}/"
    made = await do(owner, "createWebhook", url=url)
    async with example(tmp_path, port, made["secret"]) as receiver, sending(near.tools):
        tested = await do(owner, "testWebhook", webhookId=made["webhook"]["id"])
        papers = [await owner.paper(name) for name in ("one", "two")]
        await all_sent(near)
        _, first = await deliveries(owner)
        await do(owner, "redeliver", deliveryId=first["id"])
        await all_sent(near)
        sent = await deliveries(owner)
        forged = {"type": "PaperRegistered", "data": {"subject": "forged"}}
        refused = await send(Poster(private=True), url, "msg", forged, [os.urandom(32)], datetime.now(UTC))
    assert (tested["delivered"], tested["status"]) == (True, 204)
    assert [(one["state"], one["status"]) for one in sent] == [("DELIVERED", 204)] * 2
    assert refused.status == 401
    assert receiver.output.splitlines() == [f"PaperRegistered {one}" for one in papers]
    assert "Traceback" not in receiver.errors
    assert receiver.errors.count("POST") == 5
