"""Numbers and bytes as the notes write them: one way to write each, so any other is refused."""

import binascii
from base64 import b64decode, b64encode

from service.verification.errors import NoteError
from service.verification.merkle import LARGEST

LONGEST_NUMBER = len(str(LARGEST))


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def from_base64(text: str, what: str) -> bytes:
    """Errors: NoteError, also for what is not written the usual way."""
    try:
        data = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = None
    if data is None or base64(data) != text:
        raise NoteError(f"{what} is not Base64: {shown(text)}")
    return data


def from_decimal(text: str, what: str) -> int:
    """From 0 to 2**63 - 1, without a sign or zeros in front. Errors: NoteError."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER):
        raise NoteError(f"{what} is not a number: {shown(text)}")
    number = int(text)
    if str(number) != text or number > LARGEST:
        raise NoteError(f"{what} is not a number as it should be written: {shown(text)}")
    return number


def shown(text: str) -> str:
    """The beginning of it, quoted, for a message."""
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
