"""Signed notes: a text, an empty line, and lines of signatures (https://c2sp.org/signed-note)."""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from service.verification.encoding import base64, from_base64, shown
from service.verification.errors import NoteError, SignatureError

ED25519 = 1
COSIGNATURE = 4
KINDS = {ED25519: "that of a log (Ed25519)", COSIGNATURE: "that of a witness (cosignature/v1)"}

LONGEST = 250_000  # characters of a note
MOST_SIGNATURES = 100
_DASH = "— "
_ID_BYTES = 4
_KEY_BYTES = 32
_FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\ud800-\udfff]")


class Signature(NamedTuple):
    """A signature line, taken apart: who says to have signed, with which key, and the signature."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {base64(self.key_id + self.value)}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Errors: NoteError."""
        if not line.startswith(_DASH) or line.count(" ") != 2:
            raise NoteError(f"a signature line is “— name signature”, not {shown(line)}")
        _, name, encoded = line.split(" ")
        _check_name(name)
        data = from_base64(encoded, f"the signature of {name}")
        if len(data) <= _ID_BYTES:
            raise NoteError(f"the signature of {name} is too short")
        return cls(name, data[:_ID_BYTES], data[_ID_BYTES:])


class Signer:
    """Signs notes with an Ed25519 key. Shape: vkey is what others need to check its signatures."""

    kind = ED25519

    def __init__(self, name: str, key: Ed25519PrivateKey) -> None:
        _check_name(name)
        self.name = name
        self._key = key
        public = key.public_key().public_bytes_raw()
        self.key_id = key_id(name, self.kind, public)
        self.vkey = f"{name}+{self.key_id.hex()}+{base64(bytes([self.kind]) + public)}"

    @classmethod
    def from_private(cls, name: str, secret: bytes) -> Self:
        """With the 32 bytes of a private key. Errors: NoteError for a name that no key can have."""
        return cls(name, Ed25519PrivateKey.from_private_bytes(secret))

    def sign(self, text: str) -> str:
        """A signature line over a text that ends in a newline."""
        return Signature(self.name, self.key_id, self._key.sign(text.encode())).line()


class Verifier:
    """Checks signatures of one key."""

    kind = ED25519

    def __init__(self, name: str, public: bytes) -> None:
        _check_name(name)
        self.name = name
        self.key_id = key_id(name, self.kind, public)
        self._key = Ed25519PublicKey.from_public_bytes(public)

    @classmethod
    def from_vkey(cls, vkey: str) -> Self:
        """Errors: NoteError."""
        name, *rest = vkey.strip().split("+", 2)
        if len(rest) != 2:
            raise NoteError(f"a key is written as name+id+key, not {shown(vkey)}")
        data = from_base64(rest[1], f"the key of {shown(name)}")
        if len(data) != 1 + _KEY_BYTES or data[0] != cls.kind:
            raise NoteError(f"the key of {shown(name)} is not of kind {cls.kind}, {KINDS[cls.kind]}")
        verifier = cls(name, data[1:])
        if rest[0] != verifier.key_id.hex():
            raise NoteError(f"the id in the key of {shown(name)} does not belong to it: copy the key again")
        return verifier

    def verify(self, text: str, lines: Sequence[str]) -> None:
        """That this key signed the text; lines of other keys are passed over.

        Errors: NoteError for a line that is none; SignatureError when there is no line of this key, or
                one that is wrong.
        """
        signatures = self.own(lines)
        if not signatures:
            raise SignatureError(f"there is no signature of {self.name} with the key {self.key_id.hex()}")
        for signature in signatures:
            self._check(text, signature.value)

    def own(self, lines: Sequence[str]) -> list[Signature]:
        """The signatures that say to be made with this key. Errors: NoteError."""
        signatures = map(Signature.parse, lines)
        return [one for one in signatures if (one.name, one.key_id) == (self.name, self.key_id)]

    def _check(self, text: str, value: bytes) -> None:
        """Errors: SignatureError."""
        try:
            self._key.verify(value, text.encode())
        except InvalidSignature:
            raise SignatureError(f"the signature of {self.name} does not fit the text") from None


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """What tells keys of one name apart: no secret, and no strong hash."""
    return hashlib.sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:_ID_BYTES]


def note(text: str, lines: Sequence[str]) -> str:
    """A signed note. Shape: the text ends in a newline, the lines do not."""
    return f"{text}\n" + "".join(f"{line}\n" for line in lines)


def parse_note(signed: str) -> tuple[str, list[str]]:
    """The text with its last newline, and the signature lines without theirs. Errors: NoteError.

    Nothing is checked but the form: do not trust the text before a `Verifier` does.
    """
    if len(signed) > LONGEST:
        raise NoteError(f"the note is longer than {LONGEST:,} characters")
    if _FORBIDDEN.search(signed):
        raise NoteError("the note has characters that no note may have")
    text, separator, signatures = signed.rpartition("\n\n")
    if not separator or not signatures.endswith("\n"):
        raise NoteError("a signed note is a text, an empty line, and lines of signatures")
    lines = signatures[:-1].split("\n")
    if len(lines) > MOST_SIGNATURES:
        raise NoteError(f"the note has more than {MOST_SIGNATURES} signatures")
    for line in lines:
        Signature.parse(line)
    return f"{text}\n", lines


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() or c < " " for c in name):
        raise NoteError(f"a key's name has neither spaces nor plus signs, and is not empty: {shown(name)}")
