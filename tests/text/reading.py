"""Reads a line of letters as a formula, as somebody would who knows what is written beside what.

A fraction is of one thing below and of things that touch above; neither it nor a root touches anything else.
"""

import re
import unicodedata

from service.text.scripts import HIGH, LOW, NAMES
from tests.text.formulas import Built, group, letter, name, part, row, script, table

_MARKS = {"\u0302": "hat", "\u0304": "bar", "\u20d7": "vec"}
_LOW = {small: one for one, small in LOW.items()}
_HIGH = {small: one for one, small in HIGH.items()} | {"′": "′"}
_WORD = re.compile(r"[A-Za-z](?![\u0302\u0304\u20d7])(?:[A-Za-z](?![\u0302\u0304\u20d7]))*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?![\u0302\u0304\u20d7])", re.ASCII)
_ENDS = ",;)]}"
_OPERATORS = "+−="


class Unclear(Exception):
    """It could be read in two ways."""


def read(line: str) -> Built:
    """What the line says. Errors: Unclear."""
    reader = _Reader(unicodedata.normalize("NFD", line))
    built = reader.rows()
    if reader.rest:
        raise Unclear(f"what is {reader.rest}?")
    return built


class _Reader:
    def __init__(self, line: str) -> None:
        self.line = line
        self.at = 0

    @property
    def rest(self) -> str:
        return self.line[self.at :]

    def takes(self, text: str) -> bool:
        found = self.rest.startswith(text)
        self.at += len(text) if found else 0
        return found

    def must(self, text: str) -> None:
        if not self.takes(text):
            raise Unclear(f"where is {text} in {self.rest}?")

    def rows(self) -> Built:
        """A row, or several as a table."""
        found = [[self.row()]]
        while self.rest[:1] in (",", ";"):
            sign, self.at = self.rest[0], self.at + 1
            self.takes(" ")
            if sign == ";":
                found.append([])
            found[-1].append(self.row())
        return found[0][0] if len(found) == len(found[0]) == 1 else (table(found),)

    def row(self) -> Built:
        items: list[Built] = []
        while self.rest and self.rest[0] not in _ENDS:
            self.takes(" ")
            if self.rest[:1] in _OPERATORS:
                items.append(("sign", self.rest[0]))
                self.at += 1
            elif self.rest and self.rest[0] not in _ENDS:
                items += self.product()
        return row(tuple(items))

    def product(self) -> list[Built]:
        """Things side by side, or the one fraction."""
        items: list[Built] = []
        spaces = False
        while self.rest and self.rest[0] not in _ENDS + _OPERATORS:
            if self.takes(" "):
                if not self.rest or self.rest[0] in _OPERATORS:
                    break
                spaces = True
            if self.takes("/"):
                if spaces or not items:
                    raise Unclear(f"what is divided before {self.rest}?")
                items = [("fraction", part(row(tuple(items))), part(row(self.thing())))]
                return self.alone(items)
            is_root = self.rest[0] in "√^" or self.rest[0] in _HIGH
            if is_root and self.rest[0] != "√" and items:
                raise Unclear(f"whose is {self.rest}?")
            found, is_open = self.thing_or_root() if is_root else (self.thing(), False)
            items += found
            if is_open and self.rest and self.rest[0] not in "/ " + _ENDS:
                raise Unclear(f"is {self.rest} below the root?")
            if is_open and not self.rest.startswith("/"):
                return self.alone(items)
        return items

    def alone(self, items: list[Built]) -> list[Built]:
        """Nothing touches what is there now."""
        ahead = self.rest.lstrip(" ")
        if ahead and ahead[0] not in _ENDS + _OPERATORS:
            raise Unclear(f"is {ahead} part of what is before it?")
        return items

    def thing_or_root(self) -> tuple[Built, bool]:
        index = () if self.rest[0] == "√" else self.high()
        self.must("√")
        if self.rest[0] == "√" or self.rest[0] in _HIGH:
            raise Unclear("a root of a root")
        radicand = self.thing()
        is_open = self.line[self.at - 1] not in ")}"
        if radicand[-1][0] == "script" and (radicand[-1][3] or not is_open):
            raise Unclear("is the script of the root?")
        return (("root", part(row(radicand)), index),), is_open

    def thing(self) -> Built:
        """Letters that touch, the last with its scripts; a number, brackets, an accent."""
        if self.rest[:1] == "√" or self.rest[:1] in _HIGH or self.rest[:1] == "^":
            return self.thing_or_root()[0]
        before, base = self.base()
        if self.takes("_["):
            label = self.rows()
            self.must("]")
            return (*before, ("label", part(row(base)), label))
        primes = self.high() if self.rest[:1] == "′" else ()
        low = self.low()
        high = self.high()
        if (primes and high) or (high and self.rest[:1] in (*_LOW, "_")):
            raise Unclear(f"{high} after {primes}, before {self.rest}")
        high = primes or high
        return (*before, script(row(base), low, high)) if low or high else (*before, *base)

    def base(self) -> tuple[Built, Built]:
        word = _WORD.match(self.rest)
        if word and self.rest[word.end() : word.end() + 1] == "(" and word[0] in _MARKS.values():
            self.at += word.end() + 1
            inner = self.rows()
            self.must(")")
            return (), (("accent", word[0], inner),)
        if word:
            return self.word(word[0])
        number = _NUMBER.match(self.rest)
        if number:
            self.at += number.end()
            return (), (("number", number[0]),)
        if self.takes("("):
            inner = self.rows()
            self.must(")")
            return (), (group(inner),)
        if self.takes("{"):
            inner = self.rows()
            self.must("}")
            return (), (("cases", inner[0] if inner[0][0] == "table" else table([[inner]])),)
        return (), self.letter()

    def word(self, text: str) -> tuple[Built, Built]:
        """Scripts are those of a well-known name, or of the last letter."""
        self.at += len(text)
        is_scripted = self.rest[:1] in _LOW or self.rest[:1] in _HIGH or self.rest[:1] in ("_", "^")
        if text in NAMES or not is_scripted or len(text) == 1:
            return (), (name(text) if len(text) > 1 else letter(text),)
        if any(text.endswith(one) for one in NAMES):
            raise Unclear(f"{text} with a script")
        return tuple(letter(one) for one in text[:-1]), (letter(text[-1]),)

    def letter(self) -> Built:
        text, self.at = self.rest[0], self.at + 1
        if text in "_^/ ":
            raise Unclear(f"{text} before {self.rest}")
        found: Built = (("number", text) if text.isdigit() else letter(text),)
        while self.rest and self.rest[0] in _MARKS:
            found = (("accent", _MARKS[self.rest[0]], row(found)),)
            self.at += 1
        return found

    def low(self) -> Built:
        return self.script("_", _LOW)

    def high(self) -> Built:
        return self.script("^", _HIGH)

    def script(self, mark: str, letters: dict[str, str]) -> Built:
        small = ""
        while self.rest and self.rest[0] in letters:
            small += letters[self.rest[0]]
            self.at += 1
        if small:
            primes = len(small) - len(small.lstrip("′"))
            inner = read(small[primes:].replace("-", "−")) if small[primes:] else ()
            return (*[("sign", "′")] * primes, *inner)
        if not self.takes(mark):
            return ()
        if self.takes("("):
            inner = self.rows()
            self.must(")")
            return inner
        found = _WORD.match(self.rest) or _NUMBER.match(self.rest)
        if not found:
            return row(self.letter())
        self.at += found.end()
        if self.rest and self.rest[0] not in " /√" + _ENDS + "([{":
            raise Unclear(f"is {self.rest} in the script?")
        return row((name(found[0]) if found[0].isalpha() else ("number", found[0]),))
