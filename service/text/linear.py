r"""Formulas of a rendered text as lines of letters, for where MathML is taken out: feed readers, mail.

A fraction becomes `(a + b)/c`, a sum `∑ᵢ₌₁ⁿxᵢ²`. Unlike `readable`, this needs no source and knows every
formula that could be drawn.
"""

import re
import unicodedata
from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from service.text.readable import HIGH, LOW

_FORMULA = re.compile(r"<math[ >].*?</math>", re.DOTALL)
_SPACED = frozenset("=≠<>≤≥≪≫≈∼≃≅≡∝→←↔⇒⇐⇔↦∈∉∋⊂⊆⊃⊇∪∩∖+−±∓×⋅∗∘⊙⊕⊗∧∨∣:≔⟹⟺⟶")
_SIGNS = frozenset("+−±∓")
_OPENING = frozenset("([{⟨⌈⌊,;") | _SPACED
_LARGE = frozenset("∑∏∐∫∬∭∮⋃⋂⨁⨂⋁⋀")
_ACCENTS = {
    "ˆ": "\u0302",
    "^": "\u0302",
    "˜": "\u0303",
    "~": "\u0303",
    "¯": "\u0304",
    "‾": "\u0305",
    "\u0332": "\u0305",
    "˙": "\u0307",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "⃗": "\u20d7",
    "→": "\u20d7",
}
_BRACES = frozenset("⏞⏟")
_APPLIED = re.compile("\u2061(?=\\()")
_ALIGNED = re.compile("(?:^|, )(?=[=<>≤≥≈∼∝≡→])")
_UNSEEN = str.maketrans({"\u2061": " ", "\u2062": None, "\u2063": None, "\u2064": None, "\ufe00": None})
_SMALL = str.maketrans("−∗⊤", "-*T")
_ATOM = re.compile(r"[^\s+−±=·⋅×/,;:<>≤≥∼∈→_^]+")


def without_mathml(html: str) -> str:
    """A rendered text with its formulas in plain letters.

    Shape:  HTML as safe as it came; all else in it stays.
    Errors: ElementTree.ParseError if it is not the renderer's.
    """
    kept: dict[str, str] = {}

    def in_a_line(found: re.Match[str]) -> str:
        if found[0] not in kept:
            kept[found[0]] = escape(_formula(found[0]), quote=False)
        return kept[found[0]]

    return _FORMULA.sub(in_a_line, html)


def _formula(mathml: str) -> str:
    # Our own output, in which nothing can be declared and `&nbsp;` is the one name that XML does not know.
    root = ElementTree.fromstring(mathml.replace("&nbsp;", "\u00a0"))  # noqa: S314
    return " ".join(_APPLIED.sub("", _line(root)).translate(_UNSEEN).split())


def _line(element: Element) -> str:
    """One element and all that is in it."""
    match element.tag:
        case "mi" | "mn" | "mtext" | "ms" | "mo":
            text = element.text or ""
            is_word = element.tag == "mi" and len(text) > 1 and text.isalpha() and text.isascii()
            return f" {text}" if is_word or text in _LARGE else text
        case "mspace":
            return " " if element.get("width", "").startswith(("0.2", "1", "2")) else ""
        case "mphantom":
            return ""
        case "mtable":
            return "; ".join(filter(None, map(_line, element)))
        case "mtr":
            cells = ", ".join(filter(None, (_line(cell).strip() for cell in element)))
            return _ALIGNED.sub(" ", cells).strip()
    parts = [_line(child) for child in element]
    match element.tag, parts:
        case "mfrac", [above, below]:
            over = " over " if element.get("linethickness") == "0" else "/"
            return _whole(above) + over + _whole(below)
        case "mroot", [base, index]:
            return f"{_script('^', index)}√{_whole(base)}"
        case "msqrt", _:
            return f"√{_whole(_row(element, parts))}"
        case (("munder" | "mover"), [base, mark]) if mark in _BRACES or mark in _ACCENTS:
            return _accented(base, mark)
        case (("msub" | "munder"), [base, low]):
            return base + _script("_", low)
        case (("msup" | "mover"), [base, high]):
            return base + _script("^", high)
        case (("msubsup" | "munderover"), [base, low, high]):
            return base + _script("_", low) + _script("^", high)
    return _row(element, parts)


def _row(element: Element, parts: Sequence[str]) -> str:
    """Parts beside each other, with room around what relates them, but not after a sign."""
    line = ""
    for child, part in zip(element, parts, strict=True):
        line += _operator(part, line.rstrip()[-1:]) if child.tag == "mo" else part
    return line


def _operator(sign: str, before: str) -> str:
    """With room around it, unless it is the sign of what follows or nothing is related by it."""
    if sign == ",":
        return ", "
    is_sign = sign in _SIGNS and (not before or before in _OPENING)
    return f" {sign} " if sign in _SPACED and not is_sign else sign


def _whole(text: str) -> str:
    """In brackets unless it reads as one thing."""
    text = text.strip()
    is_embraced = text.startswith("(") and text.find(")") == len(text) - 1
    return text if is_embraced or _ATOM.fullmatch(text) else f"({text})"


def _script(mark: str, text: str) -> str:
    """A small number or letters where Unicode has them, else behind `_` or `^`."""
    inner, letters = "".join(text.split()), LOW if mark == "_" else HIGH
    small = inner.translate(_SMALL)
    if all(character in letters for character in small) and (len(inner) < 3 or not inner.isalpha()):
        return "".join(letters[character] for character in small)
    return mark + (inner if len(inner) == 1 or inner.isalnum() else f"({' '.join(text.split())})")


def _accented(base: str, mark: str) -> str:
    """With the accent above each letter; a brace is left out."""
    accent = _ACCENTS.get(mark, "")
    return unicodedata.normalize("NFC", "".join(letter + accent for letter in base))
