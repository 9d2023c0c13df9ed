"""What a complete export holds, as rows of the tables that it is imported into."""

from eventsourcing.persistence import MapperDeserialisationError

from service.domain.events import EVENTS
from service.eventstore.codec import Codec
from service.eventstore.entries import COLUMNS, Entry
from service.exports.checking import Event, Item, Signed
from service.exports.errors import ImportRefused
from service.exports.lines import ClaimPart, CommandPart, Header
from service.exports.logcheck import Proved
from service.exports.payloads import Stored
from service.verification.notes import note, parse_note

TABLES = {
    "events": COLUMNS,
    "payloads": "payload_id, position, salt, content",
    "tree_nodes": "level, index, hash",
    "log_checkpoints": "size, origin, root, note, signed_at",
    "log_cosignatures": "size, witness, line, cosigned_at",
    "claims": "key, owner",
    "commands": "command_id, request_hash, subject, position, recorded_at",
}

_VERSIONS = {cls.__name__: cls.class_version for cls in EVENTS}
_ERASED = Stored(None, None)
_WHAT = {"public": "a public one, which lacks what is private", "summary": "about one summary"}


Row = tuple[object, ...]


class Rows:
    """Gathers rows, item after item.

    Shape:  header and proved are there once their items were taken.
    Errors: ImportRefused for what cannot be imported.
    """

    def __init__(self) -> None:
        self._of: dict[str, list[Row]] = {table: [] for table in TABLES}
        self.header: Header
        self.proved: Proved
        self._decode = Codec().decode

    def take(self, item: Item) -> None:
        """The next part of the file."""
        match item:
            case Header():
                self._begin(item)
            case Event():
                self._event(item)
            case Signed():
                self._signed(item)
            case ClaimPart():
                self._of["claims"].append((item.key, item.owner))
            case CommandPart():
                self._command(item)
            case Proved():
                self.proved = item

    def taken(self) -> dict[str, list[Row]]:
        """By table, in the order in which they can be stored; it gathers anew from here."""
        batch = {table: rows for table, rows in self._of.items() if rows}
        self._of = {table: [] for table in TABLES}
        return batch

    def _begin(self, header: Header) -> None:
        if header.kind != "complete":
            raise ImportRefused(
                f"the file is {_WHAT[header.kind]}: a log can be made of a complete export only, which its "
                "operator writes with `shortscience export events`"
            )
        if not header.secret or not header.epochs:
            raise ImportRefused("the first line lacks the installation's secret or the epochs")
        self.header = header

    def _event(self, item: Event) -> None:
        entry = item.entry
        self._check_known(entry)
        self._of["events"].append(_row(entry))
        for one in item.committed:
            salt, content = item.contents.get(one.payload_id, _ERASED)
            self._of["payloads"].append((one.payload_id, entry.position, salt, content))
        self._of["tree_nodes"] += [(level, index, made) for (level, index), made in item.nodes]

    def _check_known(self, entry: Entry) -> None:
        if entry.schema_version > _VERSIONS.get(entry.type, 0):
            raise ImportRefused(
                f"position {entry.position:,} is a {entry.type} of version {entry.schema_version}, which "
                "this software does not know yet: update it"
            )
        try:
            self._decode(entry.type, entry.schema_version, bytes(entry.data))
        except MapperDeserialisationError as error:
            raise ImportRefused(f"position {entry.position:,} cannot be read: {error}") from error

    def _signed(self, item: Signed) -> None:
        origin, size, root = item.checkpoint
        text, lines = parse_note(item.line.checkpoint or "")
        own = len(lines) - len(item.line.witnesses)
        if own < 1 or item.line.signed_at is None:
            raise ImportRefused(f"the checkpoint of position {size:,} is not complete")
        self._of["log_checkpoints"].append((size, origin, root, note(text, lines[:own]), item.line.signed_at))
        self._of["log_cosignatures"] += [
            (size, witness, line, at)
            for (witness, at), line in zip(item.line.witnesses, lines[own:], strict=True)
        ]

    def _command(self, part: CommandPart) -> None:
        try:
            request = bytes.fromhex(part.hash)
        except ValueError as error:
            raise ImportRefused(f"the command {part.id} cannot be read: {error}") from error
        self._of["commands"].append((part.id, request, part.subject, part.position, part.recorded_at))


def _row(entry: Entry) -> Row:
    return (
        entry.position,
        entry.stream,
        entry.version,
        entry.type,
        entry.schema_version,
        entry.event,
        entry.recorded_at,
        entry.occurred_at,
        entry.actor,
        entry.correlation,
        entry.causation,
        bytes(entry.data),
    )
