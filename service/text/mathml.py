r"""Small repairs of the converter's MathML, so that browsers draw what was meant."""

import re

_SIZED = re.compile(r'<mo( minsize="[0-9.]+em" maxsize="[0-9.]+em">)([(\[{⟨⌈⌊)\]}⟩⌉⌋])</mo>')
_OPENING = "([{⟨⌈⌊"
_EMPTY_ROW = re.compile(r"</mtr><mtr><mtd( [^<>]*)?></mtd></mtr>(?=</mtable>)")
_TABLE_TAG = re.compile(r"<mtable[^<>]*>|</mtable>")
_LINE = "border-bottom: 0.05em solid currentcolor;"


def repaired(mathml: str) -> str:
    r"""MathML that browsers draw as LaTeX would.

    Brackets made large by `\Bigl` and its kin stretch also below a script, where a browser would take the
    second one for an opening one. A table that ends with `\\` has no empty row at its end, and `\hline` there
    is a line below the table.
    """
    mathml = _SIZED.sub(_stretched, mathml) if "<mo minsize" in mathml else mathml
    return _without_empty_rows(mathml) if "></mtd></mtr></mtable>" in mathml else mathml


def _stretched(found: re.Match[str]) -> str:
    form = "prefix" if found[2] in _OPENING else "postfix"
    return f'<mo stretchy="true" form="{form}"{found[1]}{found[2]}</mo>'


def _without_empty_rows(mathml: str) -> str:
    """Each table loses its last row if that is empty; the line above the row becomes one below the table."""
    opened: list[int] = []
    pieces: list[str] = []
    end = 0
    for tag in _TABLE_TAG.finditer(mathml):
        pieces.append(mathml[end : tag.start()])
        end = tag.end()
        if tag[0] == "</mtable>":
            row = _EMPTY_ROW.search(pieces[-1] + tag[0])
            if row:
                pieces[-1] = pieces[-1][: row.start()] + "</mtr>"
            opening = opened.pop()
            if row and "border-top" in (row[1] or ""):
                pieces[opening] = _underlined(pieces[opening])
        else:
            opened.append(len(pieces))
        pieces.append(tag[0])
    return "".join([*pieces, mathml[end:]])


def _underlined(tag: str) -> str:
    if 'style="' in tag:
        return tag.replace('style="', f'style="{_LINE}', 1)
    return tag.replace("<mtable", f'<mtable style="{_LINE}"', 1)
