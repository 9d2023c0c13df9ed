"""Tables of a formula: lines of equations, cases, matrices."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from service.text.pieces import Kind, Piece, Role, enclosed
from service.text.rows import GAP, row

_CONTINUES = "padding-left:0"
_TIGHT = "padding-right:0"
_ENDINGS = " ,;"


class Cell(NamedTuple):
    """A cell and how it is aligned."""

    pieces: Sequence[Piece]
    style: str


def table(lines: Iterable[Sequence[Cell]], is_display: bool) -> Iterator[Piece]:
    """`a = b; c = d`. One line of equations is no table."""
    written = [_equations(line) if is_display else _line(line) for line in lines]
    if is_display and len(written) == 1:
        yield from written[0]
        return
    rows = [row(one).text for one in written]
    if is_display:
        rows = [*filter(None, (one.rstrip(_ENDINGS) for one in rows[:-1])), *rows[-1:]]
    yield Piece("; ".join(rows), Kind.TABLE)


def _equations(line: Sequence[Cell]) -> list[Piece]:
    """Cells that are only aligned, with room between one equation and the next."""
    pieces: list[Piece] = []
    for cell in line:
        if cell.pieces:
            if pieces and not cell.style.endswith(_CONTINUES):
                pieces.append(Piece(GAP, role=Role.WIDE))
            pieces += cell.pieces
    return pieces


def _line(line: Sequence[Cell]) -> list[Piece]:
    """Cells with commas between them; of cases, whose own commas are punctuation, or of a matrix."""
    are_cases = any(_TIGHT in cell.style for cell in line)
    cells = [row(cell.pieces) for cell in line]
    if are_cases:
        text = ", ".join(filter(None, (one.text.rstrip(_ENDINGS) for one in cells)))
    else:
        text = ", ".join(
            (enclosed(one) if one.kind in (Kind.LIST, Kind.TABLE) else one).text for one in cells
        )
    return [Piece(text, Kind.LIST)]
