"""Checkpoints: what a log says of itself, signed (https://c2sp.org/tlog-checkpoint)."""

from typing import NamedTuple, Self
from uuid import UUID

from service.verification.encoding import base64, from_base64, from_decimal, shown
from service.verification.errors import NoteError, SignatureError
from service.verification.merkle import HASH_BYTES
from service.verification.notes import Signer, Verifier, note, parse_note


class Checkpoint(NamedTuple):
    """A log, the number of its leaves, and the root of the tree over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{base64(self.root)}\n"

    def signed(self, signer: Signer) -> str:
        """The note."""
        return note(self.text(), [signer.sign(self.text())])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Lines of extensions are allowed, and passed over. Errors: NoteError."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or not all(lines):
            raise NoteError("a checkpoint is a line each for origin, size and root, and no line is empty")
        origin, size, root = lines[:3]
        checkpoint = cls(origin, from_decimal(size, "the size"), from_base64(root, "the root"))
        if len(checkpoint.root) != HASH_BYTES:
            raise NoteError(f"the root is not {HASH_BYTES} bytes long")
        return checkpoint


def key_name(log_id: UUID) -> str:
    """The name of a log's keys."""
    return f"shortscience/{log_id}"


def origin(log_id: UUID, epoch: int) -> str:
    """Which history this is: a restore that may have lost the end of the log begins another."""
    return f"{key_name(log_id)}/{epoch}" if epoch else key_name(log_id)


def speaks_for(name: str, origin: str) -> bool:
    """Whether a key of this name may sign checkpoints of this origin: the log's own, of any epoch."""
    first, _, epoch = origin.rpartition("/")
    later = first == name and epoch.isascii() and epoch.isdigit() and not epoch.startswith("0")
    return origin == name or later


def opened(signed: str, *trusted: Verifier) -> Checkpoint:
    """The checkpoint in a note that one of these keys of the log signed.

    Errors: NoteError for a wrong form, SignatureError when no trusted key signed it, one's signature is
            wrong, or the checkpoint is of another log than the key.
    """
    text, lines = parse_note(signed)
    signers = [one for one in trusted if one.own(lines)]
    if not signers:
        names = ", ".join(f"{one.name}+{one.key_id.hex()}" for one in trusted)
        raise SignatureError(f"no trusted key signed the checkpoint; trusted: {names or 'none'}")
    checkpoint = Checkpoint.parse(text)
    for signer in signers:
        signer.verify(text, lines)
        if not speaks_for(signer.name, checkpoint.origin):
            raise SignatureError(f"{signer.name} may not speak for {shown(checkpoint.origin)}")
    return checkpoint
