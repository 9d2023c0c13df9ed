"""How a row of several parts holds together."""

from collections.abc import Sequence

from service.text.pieces import Kind, Piece, Role

Placed = tuple[str, Piece]
"""A part with the room before it."""
SCRIPTED = frozenset({Kind.LOWERED, Kind.RAISED})
_FACTORS = SCRIPTED | {Kind.LEAF, Kind.ENCLOSED, Kind.ROOT}


def kind_of(placed: Sequence[Placed]) -> Kind:
    """How a row of several holds together."""
    pieces = [one for _, one in placed]
    top, is_enclosed = _top(placed)
    roles = {one.role for _, one in top}
    if is_enclosed or _are_bars(pieces):
        return pieces[-1].kind if pieces[-1].kind in SCRIPTED else Kind.ENCLOSED
    if pieces[-1].role is Role.BAR and sum(one.role is Role.BAR for one in pieces) == 1:
        return Kind.BARRED
    if Role.COMMA in roles:
        return Kind.LIST
    if roles - {Role.THING, Role.OPENS, Role.CLOSES} or any(room for room, _ in top):
        return Kind.ROW
    if all(one.is_letter for one in pieces):
        return Kind.LETTERS
    return Kind.PRODUCT if all(one.kind in _FACTORS for _, one in top) else Kind.ROW


def _top(placed: Sequence[Placed]) -> tuple[list[Placed], bool]:
    """What is in no brackets, with the brackets themselves; and whether one pair has all in it."""
    top, depth, closings = [], 0, 0
    for room, piece in placed:
        depth -= piece.role is Role.CLOSES
        if depth <= 0:
            top.append((room, piece))
            closings += piece.role is Role.CLOSES
        depth += piece.role is Role.OPENS
        if depth < 0:
            return [("", Piece("", role=Role.OTHER))], False
    ends = placed[0][1].role is Role.OPENS and placed[-1][1].role is Role.CLOSES
    return top, ends and closings == 1 and depth == 0


def _are_bars(pieces: Sequence[Piece]) -> bool:
    """`|x|`, with nothing in it that could end it sooner."""
    bars = [one.text[0] for one in pieces if one.role is Role.BAR]
    return len(bars) == 2 and bars[0] == bars[1] and pieces[0].role is pieces[-1].role is Role.BAR
