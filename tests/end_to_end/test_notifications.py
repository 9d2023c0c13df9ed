"""From an address to a mail, and out of it with one click, while a server is killed."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Person
from tests.end_to_end.server import Server, serving
from tests.integrations.mailbox import Mailbox, links, mailbox
from tests.integrations.outgoing import until
from tests.postgres import fetchval

ADDRESS = "ada@example.com"
PREFER = """mutation ($address: String) { setMailPreferences(input: {email: AT_ONCE, address: $address}) {
  ... on MailPreferencesPayload { mailPreferences { addressState } } } }"""


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with mailbox() as opened:
        yield opened


@pytest.fixture
def servers(box: Mailbox, cluster: Cluster, tmp_path: Path) -> Iterator[list[Server]]:
    """Two that send mail by the same mail server."""
    settings = {
        "database_url": cluster.dsn(),
        "base_url": "https://example.org",
        "smtp_url": f"smtp://127.0.0.1:{box.port}",
        "mail_from": "ShortScience <notes@example.org>",
    }
    with (
        serving(output=tmp_path / "one.txt", **settings) as one,
        serving(output=tmp_path / "two.txt", **settings) as two,
    ):
        yield [one, two]


NOTED = "SELECT count(*) = 0 FROM outwards.deliveries WHERE state = 'open'"


async def test_a_persons_mail(servers: list[Server], box: Mailbox, cluster: Cluster) -> None:
    one, two = servers
    async with (
        httpx.AsyncClient(base_url=one.url, timeout=60) as first,
        httpx.AsyncClient(base_url=two.url, timeout=60) as second,
    ):
        ada, bob = await Person(first).sign_up("ada"), (await Person(first).sign_up("bob")).at(second)
        await ada.read(PREFER, address=ADDRESS)
        await until(lambda: box.to(ADDRESS))
        await until(lambda: fetchval(cluster.dsn(), NOTED))  # or who is killed now leaves it to be sent again
        [question] = box.to(ADDRESS)
        assert (await second.post(_path(links(question)[0]))).status_code == 200
        summary = await ada.summary(await ada.paper("k"), "A text.")
        one.kill()
        comment = await bob.comment(summary, "Why?")
        await until(lambda: len(box.to(ADDRESS)) == 2)
        note = box.to(ADDRESS)[1]
        assert note["Subject"] == "bob commented on your summary of “On k”"
        assert "#comment-" in links(note)[0]
        [leave] = [link for link in links(note) if "unsubscribe" in link]
        assert (await second.post(_path(leave), content="List-Unsubscribe=One-Click")).status_code == 200
        await bob.comment(summary, "Do tell!", comment)
        told = "{ viewer { unreadNotificationCount } }"
        at_second = ada.at(second)

        async def both_told() -> bool:
            return bool((await at_second.read(told))["viewer"]["unreadNotificationCount"] == 2)

        await until(both_told)
        assert len(box.to(ADDRESS)) == 2
    for server in servers:
        assert ADDRESS not in server.said()
        assert leave.partition("token=")[2] not in server.said()


def _path(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.path}?{parts.query}"
