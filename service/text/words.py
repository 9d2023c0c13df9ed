"""Texts cut into words, and the words that two texts have in common."""

import re
from itertools import accumulate
from unicodedata import category

from service.text.alignment import Alignment
from service.text.anchors import Block
from service.text.refinement import Islands, slid

MARK = "\u0301"  # stands for every mark while a text is cut: `re` knows no class of them
JOINERS = "\u200c\u200d"
SINGLE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # written without spaces
LETTERS = rf"[^\W_{SINGLE}]+(?:{MARK}+[^\W_{SINGLE}]*)*"
TOKEN = re.compile(
    rf"[^\S\r\n]+|{LETTERS}(?:['’]{LETTERS})*|\\[A-Za-z]+|\r?\n|\r|[{SINGLE}]{MARK}*|[\s\S]{MARK}*"
)
LONG_LINE = 8  # tokens: shorter ones may well be the same by chance
WORD = re.compile(r"[^\W_]|\\[A-Za-z]")


def tokens(text: str) -> list[str]:
    """Words, LaTeX commands, runs of spaces, line ends, and every other sign alone; joined, the text."""
    marks = {} if text.isascii() else {ord(sign): MARK for sign in set(text) if _is_mark(sign)}
    if not marks:
        return TOKEN.findall(text)
    return [text[match.start() : match.end()] for match in TOKEN.finditer(text.translate(marks))]


def _is_mark(sign: str) -> bool:
    return category(sign)[0] == "M" or sign in JOINERS


def is_word(token: str) -> bool:
    """A word or a LaTeX command, not a sign or white space."""
    return WORD.match(token) is not None


def matches(before: str, after: str) -> list[Block]:
    """The stretches that two texts have in common, word by word.

    Shape:  (start in before, start in after, length), increasing in both. Not what is equal by chance:
            signs and spaces amid rewritten words.
    Units:  code points; both ends of each stretch are borders of tokens in both texts.
    Errors: none. Time and memory are bounded: where much is rewritten in a long text, only whole lines
            and runs of words are found, or nothing.
    """
    a, b = tokens(before), tokens(after)
    places = [list(accumulate(map(len, side), initial=0)) for side in (a, b)]
    return [
        (places[0][i], places[1][j], places[0][i + length] - places[0][i])
        for i, j, length in token_matches(a, b)
    ]


def token_matches(a: list[str], b: list[str], chance: int = 0) -> list[Block]:
    """The same in tokens. Units: chance: so many words may be equal by chance amid others that are not."""
    kinds = dict.fromkeys([*a, *b])
    numbers = {token: -k if token.isspace() else k for k, token in enumerate(kinds, 1)}
    ends = frozenset(numbers[end] for end in ("\n", "\r\n") if end in numbers)
    sides = [numbers[token] for token in a], [numbers[token] for token in b]
    found = Alignment(*sides, ends, LONG_LINE).blocks()
    words = {token for token in kinds if is_word(token)}
    islands = Islands([token in words for token in a], [token in words for token in b])
    return slid(islands.removed(found, chance), a, b)
