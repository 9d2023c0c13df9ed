r"""Brackets in a formula that nothing closes.

The converter looks ahead from each opening bracket for its partner, and begins again for the next one when it
finds none: time doubles with each unclosed bracket. A bracket swallowed as an argument, as in `(\hat)` or
`(\frac1)`, closes nothing either; whether that happened is asked of the converter itself, pair by pair.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

MOST_OPEN = 6

_TOKEN = re.compile(
    r"%[^\n]*|\\(?:left|right|middle)(?![A-Za-z])\s*(?:\\[A-Za-z]+|\\?.)?|\\[A-Za-z]+|\\.|.", re.DOTALL
)
_CANDIDATE = re.compile(r"[(\[\\]|[^\x00-\x7f]")
"""Each opening bracket has one of these."""
_OPENING = re.compile(
    r"\\(?:l(?:l?brack|brace|Brace|Brack|paren|l?parenthesis|angle|Angle|ang|ceil|floor|vert|Vert|group"
    r"|moustache|lbracket|lcorner|lparenthesis|langle)|ulcorner|llcorner|mathopen|\{)"
)
_CLOSING = re.compile(
    r"\\(?:r(?:r?brack|brace|Brace|Brack|paren|angle|Angle|ang|ceil|floor|vert|Vert|group|moustache)|\})"
)

Converts = Callable[[str], bool]


def too_many_open(latex: str, converts: Converts) -> bool:
    """Whether more than six brackets are open at one place, or stay open for good.

    `converts` says whether a piece of the formula can stand alone. It is asked only if there are more than
    six opening brackets at all, and then for at most six times the formula's length in total.
    """
    if len(_CANDIDATE.findall(latex)) <= MOST_OPEN:
        return False
    tokens = list(_brackets(latex))
    if sum(kind == "open" for kind, _, _ in tokens) <= MOST_OPEN:
        return False
    groups: list[list[int]] = [[]]
    lost = 0
    for kind, start, end in tokens:
        if kind == "open":
            groups[-1].append(end)
        elif kind == "group":
            groups.append([])
        elif kind == "end" and len(groups) > 1:
            lost += len(groups.pop())
        elif kind == "close" and groups[-1]:
            lost += not converts(latex[groups[-1].pop() : start])
        if lost + sum(map(len, groups)) > MOST_OPEN:
            return True
    return False


def _brackets(latex: str) -> Iterator[tuple[str, int, int]]:
    for found in _TOKEN.finditer(latex):
        kind = _kind(found[0])
        if kind:
            yield kind, found.start(), found.end()


def _kind(piece: str) -> str:
    if piece in "{}":
        return "group" if piece == "{" else "end"
    if len(piece) == 1:
        return {"Ps": "open", "Pe": "close"}.get(unicodedata.category(piece), "")
    if _OPENING.fullmatch(piece):
        return "open"
    return "close" if _CLOSING.fullmatch(piece) else ""
