"""Whose signatures count: the keys that the reader gave, else those that the file itself names."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from service.exports.errors import Tampered
from service.verification.checkpoints import Checkpoint, key_name, speaks_for
from service.verification.cosigning import WitnessKey
from service.verification.errors import NoteError, SignatureError, VerificationError
from service.verification.notes import Verifier, parse_note


def parse_key(vkey: str) -> Verifier:
    """A log's key or a witness's. Errors: NoteError."""
    try:
        return Verifier.from_vkey(vkey)
    except NoteError as error:
        try:
            return WitnessKey.from_vkey(vkey)
        except NoteError:
            raise error from None


class Opened(NamedTuple):
    """A checkpoint whose signatures are right; trusted: one of them is by a key of the log that counts."""

    checkpoint: Checkpoint
    trusted: bool


class Trust:
    """Checks signed checkpoints of one log, and counts what each key signed.

    Shape:  given are the reader's keys, of logs and witnesses; stated those that the file names.
    """

    def __init__(self, log: UUID, given: Sequence[Verifier], stated: Sequence[Verifier]) -> None:
        self._name = key_name(log)
        self.given = any(not isinstance(key, WitnessKey) for key in given)
        logs = [key for key in (given if self.given else stated) if not isinstance(key, WitnessKey)]
        self._keys = [key for key in logs if key.name == self._name]
        self._witnesses = [key for key in given if isinstance(key, WitnessKey)]
        self.signed: Counter[str] = Counter({key.name: 0 for key in self._witnesses})

    def opened(self, signed: str) -> Opened:
        """The checkpoint of a note, whose signatures by keys that count are right.

        Errors: NoteError; SignatureError for a wrong signature, another log, or no key that the file names.
        """
        text, lines = parse_note(signed)
        checkpoint = Checkpoint.parse(text)
        if not speaks_for(self._name, checkpoint.origin):
            raise SignatureError(f"it is of {checkpoint.origin}, not of {self._name}")
        signers = [key for key in [*self._keys, *self._witnesses] if key.own(lines)]
        for key in signers:
            key.verify(text, lines)
            self.signed[_shown(key)] += 1
        trusted = any(key in signers for key in self._keys)
        if not trusted and not self.given:
            raise SignatureError("no key that is named with the log has signed it")
        return Opened(checkpoint, trusted)


def outside_checkpoint(
    log: UUID, given: Sequence[Verifier], stated: Sequence[Verifier], signed: str | None
) -> Checkpoint | None:
    """A checkpoint that the reader brings. Errors: Tampered when it is not one of this log."""
    if signed is None:
        return None
    try:
        checkpoint, trusted = Trust(log, given, stated).opened(signed)
    except VerificationError as error:
        raise Tampered(None, f"the checkpoint that you gave does not hold: {error}") from error
    if not trusted:
        raise Tampered(None, "the checkpoint that you gave is not signed with the key that you gave")
    return checkpoint


def _shown(key: Verifier) -> str:
    return key.name if isinstance(key, WitnessKey) else f"{key.name}+{key.key_id.hex()}"
