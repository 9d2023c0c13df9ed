r"""Where formulas stand in a Markdown text: `$…$`, `$$…$$`, `\(…\)` and `\[…\]`.

Both rules are linear in the length of the text. A paragraph's closing marks are found in one pass and then
looked up; a block formula is followed for a bounded distance.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

LONGEST_BLOCK = 4_000
MOST_IN_TEXT = 20
_CLOSING = {"$$": "$$", "$": "$", "\\(": "\\)", "\\[": "\\]"}
_DISPLAY = ("$$", "\\[")
_MARKS = re.compile(r"\\[\\$]|\\[)\]]|\$")
_KEPT = "closing marks"

Marks = dict[str, list[int]]


def formulas(parser: MarkdownIt) -> None:
    """Teach a parser to see formulas; they become `math_inline` and `math_block` tokens."""
    parser.inline.ruler.before("escape", "formula", _inline_formula)
    may_interrupt: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}
    parser.block.ruler.before("fence", "formula", _block_formula, may_interrupt)


def _opening_at(source: str, position: int) -> str | None:
    two = source[position : position + 2]
    if two in _CLOSING:
        return two
    return "$" if two[:1] == "$" else None


def closing_marks(source: str) -> Marks:
    r"""Positions of every closing mark; `\\` and `\$` are escapes and close nothing."""
    marks: Marks = {closing: [] for closing in _CLOSING.values()}
    for found in _MARKS.finditer(source):
        if found[0] in marks:
            marks[found[0]].append(found.start())
    dollars = marks["$"]
    marks["$$"] = [one for one, next_one in pairwise(dollars) if next_one == one + 1]
    return marks


def _marks_of(state: StateInline) -> Marks:
    kept = state.env.get(_KEPT)
    if kept is None or kept[0] is not state.src:
        kept = state.env[_KEPT] = (state.src, closing_marks(state.src))
    marks: Marks = kept[1]
    return marks


def formula_at(source: str, start: int, marks: Marks) -> tuple[str, str, int] | None:
    """The formula that opens at `start`: its opening mark, its LaTeX and where it ends; None if none does."""
    opening = _opening_at(source, start)
    if opening is None:
        return None
    closing, inside = _CLOSING[opening], start + len(opening)
    places = marks[closing]
    index = bisect_left(places, inside)
    if index == len(places):
        return None
    if opening == "$":
        index = _behind_text(source, inside, places, index)
    latex, end = source[inside : places[index]], places[index] + len(closing)
    if not latex.strip() or (opening == "$" and _is_money(source, start, latex, end)):
        return None
    return opening, latex.strip(), end


def _behind_text(source: str, inside: int, places: list[int], index: int) -> int:
    r"""The dollar that closes a formula: not one of those within `\text{…}`, unless that never closes."""
    for later in range(index, min(index + MOST_IN_TEXT, len(places))):
        if places[later] - inside > LONGEST_BLOCK:
            break
        text = max(source.rfind(name, inside, places[later]) for name in ("\\text", "\\mbox"))
        if text < 0 or source.count("{", text, places[later]) <= source.count("}", text, places[later]):
            return later
    return index


def _is_money(source: str, start: int, latex: str, end: int) -> bool:
    """Dollars beside digits, and a lone space before the closing one, are prices rather than formulas."""
    digit_before = source[start - 1 : start].isdigit() if start else False
    lopsided = latex[-1].isspace() and not latex[0].isspace()
    return digit_before or lopsided or source[end : end + 1].isdigit()


def _inline_formula(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = formula_at(state.src, state.pos, _marks_of(state))
    if found is None or found[2] > state.posMax:
        return False
    opening, latex, end = found
    if not silent:
        token = state.push("math_inline", "math", 0)
        token.content, token.markup = latex, opening
        token.meta = {"display": opening in _DISPLAY}
    state.pos = end
    return True


def _lines(state: StateBlock, start: int, end: int) -> Iterator[tuple[int, str]]:
    """The lines that may belong to a block that begins at `start`, for a bounded distance."""
    first = state.bMarks[start]
    for line in range(start, end):
        indented_less = state.sCount[line] < state.blkIndent
        if state.isEmpty(line) or indented_less or state.bMarks[line] - first > LONGEST_BLOCK:
            return
        yield line, state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].rstrip()


def _block_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    begin = state.bMarks[start] + state.tShift[start]
    opening = state.src[begin : begin + 2]
    if opening not in _DISPLAY:
        return False
    found = _block_latex(state, start, end, opening)
    if found is None:
        return False
    if not silent:
        last, latex = found
        token = state.push("math_block", "math", 0)
        token.block, token.content, token.markup = True, latex, opening
        token.map, token.meta = [start, last + 1], {"display": True}
        state.line = last + 1
    return True


def _block_latex(state: StateBlock, start: int, end: int, opening: str) -> tuple[int, str] | None:
    """The last line and the LaTeX of a block formula; None unless it closes at the end of a line."""
    closing, parts = _CLOSING[opening], []
    for line, text in _lines(state, start, end):
        parts.append(text[2:] if line == start else text)
        if closing in parts[-1]:
            latex = "\n".join(parts)
            place = latex.index(closing)
            inside = latex[:place].strip()
            return (line, inside) if inside and place + 2 == len(latex) else None
    return None
