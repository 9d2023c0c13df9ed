"""The difference of two texts by lines, in the form that `patch` and `git apply` read."""

from collections.abc import Iterator, Sequence

from service.text.alignment import Alignment
from service.text.anchors import Block

CONTEXT = 3
NO_NEWLINE = "\n\\ No newline at end of file\n"
ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}

Change = tuple[int, int, int, int]  # first and last line (exclusive) of the one text, and of the other


def unified(before: str | None, after: str, before_name: str, after_name: str) -> str:
    """A patch that makes `after` of `before`, byte for byte; empty if they are equal.

    Shape:  two lines with the names (/dev/null for no `before`), then hunks with three lines around.
    Units:  a line ends with a line feed and nothing else; a carriage return belongs to its line.
    Errors: none. Where long texts are rewritten, hunks may be larger than they must.
    """
    a, b = _lines(before or ""), _lines(after)
    if a == b:
        return ""
    names = f"--- {_name('/dev/null' if before is None else before_name)}\n+++ {_name(after_name)}\n"
    return names + "".join(_hunk(a, b, changes) for changes in _hunks(_changes(a, b)))


def _lines(text: str) -> list[str]:
    *lines, last = text.split("\n")
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _changes(a: Sequence[str], b: Sequence[str]) -> Iterator[Change]:
    i = j = 0
    for next_i, next_j, length in [*_shared(a, b), (len(a), len(b), 0)]:
        if i < next_i or j < next_j:
            yield i, next_i, j, next_j
        i, j = next_i + length, next_j + length


def _shared(a: Sequence[str], b: Sequence[str]) -> list[Block]:
    numbers = {line: k for k, line in enumerate(dict.fromkeys([*a, *b]))}
    sides = [numbers[line] for line in a], [numbers[line] for line in b]
    return Alignment(*sides, frozenset(numbers.values())).blocks()


def _hunks(changes: Iterator[Change]) -> list[list[Change]]:
    """Changes whose lines around touch are in one hunk."""
    hunks: list[list[Change]] = []
    for change in changes:
        if hunks and change[0] - hunks[-1][-1][1] <= 2 * CONTEXT:
            hunks[-1].append(change)
        else:
            hunks.append([change])
    return hunks


def _hunk(a: Sequence[str], b: Sequence[str], changes: list[Change]) -> str:
    first, last = changes[0], changes[-1]
    lead, trail = min(CONTEXT, first[0]), min(CONTEXT, len(a) - last[1])
    start, end = first[0] - lead, last[1] + trail
    ranges = _range(start, end), _range(first[2] - lead, last[3] + trail)
    lines = [f"@@ -{ranges[0]} +{ranges[1]} @@\n"]
    for i, next_i, j, next_j in changes:
        lines += [_line(" ", line) for line in a[start:i]]
        lines += [_line("-", line) for line in a[i:next_i]]
        lines += [_line("+", line) for line in b[j:next_j]]
        start = next_i
    return "".join(lines + [_line(" ", line) for line in a[start:end]])


def _range(start: int, end: int) -> str:
    """Lines count from 1; of an empty range, the line before it is named."""
    return f"{start + (end > start)},{end - start}"


def _line(sign: str, line: str) -> str:
    return sign + line if line.endswith("\n") else sign + line + NO_NEWLINE


def _name(name: str) -> str:
    """Quoted as in C where it must be; a tab ends a name with spaces."""
    if any(sign in ESCAPES or not sign.isprintable() for sign in name.replace(" ", "")):
        return '"' + "".join(map(_escaped, name)) + '"'
    return name + "\t" if " " in name else name


def _escaped(sign: str) -> str:
    if sign in ESCAPES or sign.isprintable():
        return ESCAPES.get(sign, sign)
    return "".join(f"\\{byte:03o}" for byte in sign.encode())
