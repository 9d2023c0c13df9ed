"""The lines of an export, as docs/export-format.md describes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

FORMAT = "shortscience-events/1"
Kind = Literal["complete", "public", "summary"]


class _Part(
    msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True, gc=False
):
    """What is absent is not written, and what is unknown is refused."""


class Header(_Part, frozen=True):
    """The first line. Shape: keys are (vkey, when it was taken into use); secret in a complete file only."""

    format: str
    kind: Kind
    log: UUID
    origin: str
    size: int
    epochs: list[tuple[int, int]]
    keys: list[tuple[str, datetime]]
    summary: UUID | None = None
    secret: str | None = None


class PayloadPart(_Part, frozen=True):
    """A text, or the 16 bytes of a user's id, with the salt of its commitment. Units: hex."""

    id: UUID
    salt: str
    text: str | None = None
    raw: str | None = msgspec.field(default=None, name="bytes")

    def content(self) -> bytes:
        """Errors: ValueError when it is not exactly one of both."""
        if (self.text is None) == (self.raw is None):
            raise ValueError("a payload has either a text or bytes")
        return bytes.fromhex(self.raw) if self.raw is not None else str(self.text).encode()


class ToldPart(_Part, frozen=True):
    """What may be told of an event that is withheld. Nothing proves it.

    Without the event's random id, so that nobody can try out what else the leaf is made of.
    Shape:  withdrawn: it took a listed summary out of the lists, and what it says is not told.
    """

    type: str
    stream: UUID
    recorded_at: datetime
    data: msgspec.Raw = msgspec.Raw()
    occurred_at: datetime | None = None
    withdrawn: bool = False


class ClaimPart(_Part, frozen=True):
    key: str
    owner: UUID


class CommandPart(_Part, frozen=True):
    """Units: hash is the request's, in hex."""

    id: UUID
    hash: str
    subject: UUID
    position: int
    recorded_at: datetime


class EndPart(_Part, frozen=True):
    """Units: events are all lines with a leaf; sha256 is of every byte of the file before this line."""

    events: int
    sha256: str


class Line(_Part, frozen=True):
    """Any later line: an event shown or withheld, a checkpoint, a claim, a command, or the end.

    Shape:  witnesses are (vkey, when it cosigned) for the last lines of the checkpoint's note.
    Units:  leaf and proof are hashes in hex.
    """

    leaf: str = ""
    withheld: int = 0
    told: ToldPart | None = None
    entry: msgspec.Raw = msgspec.Raw()
    payloads: Sequence[PayloadPart] = ()
    proof: Sequence[str] | None = None
    checkpoint: str | None = None
    signed_at: datetime | None = None
    witnesses: Sequence[tuple[str, datetime]] = ()
    claim: ClaimPart | None = None
    command: CommandPart | None = None
    end: EndPart | None = None


_TOO_DEEP = "it is nested too deeply"
_encode = msgspec.json.Encoder().encode
_header = msgspec.json.Decoder(Header).decode
_line = msgspec.json.Decoder(Line).decode


def encoded(part: Header | Line) -> bytes:
    """A line, with its end."""
    return _encode(part) + b"\n"


def read_header(line: bytes) -> Header:
    """Errors: ValueError (msgspec's among them)."""
    try:
        header = _header(line)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if header.format != FORMAT:
        raise ValueError(f"it is {header.format!r}, and this software reads {FORMAT!r}")
    return header


def read_line(line: bytes) -> Line:
    """Errors: ValueError (msgspec's among them), also for what is written in another way."""
    try:
        read = _line(line)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if _encode(read) + b"\n" != line:
        raise ValueError("the line is not written as an export writes it")
    return read
