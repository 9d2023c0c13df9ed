"""Why mail does not go out, in words for the operator, of real servers that behave badly."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from service.integrations import mail_server
from service.integrations.mail_server import MailServer, parse_server, send
from service.integrations.outbox import Delivered, Retry
from tests.integrations.certificates import contexts
from tests.integrations.mailbox import mailbox

MAIL = b"Subject: x\r\n\r\nx\r\n"
NOTES, BOB = "notes@example.org", "bob@example.com"


@asynccontextmanager
async def greeting(lines: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that says this to each command, and at first. Shape: the port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            writer.write(lines)
            while await reader.readline():
                writer.write(lines)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def reason(url: str) -> str:
    outcome = await send(parse_server(url), MAIL, NOTES, BOB)
    assert isinstance(outcome, Retry)
    return outcome.why.removeprefix("The mail server cannot be used: ")


async def test_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path, "localhost")
    async with greeting(b"220 hello\r\n", server) as port:
        said = await reason(f"smtps://localhost:{port}")
    assert said == "its certificate is not trusted: self-signed certificate"


async def test_tls_where_there_is_none() -> None:
    async with greeting(b"220 hello\r\n") as port:
        said = await reason(f"smtps://127.0.0.1:{port}")
    assert said.startswith("it does not speak TLS on this port as the address says it does: ")


async def test_a_port_of_nobody() -> None:
    async with greeting(b"") as port:
        pass
    assert await reason(f"smtp://127.0.0.1:{port}") == "nothing answers on this port"


async def test_a_name_of_nobody() -> None:
    assert (await reason("smtp://nobody.invalid")).startswith("its name is not found: ")


async def test_a_server_that_does_not_greet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_server, "SECONDS", 1.0)
    async with greeting(b"") as port:
        said = await reason(f"smtp://127.0.0.1:{port}")
    assert said == "it does not greet: the port may be wrong, or smtps:// may be meant"


async def test_a_server_that_asks_nobody_who_they_are() -> None:
    async with mailbox() as box:
        said = await reason(f"smtp://ada:secret@127.0.0.1:{box.port}")
    assert "AUTH" in said
    assert "not supported" in said


async def test_a_server_that_wants_to_know_who_we_are() -> None:
    """530 is no word about the address."""
    async with mailbox() as box:
        box.on_recipient = lambda address, before: "530 5.7.0 Authentication required"
        outcome = await send(parse_server(f"smtp://127.0.0.1:{box.port}"), MAIL, NOTES, BOB)
    assert outcome == Retry("The mail server says no: 530 5.7.0 Authentication required", status=530)


async def test_what_is_no_mail_server() -> None:
    async with greeting(b"HTTP/1.1 400 Bad Request\r\n") as port:
        said = await reason(f"smtp://127.0.0.1:{port}")
    assert "HTTP/1.1 400 Bad Request" in said


async def test_the_bytes_arrive_as_they_are() -> None:
    mail = b"Subject: x\r\nLong: " + b"a" * 900 + b"\r\n\r\n.\r\n..x\r\n"
    async with mailbox() as box:
        assert await send(MailServer("127.0.0.1", box.port, False), mail, NOTES, BOB) == Delivered()
    assert box.raw == [mail]
