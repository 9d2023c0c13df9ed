"""Witnesses: what they are asked, and what they sign.

https://c2sp.org/tlog-cosignature (cosignature/v1) and https://c2sp.org/tlog-witness (add-checkpoint).
"""

from collections.abc import Sequence
from typing import NamedTuple, Self

from service.verification.encoding import base64, from_base64, from_decimal, shown
from service.verification.errors import NoteError, SignatureError
from service.verification.merkle import LARGEST
from service.verification.notes import COSIGNATURE, Signature, Signer, Verifier

MOST_HASHES = 63  # of a consistency proof
SIZE_TYPE = "text/x.tlog.size"
_TIME_BYTES = 8


class Cosigner(Signer):
    """A witness's key."""

    kind = COSIGNATURE

    def cosign(self, text: str, seconds: int) -> str:
        """A signature line: in this second since 1970 this was the largest tree seen of its origin."""
        value = seconds.to_bytes(_TIME_BYTES, "big") + self._key.sign(_message(text, seconds).encode())
        return Signature(self.name, self.key_id, value).line()


class WitnessKey(Verifier):
    """Checks the cosignatures of one witness."""

    kind = COSIGNATURE

    def cosigned_at(self, text: str, lines: Sequence[str]) -> int:
        """When the witness cosigned, in seconds since 1970. Errors: those of verify."""
        self.verify(text, lines)
        return max(int.from_bytes(one.value[:_TIME_BYTES], "big") for one in self.own(lines))

    def _check(self, text: str, value: bytes) -> None:
        seconds = int.from_bytes(value[:_TIME_BYTES], "big")
        if seconds > LARGEST:
            raise SignatureError(f"the cosignature of {self.name} is of no possible time")
        super()._check(_message(text, seconds), value[_TIME_BYTES:])


def _message(text: str, seconds: int) -> str:
    return f"cosignature/v1\ntime {seconds}\n{text}"


class AddCheckpoint(NamedTuple):
    """A request: cosign this note; the proof leads there from the tree of `old` leaves that you know."""

    old: int
    proof: Sequence[bytes]
    note: str

    def body(self) -> str:
        lines = [f"old {self.old}", *map(base64, self.proof)]
        return "\n".join(lines) + f"\n\n{self.note}"

    @classmethod
    def parse(cls, body: str) -> Self:
        """Errors: NoteError."""
        head, separator, note = body.partition("\n\n")
        first, *hashes = head.split("\n")
        if not separator or not first.startswith("old "):
            raise NoteError(
                f"a request is “old N”, a proof, an empty line and a checkpoint, not {shown(body)}"
            )
        if len(hashes) > MOST_HASHES:
            raise NoteError(f"the proof has more than {MOST_HASHES} hashes")
        proof = [from_base64(line, "a hash of the proof") for line in hashes]
        return cls(from_decimal(first.removeprefix("old "), "the old size"), proof, note)


def cosignatures(body: str) -> list[str]:
    """The lines in a witness's answer. Errors: NoteError."""
    if not body.endswith("\n"):
        raise NoteError(f"the answer is not lines of signatures: {shown(body)}")
    lines = body[:-1].split("\n")
    for line in lines:
        Signature.parse(line)
    return lines
