"""Following a log event by event, to find the first place where it is not what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from service.eventstore.entries import Entry
from service.exports.errors import Tampered
from service.exports.payloads import Commitment, Stored, commitments, erased_by
from service.exports.trust import Signatures, Trust
from service.verification.checkpoints import Checkpoint
from service.verification.errors import VerificationError
from service.verification.merkle import Frontier, Node

_ERASED = Stored(None, None)


@dataclass(slots=True)
class Proved:
    """What held.

    Units:  covered is the position up to which the log is what keys that count signed, or the reader's own
            checkpoint says; sealed is that of the last checkpoint, whoever signed it.
    """

    events: int = 0
    withheld: int = 0
    told: int = 0  # of these, what may be told of them is there, and nothing proves it
    opened: int = 0  # payloads that fit what their events committed to
    absent: int = 0  # payloads that are erased, or that the file leaves out
    checkpoints: int = 0
    covered: int = 0
    sealed: int = 0
    outside: bool = False  # the reader's own checkpoint was met
    signed: dict[str, Signatures] = field(default_factory=dict)  # by each key that counts


class LogCheck:
    """Takes a log in order of positions.

    Shape:  whole: every payload must be there that nothing erased; outside is a checkpoint of the
            reader's own.
    Errors: every method raises Tampered where something does not hold.
    """

    def __init__(self, trust: Trust, *, whole: bool, outside: Checkpoint | None = None) -> None:
        self._trust = trust
        self._whole = whole
        self._outside = outside
        self._good = 0
        self._gone: dict[UUID, int] = {}
        self.frontier = Frontier()
        self.completed: list[tuple[Node, bytes]] = []  # nodes of the tree, by the last event
        self.proved = Proved()
        self._meet()

    @property
    def next(self) -> int:
        """The position that must come now."""
        return self.frontier.size + 1

    def event(self, entry: Entry, leaf: bytes, contents: Mapping[UUID, Stored]) -> Sequence[Commitment]:
        """An event whose leaf hash is known to be right, and the contents that are there."""
        self.expect(entry.position)
        committed = self._opened(entry, contents)
        self._append(leaf)
        return committed

    def withheld(self, position: int, leaf: bytes) -> None:
        """An event that is not shown."""
        self.expect(position)
        self.proved.withheld += 1
        self._append(leaf)

    def checkpoint(self, note: str) -> Checkpoint:
        """A signed checkpoint of the log as far as it was taken."""
        at = self.frontier.size
        try:
            checkpoint, trusted = self._trust.opened(note)
        except VerificationError as error:
            raise Tampered(at, f"the checkpoint after it does not hold: {error}") from error
        if checkpoint.size != at:
            raise Tampered(at, f"after it stands the checkpoint of position {checkpoint.size:,}")
        self._compare(checkpoint)
        self.proved.checkpoints += 1
        self.proved.sealed = at
        if trusted:
            self.proved.covered = at
        return checkpoint

    def finish(self, size: int) -> Proved:
        """The log ends here, and says that it has this size."""
        at = self.frontier.size
        if at != size:
            raise Tampered(min(at, size) + 1, f"the log should have {size:,} positions, and {at:,} are there")
        if self._gone:
            payload, position = min(self._gone.items(), key=lambda item: item[1])
            raise Tampered(position, f"its payload {payload} is gone, although nothing erased it")
        if self._outside is not None and not self.proved.outside:
            raise Tampered(
                at + 1,
                f"it is missing: the checkpoint that you gave speaks of {self._outside.size:,} positions, "
                f"and the log ends with {at:,}",
            )
        if self._trust.silent and size and not self.proved.outside:
            raise Tampered(None, "no checkpoint in it is signed with the key that you gave")
        self.proved.signed = dict(self._trust.signed)
        return self.proved

    def expect(self, position: int) -> None:
        """The event of this position must come now."""
        if position > self.next:
            raise Tampered(self.next, f"it is missing, position {position:,} stands in its place")
        if position < self.next:
            raise Tampered(
                position, f"it stands where position {self.next:,} belongs: doubled, or out of order"
            )

    def _opened(self, entry: Entry, contents: Mapping[UUID, Stored]) -> Sequence[Commitment]:
        committed, erased = read_data(entry)
        for payload in erased:
            self._gone.pop(payload, None)
        gone = open_payloads(entry.position, committed, contents)
        self.proved.opened += len(committed) - len(gone)
        self.proved.absent += len(gone)
        if self._whole:
            self._gone.update(dict.fromkeys(gone, entry.position))
        return committed

    def _append(self, leaf: bytes) -> None:
        self.completed = self.frontier.append(leaf)
        self.proved.events += 1
        self._meet()

    def _meet(self) -> None:
        if self._outside is not None and self._outside.size == self.frontier.size:
            self._compare(self._outside)
            self.proved.outside, self.proved.covered = True, self._outside.size

    def _compare(self, checkpoint: Checkpoint) -> None:
        if checkpoint.root != self.frontier.root():
            first, last = self._good + 1, checkpoint.size
            raise Tampered(
                first,
                f"between it and position {last:,} something was changed: the tree of {last:,} leaves has "
                "another root than was signed",
            )
        self._good = checkpoint.size


def read_data(entry: Entry) -> tuple[list[Commitment], list[UUID]]:
    """What an event committed to, and which payloads it destroyed. Errors: Tampered."""
    try:
        return commitments(entry), erased_by(entry)
    except ValueError as error:
        raise Tampered(entry.position, f"its data cannot be read: {error}") from error


def open_payloads(
    position: int, committed: Sequence[Commitment], contents: Mapping[UUID, Stored]
) -> list[UUID]:
    """Compare contents with what an event committed to: those that are absent. Errors: Tampered."""
    gone = []
    for one in committed:
        salt, content = contents.get(one.payload_id, _ERASED)
        if salt is None or content is None:
            gone.append(one.payload_id)
        elif not one.fits(salt, content):
            raise Tampered(position, f"its {one.field} is not what it committed to")
    if strange := contents.keys() - {one.payload_id for one in committed}:
        raise Tampered(position, f"it did not commit to the payload {min(strange)}")
    return gone
