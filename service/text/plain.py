"""A text without its mark-up, for excerpts and search."""

import re
from collections.abc import Iterable, Sequence

from markdown_it.token import Token

from service.text.blocks import AS_WRITTEN

_BLANKS = re.compile(r"[ \t]*\n\s*")
_ENDS_LINE = {"fence", "code_block", "math_block", AS_WRITTEN}
_OWN_TEXT = {"text", "text_special", "code_inline", "math_inline", "missing_image"}


def plain_text(tokens: Iterable[Token]) -> str:
    """The words of a text, a line for each block; formulas as their LaTeX source."""
    parts: list[str] = []
    for token in tokens:
        if token.type == "inline":
            parts.append(inline_text(token.children or []) + "\n")
        elif token.type in _ENDS_LINE:
            parts.append(token.content + "\n")
    return _BLANKS.sub("\n", "".join(parts)).strip()


def inline_text(children: Sequence[Token]) -> str:
    """The words of a paragraph's tokens."""
    parts: list[str] = []
    for child in children:
        if child.type in _OWN_TEXT:
            parts.append(child.content)
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
