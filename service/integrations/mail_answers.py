"""What it means how a try to send a mail ended, in words for the operator."""

import re
import socket
import ssl

from aiosmtplib import SMTPConnectTimeoutError, SMTPRecipientRefused, SMTPResponseException
from aiosmtplib.errors import SMTPDataError

from service.integrations.outbox import Outcome, Refused, Retry

_FOR_GOOD = 500
_SIGN_IN_FIRST = 530
_LIKE_AN_ADDRESS = re.compile(r"\S+@\S+")


class AddressRefused(Refused):
    """The server will not take mail for this address, now or later."""


def outcome_of(error: Exception) -> Outcome:
    """How it ended. No address is in what is kept of it.

    Shape:  AddressRefused: the server has refused this address for good. Refused: it has refused this
            message for good. Retry: anything else, such as a password that it does not take.
    """
    match error:
        case SMTPRecipientRefused(code=code) if code >= _FOR_GOOD and code != _SIGN_IN_FIRST:
            return AddressRefused(f"The mail server does not take the address: {_said(error)}", code)
        case SMTPDataError(code=code) if code >= _FOR_GOOD:
            return Refused(f"The mail server does not take the mail: {_said(error)}", code)
        case SMTPResponseException(code=code):
            return Retry(f"The mail server says no: {_said(error)}", status=code)
        case _:
            return Retry(f"The mail server cannot be used: {_without_addresses(_told(error))}")


def _told(error: Exception) -> str:
    cause = error.__cause__ or error
    match cause:
        case ssl.SSLCertVerificationError():
            return f"its certificate is not trusted: {cause.verify_message}"
        case ssl.SSLError():
            return f"it does not speak TLS on this port as the address says it does: {cause.reason}"
        case socket.gaierror():
            return f"its name is not found: {cause.strerror}"
        case ConnectionRefusedError():
            return "nothing answers on this port"
    if isinstance(error, SMTPConnectTimeoutError):
        return "it does not greet: the port may be wrong, or smtps:// may be meant"
    if type(error) is TimeoutError:
        return "it takes too long before it takes a mail"
    return str(error) or type(error).__name__


def _said(error: SMTPResponseException) -> str:
    return f"{error.code} {_without_addresses(error.message)}"


def _without_addresses(text: object) -> str:
    """Servers like to repeat an address."""
    return _LIKE_AN_ADDRESS.sub("…", " ".join(str(text).split()))
