"""A mail server on this machine that can be told what to answer, and people who get mail from it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from html import unescape
from typing import Any
from uuid import UUID

import asyncpg
from aiosmtpd.smtp import SMTP

from service.integrations.mail_post import Post
from service.integrations.mail_server import MailServer
from service.integrations.mail_text import Letterhead

FINE = "250 OK"
DIES = "dies"  # after it has taken the mail, before it says so


@dataclass
class Mailbox:
    """Every mail that was taken, and its bytes.

    Shape: answers to RCPT and DATA, by address and how many came before.
    Units: the slow ones are seconds before each of these answers.
    """

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    tries: list[str] = field(default_factory=list)
    on_recipient: Callable[[str, int], str] = lambda address, before: FINE
    on_data: Callable[[str, int], str] = lambda address, before: FINE
    slow_recipient: float = 0.0
    slow_data: float = 0.0
    _server: asyncio.Server | None = None
    _open: set[Any] = field(default_factory=set)

    @property
    def post(self) -> Post:
        sender = Address("ShortScience", "notes", "example.org")
        return Post(MailServer("127.0.0.1", self.port, False), Letterhead(sender, "https://example.org"))

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for recipient, mail in self.mails if recipient == address]

    async def start(self) -> None:
        loop = asyncio.get_running_loop()

        def made() -> SMTP:
            protocol = SMTP(self, loop=loop, hostname="localhost")
            self._open.add(protocol)
            return protocol

        self._server = await loop.create_server(made, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """As if it were killed."""
        assert self._server
        self._server.close()
        for one in self._open:
            if one.transport:
                one.transport.abort()
        self._open.clear()
        await self._server.wait_closed()

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        answer = self.on_recipient(address, self.tries.count(address))
        self.tries.append(address)
        await asyncio.sleep(self.slow_recipient)
        if answer == FINE:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        [address] = envelope.rcpt_tos
        answer = self.on_data(address, self.tries.count(address) - 1)
        if answer in (FINE, DIES):
            mail = message_from_bytes(envelope.content, policy=default)
            assert isinstance(mail, EmailMessage)
            self.mails.append((address, mail))
            self.raw.append(envelope.content)
        await asyncio.sleep(self.slow_data)
        if answer == DIES:
            server.transport.abort()
            return FINE
        return answer


@asynccontextmanager
async def mailbox() -> AsyncIterator[Mailbox]:
    box = Mailbox()
    await box.start()
    try:
        yield box
    finally:
        await box.stop()


async def wants_mail(
    pool: asyncpg.Pool, user_id: UUID, address: str, mode: str = "AT_ONCE", hour: int = 7
) -> None:
    """Somebody who has confirmed an address. The token is the address backwards."""
    await pool.execute(
        "INSERT INTO notices.mail VALUES ($1, $2, $3, $4, now(), 0, $5)",
        user_id,
        mode,
        hour,
        address,
        address[::-1],
    )


def now() -> datetime:
    return datetime.now(UTC)


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def links(mail: EmailMessage) -> list[str]:
    return re.findall(r"https://\S+", text_of(mail))


def links_of_html(mail: EmailMessage) -> list[tuple[str, str]]:
    """Where each leads, and the words that do."""
    found = re.findall('<a href="([^"]*)">([^<]*)</a>', text_of(mail, "html"))
    return [(unescape(link), unescape(words)) for link, words in found]
