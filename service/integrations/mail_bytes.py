"""A mail as the bytes that are sent.

Headers are written here and nowhere else: libraries decode what looks encoded in them, line ends and all, or
fold addresses so that no program finds them again.
"""

import re
from collections.abc import Sequence
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr
from unicodedata import category

_SEVEN_BIT = SMTP.clone(cte_type="7bit")  # every server takes that
_AS_IT_IS = re.compile(r"[ -~]{0,65}")
_VALUE = re.compile(r"[!-~][ -~]{0,899}(?:\r\n [!-~][ -~]{0,899})*")  # RFC 5322 has 998 bytes in a line
_LOOKS_ENCODED = "=?"

Headers = Sequence[tuple[str, str]]


def written(headers: Headers, plain: str, html: str) -> bytes:
    """The mail. Shape: values are as they are to be sent. Errors: ValueError when one cannot be a header."""
    content = EmailMessage(policy=_SEVEN_BIT)
    content.set_content(_without_controls(plain))
    content.add_alternative(_without_controls(html), subtype="html")
    head = "".join(_line(name, value) for name, value in headers)
    return head.encode("ascii") + content.as_bytes()


def words(text: str) -> str:
    """Any text as the value of a header: one line when it is read, encoded unless it is short and plain."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    if _AS_IT_IS.fullmatch(line) and _LOOKS_ENCODED not in line:
        return line
    return Header(line, "utf-8", maxlinelen=75, header_name="Subject").encode(linesep="\r\n")


def mailbox(name: str, address: str) -> str:
    """An address with the name before it, if there is one."""
    if name.isascii() and name.isprintable() and _LOOKS_ENCODED not in name:
        return formataddr((name, address))
    return f"{words(name)} <{address}>"


def _line(name: str, value: str) -> str:
    if not _VALUE.fullmatch(value):
        raise ValueError(f"what is to be the header {name} cannot be sent")
    return f"{name}: {value}\r\n"


def _without_controls(text: str) -> str:
    """The text on its lines, without what is no character."""
    return "".join(one for one in text if one == "\n" or category(one) not in ("Cc", "Cs"))
