"""What an announcement says: one line of plain text that links to nobody and nothing but the summary."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable

from msgspec import Struct

Measure = Callable[[str], int]
"""How long a text is to those who limit it."""

ELLIPSIS = "…"
_READ = 2_000  # characters that are looked at
_JOINERS = "\u200c\u200d"  # of emoji, and of scripts that need them
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co"})
_LINK = re.compile(r"\b(?:https?://|ftp://|www\.)[^\s()<>]+", re.IGNORECASE)
# Without a scheme: with a path it goes; a bare name is kept, and falls apart after its dots.
_SITE = re.compile(r"(?<![\w.-])(?:[\w-]++\.)++[^\W\d_]{2,}+(?::\d++)?[/?#][^\s()<>]*+")
_DOT = re.compile(r"(?<=\w)\.(?=[^\W\d_]{2})")
_EMPTY = re.compile(r"\(\s*\)|<\s*>")
_FORMULA = re.compile(r"(?<!\$)\$++([A-Za-z\\][^$]*+)(?<!\s)\$++")
# Signs that would call people or join a topic: not those of "C#", "mAP@50", "#1" and "$5".
_CALLS = re.compile(
    r"(?<![A-Za-z0-9_@＠#＃$])(?!#[0-9]++\b|\$[0-9])[@＠#＃$]++(?=[\w\[])"
    r"|(?<=[A-Za-z0-9_])[@＠#＃$]{2,}+(?=[\w\[])"
    r"|(?:(?<=\brt)|(?<=\brt:))[@＠]",
    re.IGNORECASE,
)
_SPACED = re.compile(r"\s+(?=[,.;:!?)])")
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_ENDS = " ,;:.…"


class Announcement(Struct, frozen=True):
    """What is to be told.

    Shape:  author is None for an anonymous summary, and when nobody is left to name; text has no mark-up.
    """

    author: str | None
    title: str
    year: int | None
    text: str
    permalink: str


def composed(said: Announcement, limit: int, measure: Measure) -> str:
    """One line, without the permalink, that begins with who explains what.

    Shape:  name and title are cut when they take too much of it; the text fills what is left.
    Units:  at most `limit` by `measure`.
    """
    author = cut(plain_line((said.author or "")[:_READ]), limit // 7, measure)
    title = cut(plain_line(said.title[:_READ]), limit // 2, measure)
    head = f"{author} explains {title}" if author else f"A summary of {title}"
    if said.year is not None:
        head += f" ({said.year})"
    left = limit - measure(f"{head}: ")
    text = cut(plain_line(said.text[:_READ]), left, measure)
    return f"{head}: {text}" if text.strip(ELLIPSIS) else cut(head, limit, measure)


def plain_line(text: str) -> str:
    """On one line, without what is invisible, links, and signs that call somebody. It is NFC."""
    seen = "".join(map(_seen, unicodedata.normalize("NFC", text)))
    unlinked = _EMPTY.sub("", _SITE.sub("", _LINK.sub("", seen)))
    line = _CALLS.sub("", _FORMULA.sub(r"\1", unlinked))
    tidy = _DOT.sub(". ", _SPACED.sub("", " ".join(line.split())))
    return unicodedata.normalize("NFC", tidy)


def cut(text: str, limit: int, measure: Measure) -> str:
    """The beginning of a line, with "…" if something was cut.

    Shape:  cut between words; within one where that would take half of it, such as in texts without spaces,
            but never between what makes up one sign.
    Units:  at most `limit` by `measure`; empty if nothing fits.
    """
    if measure(text) <= limit:
        return text
    room = bisect_right(range(len(text)), limit, key=lambda end: measure(text[:end] + ELLIPSIS)) - 1
    letters = _longest(text, _between_signs, room, limit, measure)
    words = _longest(text, _between_words, room, limit, measure)
    return words if 2 * len(words) >= len(letters) else letters


def _longest(text: str, may_end: Callable[[str, int], bool], room: int, limit: int, measure: Measure) -> str:
    for end in range(room, 0, -1):
        if may_end(text, end):
            kept = text[:end].rstrip(_ENDS) + ELLIPSIS
            if kept != ELLIPSIS and measure(kept) <= limit:
                return kept
    return ""


def _between_words(text: str, at: int) -> bool:
    return text[at - 1 : at] != " " and text[at : at + 1] in ("", " ")


def _between_signs(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at : at + 1]
    joined = before in _JOINERS or after in _JOINERS or (_is_flag(after) and _in_flag(text[:at]))
    return not after or not (joined or unicodedata.category(after).startswith("M") or _is_tone(after))


def _in_flag(text: str) -> bool:
    """Whether a flag, of two letters, has only one yet."""
    letters = len(text) - len(text.rstrip(_FLAG_LETTERS))
    return letters % 2 == 1


def _is_flag(char: str) -> bool:
    return char != "" and char in _FLAG_LETTERS


def _is_tone(char: str) -> bool:
    return "\U0001f3fb" <= char <= "\U0001f3ff"


def _seen(char: str) -> str:
    """The character; a space for white space; nothing for what is invisible or none."""
    if char.isspace():
        return " "
    code = ord(char)
    none = code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
    return "" if none or (unicodedata.category(char) in _DROPPED and char not in _JOINERS) else char
