"""What a formula is made of: letters with their accents, numbers, names, spaces."""

import unicodedata

from service.text.pieces import NOTHING, Kind, Piece, Role, named
from service.text.rows import GAP, sign

ACCENTS = {
    "ˆ": ("\u0302", "hat"),
    "\u0302": ("\u0302", "hat"),
    "^": ("\u0302", "hat"),
    "˜": ("\u0303", "tilde"),
    "\u0303": ("\u0303", "tilde"),
    "~": ("\u0303", "tilde"),
    "¯": ("\u0304", "bar"),
    "‾": ("\u0305", "bar"),
    "\u0332": ("\u0305", "bar"),
    "˙": ("\u0307", "dot"),
    "¨": ("\u0308", "ddot"),
    "\u20db": ("\u20db", "dddot"),
    "ˇ": ("\u030c", "check"),
    "´": ("\u0301", "acute"),
    "`": ("\u0300", "grave"),
    "˘": ("\u0306", "breve"),
    "˚": ("\u030a", "ring"),
    "⃗": ("\u20d7", "vec"),
    "→": ("\u20d7", "vec"),
}
UNDERLINE = "\u0332"
_MARKS = frozenset(".,;:!?-/()[]{}|'")
_WIDE = 1.0  # em


def leaf(text: str, tag: str) -> Piece:
    """A letter, a number, a name or words."""
    text = text if tag == "mtext" else "".join(text.split())
    if len(text) < 2 or tag == "mn":
        return Piece(text) if text.isalnum() or tag == "mn" else _lone(text)
    kind = Kind.LEAF if (text.isascii() and text.isalpha()) or text.isdigit() else Kind.ROW
    return Piece(text, kind, needs_room=text[0].isalnum(), is_open=text[-1].isalnum())


def _lone(text: str) -> Piece:
    """`∞` is a thing, a full stop is none."""
    if text.isspace():
        return Piece(" ", role=Role.THIN)
    return sign(text, "") if text in _MARKS else Piece(text)


def space(width: str) -> Piece:
    """Nothing, unless it is wide: authors put thin ones where they like."""
    size = width.removesuffix("em")
    wide = float(size) if size.replace(".", "", 1).isdecimal() else 0.0
    if wide >= _WIDE:
        return Piece(GAP, role=Role.WIDE)
    return Piece(" ", role=Role.THIN) if wide else NOTHING


def accented(base: Piece, mark: str, name: str) -> Piece:
    """With the accent on its letter; what is more than a letter has the accent's name before it."""
    is_letter = base.kind is Kind.LEAF and all(unicodedata.combining(one) for one in base.text[1:])
    if is_letter and base.text:
        return Piece(unicodedata.normalize("NFC", base.text + mark))
    return named(name, base)
