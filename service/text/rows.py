"""Parts of a formula beside each other in a line."""

import re
from collections.abc import Iterable, Iterator, Sequence

from service.text.holding import SCRIPTED, Placed, kind_of
from service.text.pieces import NOTHING, Kind, Piece, Role, enclosed
from service.text.scripts import NAMES

_OPENING = "([{⟨⌈⌊"
_CLOSING = ")]}⟩⌉⌋"
_OTHER_HALF = dict(zip(_OPENING + _CLOSING, _CLOSING + _OPENING, strict=True))
_SIGNS = frozenset("+−±∓")
_SPACED = frozenset("=≠<>≤≥≪≫≈∼≃≅≡∝→←↔⇒⇐⇔↦∈∉∋⊂⊆⊃⊇∪∩∖×⋅∗∘⊙⊕⊗∧∨∣:≔⟹⟺⟶")
_LARGE = frozenset("∑∏∐∫∬∭∮⋃⋂⨁⨂⋁⋀")
_ROLES = (
    dict.fromkeys(_OPENING, Role.OPENS)
    | dict.fromkeys(_CLOSING, Role.CLOSES)
    | dict.fromkeys(_SIGNS, Role.SIGN)
    | dict.fromkeys(_SPACED, Role.OPERATOR)
    | dict.fromkeys("|‖", Role.BAR)
    | dict.fromkeys(",;", Role.COMMA)
    | {".": Role.STOP}
)
_FORMS = {"prefix": Role.OPENS, "postfix": Role.CLOSES}
_INSIDE = frozenset({Role.OPENS, Role.CLOSES, Role.BAR, Role.COMMA})
_BEGINS = frozenset({Role.OPERATOR, Role.SIGN, Role.COMMA, Role.OPENS, Role.WIDE})
_APART = frozenset({Role.OPERATOR, Role.SIGN, Role.COMMA, Role.STOP, Role.BAR, Role.WIDE})
_BEFORE = _APART | {Role.OPENS}
_AFTER = _APART | {Role.CLOSES}
_EDGES = _INSIDE | {Role.WIDE}
_DOUBTFUL = frozenset({Kind.OVER, Kind.ROOT, Kind.INDEXED_ROOT, Kind.FRACTION, Kind.BARRED})
_EDGE = Piece("", role=Role.WIDE)
_NAMED = re.compile(f"(?:{'|'.join(sorted(NAMES))})$")
_SPACES = re.compile(" +")
GAP = "\u2003"  # a wide space, which HTML keeps
_WIDER = re.compile(f" ?{GAP}[ {GAP}]*")
_BLANK = f" {GAP}"


def sign(text: str, form: str) -> Piece:
    """What is no letter, number or name."""
    if text in _LARGE:
        return Piece(text, Kind.LARGE, needs_room=True)
    role = _ROLES.get(text, Role.OTHER)
    return Piece(text, role=_FORMS.get(form, role) if role is Role.BAR else role)


def row(pieces: Iterable[Piece]) -> Piece:
    """One part made of several. Each fraction and root has brackets if it is beside anything but a sign."""
    things = _without_thin(pieces)
    if len(things) > 1 and any(one.kind is Kind.TABLE for one in things):
        things = list(_tables_enclosed(things))
    if len(things) < 2:
        return _alone(things[0]) if things else NOTHING
    placed = list(_placed(_without_doubt(things)))
    text = "".join(room + _written(piece) for room, piece in placed)
    needs_room, is_open = placed[0][1].needs_room, placed[-1][1].is_open
    return Piece(_tidy(text), kind_of(placed), Role.THING, needs_room, is_open)


def _alone(piece: Piece) -> Piece:
    text = piece.text.strip(_BLANK)
    return piece if text == piece.text else piece._replace(text=text)


def _without_thin(pieces: Iterable[Piece]) -> list[Piece]:
    things: list[Piece] = []
    is_thin = False
    for one in pieces:
        if one.role is Role.THIN:
            is_thin = is_thin or bool(one.text)
        elif one.text:
            things.append(one._replace(after_space=True) if is_thin else one)
            is_thin = False
    return things


def _tidy(text: str) -> str:
    return _WIDER.sub(GAP, _SPACES.sub(" ", text)).replace("...", "…").strip(_BLANK)


