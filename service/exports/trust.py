"""Whose signatures count: the keys that the reader gave, else those that the file itself names."""

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


def key_text(key: Verifier) -> str:
    """How a key is called before people."""
    return f"{key.name}+{key.key_id.hex()}"


class Signatures(NamedTuple):
    """What a key signed. Units: upto is the position of the last checkpoint that it signed."""

    checkpoints: int = 0
    upto: int = 0


class Opened(NamedTuple):
    """A checkpoint whose signatures are right; trusted: one of them is by a key that counts."""

    checkpoint: Checkpoint
    trusted: bool


class Trust:
    """Checks signed checkpoints of one log, and notes what each key that counts has signed.

    Shape:  given are the reader's keys, of logs and witnesses; stated those that the file names, which
            count only when none is given.
    """

    def __init__(self, log: UUID, given: Sequence[Verifier], stated: Sequence[Verifier]) -> None:
        self._name = key_name(log)
        witnesses = {key_text(key): key for key in given if isinstance(key, WitnessKey)}
        logs = {key_text(key): key for key in given if not isinstance(key, WitnessKey)}
        self._must = list(logs or witnesses)
        self._logs_given = bool(logs)
        self._own = {
            name: key
            for name, key in (logs or {key_text(key): key for key in stated}).items()
            if key.name == self._name
        }
        self._checked = {**self._own, **witnesses}
        self.signed = {name: Signatures() for name in ({**logs, **witnesses} or self._own)}

    @property
    def silent(self) -> bool:
        """True: keys were given, and none of them, or of the log's among them, has signed anything yet."""
        return bool(self._must) and not any(self.signed[name].checkpoints for name in self._must)

    def opened(self, signed: str) -> Opened:
        """The checkpoint of a note, whose signatures by keys that are known are right.

        Errors: NoteError; SignatureError for a wrong signature, another log, or no key that the file names.
        """
        text, lines = parse_note(signed)
        checkpoint = Checkpoint.parse(text)
        if not speaks_for(self._name, checkpoint.origin):
            raise SignatureError(f"it is of {checkpoint.origin}, not of {self._name}")
        signers = [name for name, key in self._checked.items() if key.own(lines)]
        for name in signers:
            self._checked[name].verify(text, lines)
        if not self._logs_given and self._own.keys().isdisjoint(signers):
            raise SignatureError("no key that is named with the log has signed it")
        counting = [name for name in signers if name in self.signed]
        for name in counting:
            count, upto = self.signed[name]
            self.signed[name] = Signatures(count + 1, max(upto, checkpoint.size))
        return Opened(checkpoint, bool(counting))


def outside_checkpoint(
    log: UUID, given: Sequence[Verifier], stated: Sequence[Verifier], signed: str | None
) -> Checkpoint | None:
    """A checkpoint that the reader brings. Errors: Tampered when it is not one that this log signed."""
    if signed is None:
        return None
    logs = [key for key in given if not isinstance(key, WitnessKey)]
    try:
        checkpoint, trusted = Trust(log, logs, stated).opened(signed)
    except VerificationError as error:
        raise Tampered(None, f"the checkpoint that you gave does not hold: {error}") from error
    if not trusted:
        raise Tampered(None, "the checkpoint that you gave is not signed with the key that you gave")
    return checkpoint
