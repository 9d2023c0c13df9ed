"""A text without its mark-up, for excerpts and search."""

import re
from collections.abc import Sequence

from markdown_it.token import Token

from service.text.blocks import AS_WRITTEN
from service.text.readable import readable

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
    by a semicolon; simple formulas are in plain letters, others as `$…$`. Code is kept: it is content too.
    """
    parts: list[str] = []
    for token in tokens:
        if token.type == "inline":
            parts.append(inline_text(token.children or []) + "\n")
        elif token.type in _OWN_LINES:
            parts.append(token.content + "\n")
        elif token.type in _FORMULAS:
            parts.append(readable(token.content) + "\n")
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
            parts.append(child.content)
        elif child.type in _FORMULAS:
            parts.append(readable(child.content))
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "image":
            parts.append(inline_text(child.children or []))
    return "".join(parts)


def excerpt(plain: str, length: int) -> str:
    """The beginning of a text on one line, cut between words.

    Shape:  ends with "…" if something was cut, else equals the text with its white space made single.
    Units:  at most `length` characters, the ellipsis included; empty if `length` is 0 or less.
    """
    if length <= 0:
        return ""
    line = " ".join(plain.split())
    if len(line) <= length:
        return line
    kept = line[:length]
    words = kept[: kept.rfind(" ")] if " " in kept else kept[:-1]
    return words.rstrip(" ,;:.") + "…"
