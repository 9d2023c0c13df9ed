"""BibTeX's own grammar: a file cut into entries, `@string` and the rest. It knows nothing of papers or LaTeX.

Braces count as BibTeX counts them: each one, also after a backslash and between quotes. Partners are found
once for the whole file, so that no number of unclosed ones makes reading slower than linear.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_START = re.compile(r"@[ \t]*+(\w++)\s*+([{(])")
_START_OF_LINE = re.compile(r"^[ \t]*+@[ \t]*+\w++\s*+[{(]", re.MULTILINE)
_BRACE = re.compile(r"[{}]")
_KEY = re.compile(r"\s*+([^\s,{}\"=]*+)\s*+")
_KEY_IN_PARENTHESES = re.compile(r"\s*+([^\s,{}\"=)]*+)\s*+")
_GAP = re.compile(r"[\s,]*+")
_SPACE = re.compile(r"\s*+")
_NAME = re.compile(r"([^\s=,{}\"#()%@]++)\s*+=\s*+")
_WORD = re.compile(r"[^\s=,{}\"#()%@]++")
_IN_QUOTES = re.compile(r"\\\"|[\"{}]")
_NOT_A_COMMENT = re.compile(r"^[^\S\n]*+([^\s%].*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a value: text as it stands in the file, or the name of an abbreviation."""

    text: str
    is_name: bool


Value = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Block:
    """`kind` is the word after @, in lower case; only entries have a key, and `@string` has one field."""

    start: int
    end: int
    kind: str
    key: str = ""
    fields: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """What cannot be read as a block; `key` if reading came that far."""

    start: int
    key: str
    reason: str


class _Unreadable(Exception):
    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


def blocks(source: str) -> Iterator[Block | Broken]:
    """Everything in the file in its order; lines of % comments are nothing.

    After a broken block, reading goes on at the next @ that begins a line.
    """
    partners, last_parenthesis = _partners(source), source.rfind(")")
    position = 0
    while found := _START.search(source, position):
        yield from _junk(source, position, found.start())
        reader = _Reader(source, partners, found, last_parenthesis)
        try:
            block = reader.block()
        except _Unreadable as error:
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


class _Reader:
    """Reads the block that starts at one @."""

    __slots__ = ("closing", "end", "found", "key", "last_parenthesis", "partners", "source")

    def __init__(self, source: str, partners: dict[int, int], found: re.Match[str], last: int) -> None:
        self.source = source
        self.last_parenthesis = last
        self.partners = partners
        self.found = found
        self.key = ""
        self.closing = "}" if found[2] == "{" else ")"
        self.end = len(source)  # of what may be looked at

    def block(self) -> Block:
        kind, inside = self.found[1].lower(), self.found.end()
        if kind in ("comment", "preamble"):
            return Block(self.found.start(), self._closed(inside) + 1, kind)
        if kind != "string":
            inside = self._read_key(inside)
        if self.closing == "}":
            self.end = self._closed(inside)
        fields, end = self._fields(inside)
        return Block(self.found.start(), end + 1, kind, self.key, tuple(fields))

    def _closed(self, position: int) -> int:
        """Where the block ends."""
        if self.closing == "}":
            end = self.partners.get(self.found.end() - 1, -1)
        else:
            end = self.source.find(")", position) if position <= self.last_parenthesis else -1
        if end < 0:
            raise _Unreadable(f"Its opening {self.found[2]} is never closed.", position)
        return end

    def _read_key(self, position: int) -> int:
        key = (_KEY if self.closing == "}" else _KEY_IN_PARENTHESES).match(self.source, position)
        assert key is not None  # noqa: S101 - the pattern takes nothing, too
        if not key[1] or self.source[key.end() : key.end() + 1] not in (",", self.closing):
            raise _Unreadable("It has no key before its first field, or a key with a space in it.", position)
        self.key = key[1]
        return key.end()

    def _fields(self, position: int) -> tuple[list[tuple[str, Value]], int]:
        fields: list[tuple[str, Value]] = []
        while True:
            after = self._after(_GAP, position)
            if self._at(after) == self.closing:
                return fields, after
            name = _NAME.match(self.source, after, self.end)
            if name is None:
                raise _Unreadable(f"A field's name and = should stand {self._place(after)}.", position)
            value, position = self._value(name.end())
            fields.append((name[1].lower(), value))
            after = self._after(_SPACE, position)
            if self._at(after) not in (",", self.closing):
                raise _Unreadable(
                    f"After the value of {name[1]} a comma should stand {self._place(after)}.", position
                )

    def _value(self, position: int) -> tuple[Value, int]:
        pieces: list[Piece] = []
        while True:
            piece, position = self._piece(position)
            pieces.append(piece)
            after = self._after(_SPACE, position)
            if self._at(after) != "#":
                return tuple(pieces), position
            position = self._after(_SPACE, after + 1)

    def _piece(self, position: int) -> tuple[Piece, int]:
        opening = self._at(position)
        if opening == "{" and position in self.partners:
            end = self.partners[position]
            return Piece(self.source[position + 1 : end], is_name=False), end + 1
        if opening == '"':
            end = self._closing_quote(position)
            return Piece(self.source[position + 1 : end], is_name=False), end + 1
        if word := _WORD.match(self.source, position, self.end):
            return Piece(word[0], is_name=not word[0].isdecimal()), word.end()
        raise _Unreadable(f"A value should stand {self._place(position)}.", position)

    def _closing_quote(self, opening: int) -> int:
        r"""The next quote outside braces; \" is an umlaut that someone forgot to brace."""
        position = opening + 1
        while found := _IN_QUOTES.search(self.source, position, self.end):
            if found[0] == '"':
                return found.start()
            if found[0] == "}" or (found[0] == "{" and found.start() not in self.partners):
                break
            position = self.partners[found.start()] + 1 if found[0] == "{" else found.end()
        raise _Unreadable(f"The quotation that opens {self._place(opening)} is never closed.", opening)

    def _at(self, position: int) -> str:
        return self.source[position : position + 1]

    def _after(self, pattern: re.Pattern[str], position: int) -> int:
        found = pattern.match(self.source, position, self.end)
        return found.end() if found else position

    def _place(self, position: int) -> str:
        seen = self.source[position : position + 20].split("\n")[0].strip()
        return f"before {seen!r}" if seen else "before the end"
