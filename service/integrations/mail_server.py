"""The mail server that takes our mail, and what its answers mean. Signing (DKIM) is its work."""

import asyncio
import contextlib
import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException

from service.integrations.mail_answers import outcome_of
from service.integrations.outbox import Delivered, Outcome

SECONDS = 120.0  # for each answer of the server
NAME = 200  # characters of a sender's name
PREPARING_SECONDS = 300.0  # until it may have the mail
TAKING_SECONDS = 600.0  # for its answer to the mail: who stops waiting sends a copy (RFC 5321, 4.5.3.2.6)
PARTING_SECONDS = 2.0
UNREADABLE = (
    "cannot be read: write smtp://user:password@host:port or smtps://…, and in the password %2F for a slash, "
    "%3A for a colon, %40 for @ and %25 for %"
)

# No quotes, no brackets, no space, nothing that looks encoded, and ASCII.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PART = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_PART}(?:\.{_PART})*")


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes. Units: port None is the usual one."""

    host: str
    port: int | None
    tls: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def start_tls(self) -> bool | None:
        """A password never goes in the clear; without one, as the server likes. This machine is trusted."""
        if self.tls or _is_this_machine(self.host):
            return False
        return True if self.password else None


def is_mailable(address: str) -> bool:
    """Whether mail can be sent there without quoting anything."""
    return len(address) <= 254 and _ADDRESS.fullmatch(address) is not None


def parse_sender(value: str) -> Address:
    """Such as ShortScience <notes@example.org>. Errors: ValueError."""
    name, address = parseaddr(value)
    if len(name) > NAME:
        raise ValueError(f"has a name longer than {NAME} characters: shorten it")
    if not is_mailable(address) or not value.isprintable():
        raise ValueError("must be an address such as notes@example.org or ShortScience <notes@example.org>")
    return Address(display_name=name, addr_spec=address)


def parse_server(url: str) -> MailServer:
    """Errors: ValueError, without the address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(UNREADABLE) from None
    if parts.scheme not in ("smtp", "smtps"):
        raise ValueError("must begin with smtp:// or smtps://")
    if not host or parts.path.strip("/") or parts.query or parts.fragment or parts.netloc.count("@") > 1:
        raise ValueError(UNREADABLE)
    user, password = (None if one is None else unquote(one) for one in (parts.username, parts.password))
    if bool(user) != bool(password):
        raise ValueError("has a user without a password, or the other way round: give both, or neither")
    return MailServer(host, port, parts.scheme == "smtps", user, password)


async def send(server: MailServer, message: bytes, sender: str, to: str) -> Outcome:
    """One try. What is kept of an answer holds no address.

    Shape: as of `mail_answers.outcome_of`.
    """
    client = SMTP(
        hostname=server.host,
        port=server.port,
        local_hostname=sender.rpartition("@")[2],
        username=server.user,
        password=server.password,
        use_tls=server.tls,
        start_tls=server.start_tls,
        timeout=SECONDS,
    )
    try:
        async with asyncio.timeout(PREPARING_SECONDS):
            await client.connect()
            await client.mail(sender)
            await client.rcpt(to)
        await client.data(message, timeout=TAKING_SECONDS)
    except (SMTPException, OSError, ValueError) as error:  # ValueError: what is no SMTP at all
        return outcome_of(error)
    else:
        with contextlib.suppress(SMTPException, OSError):  # it was taken, whatever comes now
            await client.quit(timeout=PARTING_SECONDS)
        return Delivered()
    finally:
        client.close()


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
