"""Checking the file about one summary: each event by its own proof."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from service.eventstore.entries import Entry
from service.exports.errors import Tampered
from service.exports.logcheck import Proved, open_payloads, read_data
from service.exports.payloads import Commitment, Stored
from service.exports.trust import Trust
from service.verification.checkpoints import Checkpoint
from service.verification.errors import VerificationError
from service.verification.merkle import root_of_inclusion


class SummaryCheck:
    """Takes events in order of their positions, with gaps.

    Shape:  the checkpoint comes first; all proofs lead to its root.
    Errors: every method raises Tampered where something does not hold.
    """

    def __init__(self, trust: Trust, outside: Checkpoint | None) -> None:
        self._trust = trust
        self._outside = outside
        self._checkpoint: Checkpoint | None = None
        self._last = 0
        self.proved = Proved()

    @property
    def next(self) -> int:
        """The first position that may come now."""
        return self._last + 1

    def checkpoint(self, note: str) -> Checkpoint:
        """The one that everything is proved by."""
        if self._checkpoint is not None:
            raise Tampered(self.next, "there is a second checkpoint")
        try:
            checkpoint, _ = self._trust.opened(note)
        except VerificationError as error:
            raise Tampered(None, f"the checkpoint does not hold: {error}") from error
        if self._trust.silent:
            raise Tampered(None, "the checkpoint is not signed with the key that you gave")
        if self._outside is not None:
            self._compare(checkpoint, self._outside)
        self._checkpoint, self.proved.checkpoints = checkpoint, 1
        return checkpoint

    def event(
        self, entry: Entry, leaf: bytes, contents: Mapping[UUID, Stored], proof: Sequence[str] | None
    ) -> Sequence[Commitment]:
        """An event whose leaf hash is known to be right, with its proof."""
        if self._checkpoint is None or proof is None:
            raise Tampered(
                entry.position, "nothing proves it: a checkpoint before it, or its proof, is missing"
            )
        if entry.position <= self._last:
            raise Tampered(entry.position, f"it follows position {self._last:,}: doubled, or out of order")
        self._prove(entry.position, leaf, self._checkpoint, proof)
        committed, _ = read_data(entry)
        gone = open_payloads(entry.position, committed, contents)
        self.proved.events += 1
        self.proved.opened += len(committed) - len(gone)
        self.proved.absent += len(gone)
        self._last = entry.position
        return committed

    def finish(self, size: int) -> Proved:
        """The file ends here, and says that it is about a log of this size."""
        if self._checkpoint is None or self._checkpoint.size != size:
            raise Tampered(None, f"the checkpoint of position {size:,} is missing")
        self.proved.covered = self.proved.sealed = size
        self.proved.outside = self._outside is not None
        self.proved.signed = dict(self._trust.signed)
        return self.proved

    def _prove(self, position: int, leaf: bytes, checkpoint: Checkpoint, proof: Sequence[str]) -> None:
        try:
            path = [bytes.fromhex(one) for one in proof]
            root = root_of_inclusion(leaf, position - 1, checkpoint.size, path)
        except (ValueError, VerificationError) as error:
            raise Tampered(position, f"its proof is none: {error}") from error
        if root != checkpoint.root:
            raise Tampered(
                position, "its proof does not lead to the checkpoint: it is not the event of the log"
            )

    def _compare(self, checkpoint: Checkpoint, outside: Checkpoint) -> None:
        if checkpoint.size != outside.size:
            raise Tampered(
                None,
                f"the file is proved by the checkpoint of position {checkpoint.size:,}, and yours is of "
                f"{outside.size:,}: they can be compared by a consistency proof only, so take the file anew, "
                "or a checkpoint of its size",
            )
        if checkpoint.root != outside.root:
            raise Tampered(None, f"your checkpoint of position {checkpoint.size:,} has another root")
