"""BibTeX's own grammar: a file cut into entries, `@string` and the rest. It knows nothing of papers or LaTeX.

Braces count as BibTeX counts them: each one, also after a backslash and between quotes. Partners are found
once for the whole file, so that no number of unclosed ones makes reading slower than linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.importers.bibtex_syntax import Block, BlockReader, Unreadable

_START = re.compile(r"@[ \t]*+(\w++)\s*+([{(])")
_START_OF_LINE = re.compile(r"^[ \t]*+@[ \t]*+\w++\s*+[{(]", re.MULTILINE)
_BRACE = re.compile(r"[{}]")
_NOT_A_COMMENT = re.compile(r"^[^\S\n]*+([^\s%].*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Broken:
    """What cannot be read as a block; `key` if reading came that far."""

    start: int
    key: str
    reason: str


def blocks(source: str) -> Iterator[Block | Broken]:
    """Everything in the file in its order; lines of % comments are nothing.

    After a broken block, reading goes on at the next @ that begins a line.
    """
    partners, last_parenthesis = _partners(source), source.rfind(")")
    position = 0
    while found := _START.search(source, position):
        yield from _junk(source, position, found.start())
        reader = BlockReader(source, partners, found, last_parenthesis)
        try:
            block = reader.block()
        except Unreadable as error:
            yield Broken(found.start(), reader.key, error.reason)
            again = _START_OF_LINE.search(source, max(error.position, found.end()))
            position = again.start() if again else len(source)
        else:
            yield block
            position = block.end
    yield from _junk(source, position, len(source))


def _partners(source: str) -> dict[int, int]:
    """Where each opening brace is closed; those that never are stay out."""
    partners: dict[int, int] = {}
    opened: list[int] = []
    for found in _BRACE.finditer(source):
        if found[0] == "{":
            opened.append(found.start())
        elif opened:
            partners[opened.pop()] = found.start()
    return partners


def _junk(source: str, start: int, end: int) -> Iterator[Broken]:
    if found := _NOT_A_COMMENT.search(source[start:end]):
        yield Broken(start + found.start(1), "", f"This is no entry: {found[1][:40].strip()!r}.")
