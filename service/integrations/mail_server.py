"""The mail server that takes our mail, and what its answers mean. Signing (DKIM) is its work."""

import contextlib
import re
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPException, SMTPRecipientsRefused, SMTPResponseException
from aiosmtplib.errors import SMTPDataError

from service.integrations.outbox import Delivered, Outcome, Refused, Retry

SECONDS = 20.0  # for each answer of the server
PARTING_SECONDS = 2.0
UNREADABLE = (
    "cannot be read: write smtp://user:password@host:port or smtps://…, and in the password %2F for a slash, "
    "%3A for a colon, %40 for @ and %25 for %"
)

# No quotes, no brackets, no space, nothing that looks encoded, and ASCII.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PART = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@)(?!.*=\?){_ATOM}(?:\.{_ATOM})*@{_PART}(?:\.{_PART})*")
_LIKE_AN_ADDRESS = re.compile(r"\S+@\S+")


class AddressRefused(Refused):
    """The server will not take mail for this address, now or later."""


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

    Shape:  AddressRefused: the server has refused this address for good. Refused: it has refused this
            message for good. Retry: anything else, such as a password that it does not take.
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
        await client.connect()
        await client.sendmail(sender, [to], message)
    except (SMTPException, OSError, ValueError) as error:  # ValueError: what is no SMTP at all
        return _outcome(error)
    else:
        with contextlib.suppress(SMTPException, OSError):  # it was taken, whatever comes now
            await client.quit(timeout=PARTING_SECONDS)
        return Delivered()
    finally:
        client.close()


def _outcome(error: Exception) -> Outcome:
    match error:
        case SMTPRecipientsRefused(recipients=[refused]):
            why, status = f"The mail server does not take the address: {_told(refused)}", refused.code
            return AddressRefused(why, status) if status >= 500 else Retry(why, status=status)
        case SMTPDataError(code=code) if code >= 500:
            return Refused(f"The mail server does not take the mail: {_told(error)}", code)
        case SMTPResponseException(code=code):
            return Retry(f"The mail server says no: {_told(error)}", status=code)
        case _:
            return Retry(f"The mail server cannot be reached: {type(error).__name__}")


def _told(error: SMTPResponseException) -> str:
    """Servers like to repeat an address."""
    return f"{error.code} {_LIKE_AN_ADDRESS.sub('…', ' '.join(str(error.message).split()))}"


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
