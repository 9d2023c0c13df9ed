"""Parts of a formula that is written in a line."""

from enum import IntEnum, auto
from typing import NamedTuple


class Kind(IntEnum):
    """How a part holds together."""

    LEAF = auto()
    """A letter, with its accent or not, a number, or a name."""
    ENCLOSED = auto()
    LOWERED = auto()
    RAISED = auto()
    ROOT = auto()
    INDEXED_ROOT = auto()
    FRACTION = auto()
    OVER = auto()
    LARGE = auto()
    """A sum and its kin."""
    LIMITED = auto()
    """One of them with its limits."""
    BARRED = auto()
    """What ends with a bar that nothing else belongs to, as `df/dx|`."""
    LETTERS = auto()
    PRODUCT = auto()
    """Letters, numbers and brackets side by side, without a space."""
    ROW = auto()
    LIST = auto()
    TABLE = auto()


class Role(IntEnum):
    """What a part does beside others."""

    THING = auto()
    OPERATOR = auto()
    SIGN = auto()
    COMMA = auto()
    STOP = auto()
    OPENS = auto()
    CLOSES = auto()
    BAR = auto()
    OTHER = auto()
    THIN = auto()
    WIDE = auto()


class Piece(NamedTuple):
    """A part in letters.

    Shape:  needs_room: a name or the like, which has a space before it when a letter or number is there.
            is_open: it ends with a name, a script in full size or a root without brackets: what follows it
            could be read as part of that.
            after_space: a thin space is before it in its row.
    """

    text: str
    kind: Kind = Kind.LEAF
    role: Role = Role.THING
    needs_room: bool = False
    is_open: bool = False
    after_space: bool = False

    @property
    def is_name(self) -> bool:
        """Several letters that are one thing."""
        return self.kind is Kind.LEAF and self.needs_room

    @property
    def is_letter(self) -> bool:
        """One letter of the first 26, which others beside it would make a word of."""
        return self.kind is Kind.LEAF and len(self.text) == 1 and self.text.isascii() and self.text.isalpha()


NOTHING = Piece("", role=Role.THIN)
CLOSED = frozenset({Kind.LEAF, Kind.ENCLOSED})


def enclosed(piece: Piece) -> Piece:
    """In round brackets."""
    return Piece(f"({piece.text})", Kind.ENCLOSED)


def as_one(piece: Piece) -> Piece:
    """In brackets unless it is a letter, a number or a name, or has some."""
    return piece if piece.role is Role.THING and piece.kind in CLOSED else enclosed(piece)


def named(name: str, piece: Piece) -> Piece:
    """As what a function is applied to: `hat(xy)`."""
    return Piece(f"{name}({piece.text})", Kind.ENCLOSED, needs_room=True)
