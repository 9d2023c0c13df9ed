"""Reading an export from its first line to its last, and believing nothing of it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from service.eventstore.entries import Entry, decode
from service.exports.errors import Damaged, Tampered
from service.exports.lines import ClaimPart, CommandPart, EndPart, Header, Line, read_header, read_line
from service.exports.logcheck import LogCheck, Proved
from service.exports.payloads import Commitment, Stored
from service.exports.summarycheck import SummaryCheck
from service.exports.trust import Trust, outside_checkpoint, parse_key
from service.verification.checkpoints import Checkpoint
from service.verification.errors import VerificationError
from service.verification.merkle import Node, leaf_hash
from service.verification.notes import Verifier

OnProgress = Callable[[int, int], None]
EVERY = 1_000  # events between two tellings


class Event(NamedTuple):
    """An event that is shown, the contents that are there, and the nodes of the tree that it completes."""

    entry: Entry
    committed: Sequence[Commitment]
    contents: Mapping[UUID, Stored]
    nodes: Sequence[tuple[Node, bytes]] = ()


class Signed(NamedTuple):
    """A checkpoint, and its line."""

    checkpoint: Checkpoint
    line: Line


Item = Header | Event | Signed | ClaimPart | CommandPart | Proved


def checked(
    lines: Iterable[bytes],
    keys: Sequence[Verifier] = (),
    outside: str | None = None,
    on_progress: OnProgress | None = None,
) -> Iterator[Item]:
    """What an export holds, each part as soon as it is checked; Proved comes last.

    Shape:  keys are those that the reader trusts; outside is a signed checkpoint of the reader's own.
    Errors: Damaged for what is no export; Tampered, with the first position where it fails.
    """
    reading = _Reading(keys, outside)
    report = on_progress or (lambda done, total: None)
    try:
        for line in lines:
            item = reading.take(line)
            if item is not None:
                yield item
            if reading.events % EVERY == 0:
                report(reading.events, reading.header.size)
    except Damaged as error:
        raise Tampered(reading.next, f"it cannot be read: {error}") from error
    yield reading.finish()
    report(reading.events, reading.events)


class _Reading:
    """Where in the file we are."""

    def __init__(self, keys: Sequence[Verifier], outside: str | None) -> None:
        self._keys = keys
        self._outside = outside
        self._digest = hashlib.sha256()
        self._check: LogCheck | SummaryCheck | None = None
        self._after_events = False
        self._ended: Proved | None = None
        self.header: Header
        self.events = 0

    @property
    def next(self) -> int | None:
        """The position that should come now; None before the first line."""
        return None if self._check is None else self._check.next

    def take(self, raw: bytes) -> Item | None:
        """The next line: what it holds, if it holds something to hand on."""
        if self._ended is not None:
            raise Tampered(None, "something follows the end line")
        if not raw.endswith(b"\n"):
            raise Damaged("the file is cut off in the middle of a line")
        if self._check is None:
            item: Item | None = self._begin(raw)
        else:
            item = self._line(self._check, self._parsed(raw))
        self._digest.update(raw)
        return item

    def finish(self) -> Proved:
        """After the last line."""
        if self._ended is None:
            raise Tampered(self.next, "the file is cut off before it, the end line is missing")
        return self._ended

    def _begin(self, raw: bytes) -> Header:
        try:
            self.header = read_header(raw)
            stated = [parse_key(vkey) for vkey, _ in self.header.keys]
        except (ValueError, VerificationError) as error:
            raise Tampered(None, f"the first line is not that of an export: {error}") from error
        trust = Trust(self.header.log, self._keys, stated)
        outside = outside_checkpoint(self.header.log, self._keys, stated, self._outside)
        if self.header.kind == "summary":
            self._check = SummaryCheck(trust, outside)
        else:
            self._check = LogCheck(trust, whole=self.header.kind == "complete", outside=outside)
        return self.header

    def _parsed(self, raw: bytes) -> Line:
        try:
            return read_line(raw)
        except ValueError as error:
            raise Tampered(self.next, f"its line cannot be read: {error}") from error

    def _line(self, check: LogCheck | SummaryCheck, line: Line) -> Item | None:
        if line.leaf and not self._after_events:
            return self._event(check, line)
        if line.checkpoint is not None and not self._after_events:
            return Signed(check.checkpoint(line.checkpoint), line)
        if line.end is not None:
            self._end(check, line.end)
            return None
        self._after_events = True
        found = line.claim or line.command
        if found is None or self.header.kind != "complete":
            raise Tampered(check.next, "a line stands here that does not belong here")
        return found

    def _event(self, check: LogCheck | SummaryCheck, line: Line) -> Event | None:
        self.events += 1
        if line.withheld:
            self._withhold(check, line)
            return None
        if line.told is not None:
            raise Tampered(check.next, "its event is told in part, and yet it is there")
        entry, leaf = self._entry(check, line)
        contents = _contents(entry.position, line)
        if isinstance(check, SummaryCheck):
            return Event(entry, check.event(entry, leaf, contents, line.proof), contents)
        return Event(entry, check.event(entry, leaf, contents), contents, check.completed)

    def _withhold(self, check: LogCheck | SummaryCheck, line: Line) -> None:
        if self.header.kind != "public" or isinstance(check, SummaryCheck):
            raise Tampered(line.withheld, f"its event is withheld, in a file that is {self.header.kind}")
        if bytes(line.entry) or line.payloads:
            raise Tampered(line.withheld, "its event is withheld, and yet it is there")
        check.proved.told += line.told is not None
        check.withheld(line.withheld, _hash(line.withheld, line.leaf))

    def _entry(self, check: LogCheck | SummaryCheck, line: Line) -> tuple[Entry, bytes]:
        data = bytes(line.entry)
        try:
            entry = decode(data)
        except ValueError as error:
            raise Tampered(check.next, f"its entry cannot be read: {error}") from error
        leaf = leaf_hash(data)
        if leaf.hex() != line.leaf:
            at = check.next if isinstance(check, LogCheck) else entry.position
            raise Tampered(at, "its entry is not that of its leaf hash")
        return entry, leaf

    def _end(self, check: LogCheck | SummaryCheck, end: EndPart) -> None:
        if end.events != self.events:
            raise Tampered(
                check.next, f"the end line counts {end.events:,} events, and {self.events:,} are there"
            )
        self._ended = check.finish(self.header.size)
        if end.sha256 != self._digest.hexdigest():
            raise Tampered(None, "the file was changed: its checksum is another than the end line says")


def _contents(position: int, line: Line) -> dict[UUID, Stored]:
    try:
        return {part.id: Stored(bytes.fromhex(part.salt), part.content()) for part in line.payloads}
    except ValueError as error:
        raise Tampered(position, f"a payload cannot be read: {error}") from error


def _hash(position: int, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise Tampered(position, "its leaf hash is not one") from error
