r"""Formulas made by chance, and what a line of letters says of how they are built.

What is not told apart: brackets that were written and brackets that stand for a place on the page
(`(a + b)/c` is both `\frac{a+b}{c}` and `\frac{(a+b)}{c}`), a name and its letters side by side (`KL`), a
script below that gets one above (`xᵢ²`), and a matrix and a list in brackets.
"""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

Built = Any  # a string, or a tuple of a word for what it is and its parts


@dataclass(frozen=True)
class Formula:
    """LaTeX, and the items that it puts in the row in which it stands."""

    latex: str
    items: tuple[Built, ...]


def row(items: tuple[Built, ...]) -> Built:
    """Items side by side: letters that touch are a word."""
    joined: list[Built] = []
    for item in items:
        if joined and is_letter(item) and joined[-1][0] == "word" and joined[-1][2]:
            joined[-1] = ("word", joined[-1][1] + item[1], True)
        else:
            joined.append(item)
    return tuple(("word", one[1]) if one[0] == "word" else one for one in joined)


def is_letter(item: Built) -> bool:
    return bool(item[0] == "word" and item[2])


def letter(text: str) -> Built:
    return ("word", text, True) if text.isascii() else ("sign", text)


def name(text: str) -> Built:
    return ("word", text, False)


def group(inner: Built) -> Built:
    """In brackets, which around a fraction, a root and a table say nothing."""
    if len(inner) == 1 and inner[0][0] in ("fraction", "root", "table"):
        return inner[0]
    return ("group", inner)


def part(inner: Built) -> Built:
    """What a fraction, a root or a script is of: with brackets or without."""
    return inner[0][1] if len(inner) == 1 and inner[0][0] == "group" else inner


def script(base: Built, low: Built, high: Built) -> Built:
    base = part(base)
    if len(base) == 1 and base[0][0] == "script" and not low and not base[0][3]:
        return ("script", base[0][1], base[0][2], high)
    return ("script", base, low, high)


def of(formula: Formula) -> Built:
    return row(formula.items)


def _fraction(above: Formula, below: Formula) -> Formula:
    built = ("fraction", part(of(above)), part(of(below)))
    return Formula(rf"\frac{{{above.latex}}}{{{below.latex}}}", (built,))


def _root(radicand: Formula, index: Formula | None) -> Formula:
    latex = rf"\sqrt[{{{index.latex}}}]{{{radicand.latex}}}" if index else rf"\sqrt{{{radicand.latex}}}"
    return Formula(latex, (("root", part(of(radicand)), of(index) if index else ()),))


def _script(base: Formula, low: Formula | None, high: Formula | None) -> Formula:
    latex = (
        f"{{{base.latex}}}" + (f"_{{{low.latex}}}" if low else "") + (f"^{{{high.latex}}}" if high else "")
    )
    if not low and not high:
        return base
    return Formula(latex, (script(of(base), of(low) if low else (), of(high) if high else ()),))


def _primed(base: Formula, low: Formula | None) -> Formula:
    latex = f"{{{base.latex}}}'" + (f"_{{{low.latex}}}" if low else "")
    return Formula(latex, (script(of(base), of(low) if low else (), (("sign", "′"),)),))


def _accented(mark: str, base: Formula) -> Formula:
    return Formula(rf"\{mark}{{{base.latex}}}", (("accent", mark, of(base)),))


def _braced(base: Formula, label: Formula) -> Formula:
    latex = rf"\underbrace{{{base.latex}}}_{{{label.latex}}}"
    return Formula(latex, (("label", part(of(base)), of(label)),))


def _product(parts: list[Formula]) -> Formula:
    return Formula("".join(f"{{{one.latex}}}" for one in parts), tuple(i for one in parts for i in one.items))


def _sum(parts: list[Formula], sign: str, is_negative: bool) -> Formula:
    items: list[Built] = [("sign", "−")] if is_negative else []
    for n, one in enumerate(parts):
        items += [("sign", {"-": "−"}.get(sign, sign))] if n else []
        items += one.items
    return Formula(
        ("-" if is_negative else "") + sign.join(f"{{{one.latex}}}" for one in parts), tuple(items)
    )


def _bracketed(inner: Formula, parts: list[Formula]) -> Formula:
    if not parts:
        return Formula(rf"\left({inner.latex}\right)", (group(of(inner)),))
    parts = [inner, *parts]
    return Formula(rf"\left({','.join(one.latex for one in parts)}\right)", (table([[*map(of, parts)]]),))


def table(rows: list[list[Built]]) -> Built:
    return ("table", tuple(tuple(one) for one in rows))


def _table(kind: str, cells: list[Formula], width: int) -> Formula:
    rows = [cells[n : n + width] for n in range(0, len(cells), width)]
    latex = r"\\".join("&".join(one.latex for one in row) for row in rows)
    built = table([[of(one) for one in row] for row in rows])
    if kind == "cases":
        built = ("cases", built)
    elif len(rows) == len(rows[0]) == 1:
        built = group(of(cells[0]))
    return Formula(rf"\begin{{{kind}}}{latex}\end{{{kind}}}", (built,))


LETTERS = [Formula(one, (letter(one),)) for one in "abixnKLTlog"]
SIGNS = {r"\alpha": "α", r"\pi": "π", r"\theta": "θ", r"\infty": "∞"}
GREEK = [Formula(latex + " ", (letter(text),)) for latex, text in SIGNS.items()]
NUMBERS = [Formula(one, (("number", one),)) for one in ("1", "2", "10", "0.5")]
NAMES = [
    *(Formula(rf"\text{{{one}}}", (name(one),)) for one in ("KL", "loss", "ix")),
    Formula(r"\log ", (name("log"),)),
]
SUMS = [Formula(rf"\{latex} ", (("sign", text),)) for latex, text in (("sum", "∑"), ("prod", "∏"))]
ATOMS = st.sampled_from([*LETTERS, *GREEK, *NUMBERS, *NAMES])


def _larger(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
    maybe = st.none() | inner
    few = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.builds(_fraction, inner, inner),
        st.builds(_root, inner, maybe),
        st.builds(_script, inner, maybe, maybe),
        st.builds(_script, st.sampled_from(SUMS), maybe, maybe),
        st.builds(_primed, inner, maybe),
        st.builds(_accented, st.sampled_from(["hat", "bar", "vec"]), inner),
        st.builds(_braced, inner, inner),
        st.builds(_product, few),
        st.builds(_product, few),
        st.builds(_sum, few, st.sampled_from("+-="), st.booleans()),
        st.builds(_bracketed, inner, st.lists(inner, max_size=2)),
        st.builds(_table, st.sampled_from(["cases", "pmatrix"]), few, st.integers(1, 2)),
    )


FORMULAS = st.recursive(ATOMS, _larger, max_leaves=8)
