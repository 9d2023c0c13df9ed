"""One block of a BibTeX file: its kind, its key, and its fields' values as they stand there."""

import re
from dataclasses import dataclass

_KEY = re.compile(r"\s*+([^\s,{}\"=]*+)\s*+")
_KEY_IN_PARENTHESES = re.compile(r"\s*+([^\s,{}\"=)]*+)\s*+")
_GAP = re.compile(r"[\s,]*+")
_SPACE = re.compile(r"\s*+")
_NAME = re.compile(r"([^\s=,{}\"#()%@]++)\s*+=\s*+")
_WORD = re.compile(r"[^\s=,{}\"#()%@]++")
_IN_QUOTES = re.compile(r"\\\"|[\"{}]")


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


class Unreadable(Exception):
    """Why a block cannot be read, and the position that reading came to."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


class BlockReader:
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
            raise Unreadable(f"Its opening {self.found[2]} is never closed.", position)
        return end

    def _read_key(self, position: int) -> int:
        key = (_KEY if self.closing == "}" else _KEY_IN_PARENTHESES).match(self.source, position)
        assert key is not None  # noqa: S101 - the pattern takes nothing, too
        if not key[1] or self.source[key.end() : key.end() + 1] not in (",", self.closing):
            raise Unreadable("It has no key before its first field, or a key with a space in it.", position)
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
                raise Unreadable(f"A field's name and = should stand {self._place(after)}.", position)
            value, position = self._value(name.end())
            fields.append((name[1].lower(), value))
            after = self._after(_SPACE, position)
            if self._at(after) not in (",", self.closing):
                raise Unreadable(
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
        raise Unreadable(f"A value should stand {self._place(position)}.", position)

    def _closing_quote(self, opening: int) -> int:
        r"""The next quote outside braces; \" is an umlaut that someone forgot to brace."""
        position = opening + 1
        while found := _IN_QUOTES.search(self.source, position, self.end):
            if found[0] == '"':
                return found.start()
            if found[0] == "}" or (found[0] == "{" and found.start() not in self.partners):
                break
            position = self.partners[found.start()] + 1 if found[0] == "{" else found.end()
        raise Unreadable(f"The quotation that opens {self._place(opening)} is never closed.", opening)

    def _at(self, position: int) -> str:
        return self.source[position : position + 1]

    def _after(self, pattern: re.Pattern[str], position: int) -> int:
        found = pattern.match(self.source, position, self.end)
        return found.end() if found else position

    def _place(self, position: int) -> str:
        seen = self.source[position : position + 20].split("\n")[0].strip()
        return f"before {seen!r}" if seen else "before the end"