def _tables_enclosed(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Each table beside anything in brackets; a brace that nothing closes gets its other half."""
    for before, piece, after in _neighbours(pieces):
        if piece.kind is not Kind.TABLE:
            yield piece
            continue
        is_opened, is_closed = _fences(before, after)
        if is_closed and not is_opened:
            yield sign(_OTHER_HALF.get(after.text[0], after.text[0]), "prefix")
        yield piece if is_opened or is_closed else enclosed(piece)
        if is_opened and not is_closed:
            yield sign(_OTHER_HALF.get(before.text[0], before.text[0]), "postfix")


def _fences(before: Piece, after: Piece) -> tuple[bool, bool]:
    """Whether what stands there is the table's: a single brace is, whatever is on the other side."""
    is_opened = before.role in (Role.OPENS, Role.BAR)
    is_closed = after.role in (Role.CLOSES, Role.BAR)
    left, right = before.text[:1] == "{", after.text[:1] == "}"
    if is_opened and is_closed and left is not right:
        return left, right
    return is_opened, is_closed


def _neighbours(things: Sequence[Piece]) -> Iterable[tuple[Piece, Piece, Piece]]:
    """Each with what stands before and after it; at an end nothing does, widely."""
    return zip([_EDGE, *things[:-1]], things, [*things[1:], _EDGE], strict=True)


def _without_doubt(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """As `1/2 + x`, but `(1/2)x`; signs that relate nothing are told apart, as in `a = −b` and `f(⋅)`."""
    begins = True
    for before, piece, after in _neighbours(pieces):
        if _is_alone(before, piece, after, begins):
            yield piece._replace(role=Role.OTHER)
        else:
            yield enclosed(piece) if _is_doubtful(before, piece, after) else piece
        begins = piece.role in _BEGINS or piece.text == "/" or (begins and piece.role is Role.BAR)


def _is_alone(before: Piece, piece: Piece, after: Piece, begins: bool) -> bool:
    if not begins or piece.role not in (Role.SIGN, Role.OPERATOR):
        return False
    return piece.role is Role.SIGN or (before.role in _INSIDE and after.role in _INSIDE)


def _is_doubtful(before: Piece, piece: Piece, after: Piece) -> bool:
    """Whether it could be read as one thing with what is beside it."""
    if piece.kind not in _DOUBTFUL:
        return False
    is_apart_before = before.role in _BEFORE or before.text.endswith(" ")
    is_apart_after = after.role in _AFTER or after.text.startswith(" ")
    match piece.kind:
        case Kind.OVER:
            return not (before.role in _EDGES and after.role in _EDGES)
        case Kind.ROOT:
            return piece.is_open and not is_apart_after
        case Kind.INDEXED_ROOT:
            return not is_apart_before or (piece.is_open and not is_apart_after)
        case Kind.FRACTION:
            return not (is_apart_before and is_apart_after)
    return not is_apart_before


def _placed(things: Iterable[Piece]) -> Iterator[Placed]:
    """Each with the room before it."""
    before, word = NOTHING, ""
    for piece in things:
        is_name = word and piece.kind in SCRIPTED and _NAMED.search(word + piece.text[0])
        yield " " if is_name or _needs_room(before, piece) else "", piece
        before, word = piece, word + piece.text if piece.is_letter else ""


def _needs_room(before: Piece, piece: Piece) -> bool:
    """Whether one could be read as part of the other."""
    last, first = before.text[-1:], piece.text[0]
    if piece.role is not Role.THING or not last:
        return False
    if first in _OPENING or first in "|‖":
        return piece.needs_room or (before.is_open and piece.kind in SCRIPTED)
    is_ascii = last.isascii() and first.isascii()
    return (
        before.is_open
        or (piece.needs_room and before.role in (Role.THING, Role.CLOSES))
        or (first == "√" and before.kind is Kind.RAISED)
        or (is_ascii and last.isdigit() and first.isdigit())
        or (piece.after_space and last.isalnum() and first.isalnum())
    )


def _written(piece: Piece) -> str:
    if piece.role in (Role.OPERATOR, Role.SIGN):
        return f" {piece.text} "
    return piece.text + " " if piece.role is Role.COMMA else piece.text
