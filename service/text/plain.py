"""A text without its mark-up, for excerpts and search."""

import re
from collections.abc import Sequence
from itertools import accumulate
from xml.etree.ElementTree import ParseError

from markdown_it.token import Token

from service.text.blocks import AS_WRITTEN
from service.text.linear import in_a_line
from service.text.math import FormulaProblem, to_mathml
from service.text.sanitize import clean

MARK = "\u2060"
"""A word joiner, before and after each formula in plain text: an excerpt does not end between the two."""
WORDS = "words"
"""Where a formula's token has itself in plain letters, once it was rendered."""
_BLANKS = re.compile(r"[ \t]*\n\s*")
_OWN_LINES = {"fence", "code_block", AS_WRITTEN}
_OWN_TEXT = {"text", "text_special", "code_inline", "missing_image"}
_FORMULAS = {"math_inline", "math_block"}
_CELLS = {"th_open", "td_open"}
_BETWEEN_CELLS = " | "
_ROW = "\n\n"
_ENDINGS = {"heading_close": ".", "tr_close": ";", "tr_open": _ROW}
_STOPS = tuple(".:;!?…,")


def plain_text(tokens: Sequence[Token]) -> str:
    """The words of a text, a line for each block, in a form that can also be read as one line.

    Items begin with their number or a bullet; headings end with a stop; cells are divided by a bar and rows
    by a semicolon; formulas are in plain letters, or as `$…$` if they cannot be drawn. Code is kept: it is
    content too.
    """
    parts: list[str] = []
    for token in tokens:
        if token.type == "inline":
            parts.append(inline_text(token.children or []) + "\n")
        elif token.type in _OWN_LINES:
            parts.append(token.content.replace(MARK, "") + "\n")
        elif token.type in _FORMULAS:
            parts.append(_formula(token) + "\n")
        elif token.type == "list_item_open":
            parts.append(f"{token.info}. " if token.info else "• ")
        elif token.type in _CELLS:
            _divide(parts)
        elif token.type in _ENDINGS:
            _end(parts, _ENDINGS[token.type])
    plain = _BLANKS.sub("\n", "".join(parts)).strip()
    return plain.removesuffix(";") if tokens and tokens[-1].type == "table_close" else plain


def _divide(parts: list[str]) -> None:
    """Put a bar between a cell and the one before it in its row."""
    if parts and parts[-1] != _ROW:
        parts[-1] = parts[-1].rstrip("\n") + _BETWEEN_CELLS


def _end(parts: list[str], sign: str) -> None:
    """End a heading, a row or what stood before a row."""
    if sign == _ROW:
        parts.append(_ROW)
    elif parts[-1].strip():
        words = parts[-1].rstrip("\n")
        parts[-1] = (words if words.endswith(_STOPS) else words + sign) + "\n"


def inline_text(children: Sequence[Token]) -> str:
    """The words of a paragraph's tokens."""
    parts: list[str] = []
    for child in children:
        if child.type in _OWN_TEXT:
            parts.append(child.content.replace(MARK, ""))
        elif child.type in _FORMULAS:
            parts.append(_formula(child))
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "image":
            parts.append(inline_text(child.children or []))
    return "".join(parts)


def in_words(mathml: str, latex: str) -> str:
    """A formula in plain letters."""
    try:
        return in_a_line(clean(mathml)).replace(MARK, "")
    except ParseError:  # never seen, and no reason to have no text at all
        return as_written(latex)


def as_written(latex: str) -> str:
    """A formula's source in dollars."""
    return f"${' '.join(latex.split())}$".replace(MARK, "")


def _formula(token: Token) -> str:
    words = token.meta.get(WORDS)
    if words is None:
        try:
            words = in_words(to_mathml(token.content, display=False), token.content)
        except FormulaProblem:
            words = as_written(token.content)
    return f"{MARK}{words}{MARK}"


def excerpt(plain: str, length: int) -> str:
    """The beginning of a text on one line, cut between words, and not within a formula.

    Shape:  ends with "…" if something was cut, else equals the text with its white space made single.
    Units:  at most `length` characters, the ellipsis included; empty if `length` is 0 or less.
    """
    if length <= 0:
        return ""
    parts = " ".join(plain.split()).split(MARK)
    line = "".join(parts)
    return line if len(line) <= length else line[: _last(parts, line, length)].rstrip(" ,;:.") + "…"


def _last(parts: Sequence[str], line: str, length: int) -> int:
    """Where to cut. Shape: every second part is a formula."""
    starts = [0, *accumulate(map(len, parts))]
    formulas = [(start, start + len(part)) for start, part in zip(starts, parts, strict=False)][1::2]
    space = line.rfind(" ", 0, length)
    for start, end in reversed(formulas):
        if start < space < end:
            space = line.rfind(" ", 0, start)
    if space > 0:
        return space
    return next((start for start, end in formulas if start < length - 1 < end), length - 1)
