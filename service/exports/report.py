"""What a verification has proved, and what not, in words."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from service.console import plural
from service.exports.lines import Header
from service.exports.logcheck import Proved
from service.verification.cosigning import WitnessKey
from service.verification.notes import Verifier


def report(
    log: UUID, header: Header | None, proved: Proved, size: int, keys: Sequence[Verifier]
) -> Iterator[str]:
    """Lines for people. Shape: header is a file's, None for the database's own log."""
    kind = header.kind if header else "complete"
    yield f"{_NAMES[kind] if header else 'The database'} of the log {log}: {_what(kind, proved, size)}."
    yield "It holds. Proved:"
    yield from (f"  {line}" for line in _proved(kind, proved))
    yield "Not proved:"
    yield from (f"  {line}" for line in _open(kind, header, proved, size, keys))


_NAMES = {
    "complete": "A complete export",
    "public": "A public export",
    "summary": "An export about one summary",
}


def _what(kind: str, proved: Proved, size: int) -> str:
    if kind == "summary":
        return f"{plural(proved.events, 'event')} of {size:,}"
    shown = f", {proved.withheld:,} of them withheld" if proved.withheld else ""
    return f"{plural(proved.events, 'event')}{shown}"


def _proved(kind: str, proved: Proved) -> Iterator[str]:
    if kind == "summary":
        yield f"each event is in the tree of position {proved.covered:,}, which was signed"
    else:
        yield "no position is missing, doubled or out of order"
    missing = "erased" if kind == "complete" else "erased or private"
    opened = plural(proved.opened, "content")
    yield f"{opened} as their events committed to; {proved.absent:,} {missing}"
    if kind != "summary" and proved.checkpoints:
        yield f"{plural(proved.checkpoints, 'signed checkpoint')}; they fix positions 1 to {proved.covered:,}"
    yield from (f"signed by {name}: {count:,}" for name, count in proved.signed.items() if count)
    if proved.outside:
        yield "your own checkpoint is met"


def _open(
    kind: str, header: Header | None, proved: Proved, size: int, keys: Sequence[Verifier]
) -> Iterator[str]:
    if not proved.covered:
        yield "that nobody changed it: nothing is signed, so it only fits itself"
    elif proved.covered < size:
        yield f"positions {proved.covered + 1:,} to {size:,}: no checkpoint covers them yet"
    if proved.unknown:
        yield f"{plural(proved.unknown, 'checkpoint')} signed only with keys that you did not give"
    if not any(not isinstance(key, WitnessKey) for key in keys):
        named = "the file itself names them" if header else "they are those of this database"
        yield f"whose the keys are: {named}. Get the log's key elsewhere, and give it as --key"
    if not any(isinstance(key, WitnessKey) and proved.signed.get(key.name) for key in keys):
        yield "that others see the same log: give the key of a witness you trust as --key"
    if proved.told:
        yield f"what is told of {plural(proved.told, 'event')} that are withheld: papers, votes, withdrawals"
    if kind == "complete" and header:
        yield "claims, commands and the secret: no checkpoint speaks of them"
    if kind == "summary":
        yield "that these are all events about the summary"
