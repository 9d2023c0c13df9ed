"""What a verification has proved, and what not, in words."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from service.console import plural
from service.exports.lines import Header
from service.exports.logcheck import Proved
from service.exports.trust import key_text
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
    if rest := [*_open(kind, proved, size), *_unsigned(proved, keys)]:
        yield "Not proved:"
        yield from (f"  {line}" for line in rest)


UNPROVED = "claims, commands and the secret: no checkpoint speaks of them"
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
    for name, (count, upto) in proved.signed.items():
        if count:
            what = "the tree is" if kind == "summary" else f"{_positions(1, upto)} are"
            yield f"{what} as {name} signed: {plural(count, 'checkpoint')}"
    if proved.outside:
        yield "your own checkpoint is met"


def _open(kind: str, proved: Proved, size: int) -> Iterator[str]:
    """What nothing speaks of."""
    sealed = max(proved.covered, proved.sealed)
    if not sealed:
        yield "that nobody changed it: nothing is signed, so it only fits itself"
    elif sealed < size:
        yield f"{_positions(sealed + 1, size)}: no checkpoint covers that yet"
    if proved.told:
        yield f"what is told of {plural(proved.told, 'event')} that are withheld: papers, votes, withdrawals"
    if kind == "complete":
        yield UNPROVED
    if kind == "summary":
        yield "that these are all events about the summary"


def _unsigned(proved: Proved, keys: Sequence[Verifier]) -> Iterator[str]:
    """What the reader's keys did not sign."""
    if proved.covered < proved.sealed:
        yield f"{_positions(proved.covered + 1, proved.sealed)}: signed only with keys that you did not give"
    if not keys:
        yield "whose the keys are: they are named beside the log. Get its key elsewhere, and give it as --key"
    signed = {key: proved.signed[key_text(key)] for key in keys}
    yield from (
        f"anything by {key_text(key)}: it signed nothing here" for key in keys if not signed[key].checkpoints
    )
    seen = [one.upto for key, one in signed.items() if isinstance(key, WitnessKey)]
    if not seen:
        yield "that others see the same log: give the key of a witness you trust as --key"
    elif max(seen) < proved.covered:
        yield f"that others see the same log after position {max(seen):,}: no witness of yours signed more"


def _positions(first: int, last: int) -> str:
    return f"positions {first:,} to {last:,}" if first < last else f"position {first:,}"
