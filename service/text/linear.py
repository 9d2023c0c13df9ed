r"""Formulas as lines of letters, for where MathML is taken out or has no place: feed readers, mail, excerpts.

A fraction becomes `(a + b)/c`, a sum `∑ᵢ₌₁ⁿxᵢ²`; whatever could be drawn becomes something. Formulas that are
built differently are different lines; see `scripts`.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from html import escape
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from service.text.arrays import Cell, table
from service.text.leaves import ACCENTS, UNDERLINE, accented, leaf, space
from service.text.pieces import NOTHING, Piece, Role, as_one, enclosed, named
from service.text.rows import row, sign
from service.text.scripts import fraction, root, scripted

DEEPEST = 80
_SHORT = 1_000  # characters of MathML: most formulas of a text are a letter or two, again and again
_FORMULA = re.compile(r"<math[ >].*?</math>", re.DOTALL)
_BRACES = frozenset("⏞⏟")
_UNSEEN = str.maketrans(
    {"\u2061": None, "\u2062": None, "\u2063": None, "\u2064": None, "\ufe00": None, "\u00a0": " "}
)
_TRANSPARENT = frozenset({"math", "mrow", "mstyle", "mpadded", "mtd"})


def without_mathml(html: str) -> str:
    """A rendered text with its formulas in plain letters.

    Shape:  HTML as safe as it came; all else in it stays.
    Errors: ElementTree.ParseError if it is not the renderer's.
    """
    return _FORMULA.sub(lambda found: escape(in_a_line(found[0]), quote=False), html)


def in_a_line(mathml: str) -> str:
    """One formula in plain letters. Shape and errors: as of `without_mathml`; it is text, not HTML."""
    return _short(mathml) if len(mathml) <= _SHORT else _line_of(mathml)


@lru_cache(maxsize=4_096)
def _short(mathml: str) -> str:
    return _line_of(mathml)


def _line_of(mathml: str) -> str:
    # Our own output, in which nothing can be declared and `&nbsp;` is the one name that XML does not know.
    root = ElementTree.fromstring(mathml.replace("&nbsp;", "\u00a0"))  # noqa: S314
    _cut_below(root)
    return _line(root).text


def _cut_below(root: Element) -> None:
    """Leave out what is nested more deeply than anybody reads: accents upon accents need no brackets."""
    level = [root]
    for _ in range(DEEPEST):
        level = [child for one in level for child in one]
    for one in level:
        one.clear()
        one.tag, one.text = "mtext", "…"


def _line(element: Element) -> Piece:
    """One element and all that is in it."""
    return row(_pieces(element))


def _pieces(element: Element) -> Iterator[Piece]:
    """What it adds to the row that it is in: groups that nobody sees are no part of their own."""
    if element.tag == "mtable":
        yield from table(map(_cells, element), element.get("displaystyle") == "true")
    elif element.tag in _TRANSPARENT:
        for child in element:
            yield from _pieces(child)
    else:
        yield _piece(element)


def _piece(element: Element) -> Piece:
    match element.tag:
        case "mi" | "mn" | "mtext" | "ms" | "mo":
            text = (element.text or "").translate(_UNSEEN)
            is_sign = element.tag == "mo" and not text[1:].isalpha()
            return sign(text, element.get("form", "")) if is_sign else leaf(text, element.tag)
        case "mspace":
            return space(element.get("width", ""))
        case "mphantom" | "mprescripts" | "none":
            return NOTHING
        case "msqrt":
            return root(row(one for child in element for one in _pieces(child)))
        case "menclose":
            inner = row(one for child in element for one in _pieces(child))
            return named("cancel", inner) if "strike" in element.get("notation", "") else as_one(inner)
        case "mmultiscripts":
            return _with_scripts_before(element)
    return _built(element, [_line(child) for child in element])


def _built(element: Element, parts: Sequence[Piece]) -> Piece:
    match element.tag, parts:
        case "mfrac", [above, below]:
            return fraction(above, below, element.get("linethickness") != "0")
        case "mroot", [base, index]:
            return root(base, index)
        case (("munder" | "mover"), [base, mark]) if mark.text in _BRACES:
            return enclosed(base) if base.is_name else as_one(base)
        case "munder", [base, mark] if mark.text == UNDERLINE and base.role is Role.THING:
            return accented(base, UNDERLINE, "underline")
        case "mover", [base, mark] if mark.text in ACCENTS and base.role is Role.THING:
            return accented(base, *ACCENTS[mark.text])
        case (("msub" | "munder"), [base, low]):
            return scripted(base, low=low, limits=element.tag == "munder")
        case (("msup" | "mover"), [base, high]):
            return scripted(base, high=high, limits=element.tag == "mover")
        case (("msubsup" | "munderover"), [base, low, high]):
            return scripted(base, low, high, limits=element.tag == "munderover")
    return row(parts)


def _cells(line: Element) -> Sequence[Cell]:
    return [Cell(list(_pieces(cell)), cell.get("style", "")) for cell in line]


def _with_scripts_before(element: Element) -> Piece:
    tags = [child.tag for child in element]
    parts = [_line(child) for child in element]
    middle = tags.index("mprescripts") if "mprescripts" in tags else len(tags)
    base, before, after = parts[0], parts[middle + 1 :], parts[1:middle]
    for low, high in zip(after[::2], after[1::2], strict=False):
        base = scripted(base, low, high)
    scripts = [scripted(NOTHING, *pair) for pair in zip(before[::2], before[1::2], strict=False)]
    return row([*scripts, base])
