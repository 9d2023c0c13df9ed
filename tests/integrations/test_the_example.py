"""The receiver that docs/webhooks.md shows, as it is written there."""

import asyncio
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from service.integrations.posting import NotSent, Poster
from service.integrations.webhook_channel import send
from service.integrations.webhooks import written
from tests.end_to_end.server import free_port
from tests.integrations.outgoing import PATIENCE

DOCUMENT = Path(__file__).parents[2] / "docs" / "webhooks.md"
MESSAGE = {"type": "summary.published", "data": {"subject": "this"}}


async def test_it_takes_each_message_once_and_no_others(tmp_path: Path) -> None:
    secret, port = os.urandom(32), free_port()
    found = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert found
    code = found[1].replace("whsec_…", written(secret)).replace("8080", str(port))
    (tmp_path / "receiver.py").write_text(code)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", tmp_path / "receiver.py",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    poster = Poster(private=True)

    async def sent(message_id: str, by: bytes) -> int:
        url, now = f"http://127.0.0.1:{port}/", datetime.now(UTC)
        return (await send(poster, url, message_id, MESSAGE, [by], now)).status

    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    statuses = [await sent("one", secret)]
                    break
                except NotSent:
                    await asyncio.sleep(0.05)
        statuses += [
            await sent("one", secret),
            await sent("two", os.urandom(32)),
            await sent("three", secret),
        ]
    finally:
        process.terminate()
    output, _ = await process.communicate()
    assert statuses == [204, 204, 401, 204]
    assert output.decode().splitlines() == ["summary.published this"] * 2
