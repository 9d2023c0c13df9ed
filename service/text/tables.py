"""Tables, as GitHub's Markdown has them, with two differences.

A bar inside a formula or a code span does not divide cells, and short rows are not filled up with empty
cells, so that a small text cannot become a huge page. Cells beyond the head's columns are shown too.
"""

import re
from itertools import chain, repeat

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from service.text.delimiters import closing_marks, formula_at

MOST_COLUMNS = 50
_RULE = re.compile(r"[-:|][-:|\s]*")
_DASHES = re.compile(r":?-+:?")
_CARE = re.compile(r"[$\\`]")
_CODE = re.compile(r"(`{1,5})(?!`)")


def tables(parser: MarkdownIt) -> None:
    """Teach a parser to see tables."""
    parser.block.ruler.before("lheading", "table", _table, {"alt": ["paragraph", "reference"]})


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()


def _alignments(line: str) -> list[str] | None:
    """How each column is aligned, if this is the line of dashes below a table's head."""
    if not _RULE.fullmatch(line) or line.count("|") > MOST_COLUMNS + 1 or re.match(r"-\s", line):
        return None
    cells = [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
    if not all(_DASHES.fullmatch(cell) for cell in cells):
        return None
    names = {(True, True): "center", (True, False): "left", (False, True): "right", (False, False): ""}
    return [names[cell.startswith(":"), cell.endswith(":")] for cell in cells]


def split_row(line: str) -> list[str]:
    r"""The cells of one line. `\|` is a bar of the text, but stays as it is within a formula."""
    cells = _split_with_care(line) if _CARE.search(line) else line.split("|")
    if cells[0].strip() == "" and line.startswith("|"):
        cells.pop(0)
    if cells and cells[-1].strip() == "" and line.endswith("|"):
        cells.pop()
    return [cell.strip() for cell in cells]


def _split_with_care(line: str) -> list[str]:
    cells, cell, position = [], "", 0
    marks = closing_marks(line)
    while position < len(line):
        piece, position = _next_piece(line, position, marks)
        if piece == "|":
            cells.append(cell)
            cell = ""
        else:
            cell += "|" if piece == "\\|" else piece
    return [*cells, cell]


def _next_piece(line: str, position: int, marks: dict[str, list[int]]) -> tuple[str, int]:
    character, end = line[position], position + 1
    if character in "$\\":
        formula = formula_at(line, position, marks)
        end = formula[2] if formula else position + (2 if character == "\\" else 1)
    elif character == "`":
        end = _code_end(line, position)
    return line[position:end], end


def _code_end(line: str, position: int) -> int:
    """Where a code span with a bar-free fence ends; just behind the fence if it never does."""
    fence = _CODE.match(line, position)
    if fence is None:
        return position + 1
    close = line.find(fence[1], fence.end())
    return fence.end() if close < 0 else close + len(fence[1])


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if start + 2 > end or state.sCount[start + 1] < state.blkIndent or state.is_code_block(start + 1):
        return False
    head = _line(state, start)
    alignments = _alignments(_line(state, start + 1)) if "|" in head else None
    if alignments is None or state.is_code_block(start) or len(split_row(head)) != len(alignments):
        return False
    if not silent:
        _push_table(state, start, end, alignments)
    return True


def _push_table(state: StateBlock, start: int, end: int, alignments: list[str]) -> None:
    state.push("table_open", "table", 1).map = [start, start + 2]
    state.push("thead_open", "thead", 1)
    _push_row(state, start, "th", alignments)
    state.push("thead_close", "thead", -1)
    last = _last_row(state, start + 2, end)
    if last > start + 2:
        state.push("tbody_open", "tbody", 1)
        for line in range(start + 2, last):
            _push_row(state, line, "td", alignments)
        state.push("tbody_close", "tbody", -1)
    state.push("table_close", "table", -1)
    state.line = last


def _last_row(state: StateBlock, line: int, end: int) -> int:
    """The line behind a table's last row: a blank one, or one where another block begins."""
    interrupting = state.md.block.ruler.getRules("blockquote")
    parent, state.parentType = state.parentType, "table"
    while line < end and state.sCount[line] >= state.blkIndent and not state.isEmpty(line):
        if state.is_code_block(line) or any(rule(state, line, end, True) for rule in interrupting):
            break
        line += 1
    state.parentType = parent
    return line


def _push_row(state: StateBlock, line: int, tag: str, alignments: list[str]) -> None:
    state.push("tr_open", "tr", 1).map = [line, line + 1]
    cells = split_row(_line(state, line))
    for content, alignment in zip(cells, chain(alignments, repeat("")), strict=False):
        opening = state.push(f"{tag}_open", tag, 1)
        if alignment and content:
            opening.attrs = {"style": f"text-align:{alignment}"}
        cell = state.push("inline", "", 0)
        cell.content, cell.children, cell.map = content, [], [line, line + 1]
        state.push(f"{tag}_close", tag, -1)
    state.push("tr_close", "tr", -1)
