r"""Fractions, roots and scripts in a line, and when a part of one needs brackets.

They say by their place on the page what belongs to them. In a line nothing says it but brackets, so whatever
could be read otherwise has some: `1/(2x)`, `(1/2)x`, `√(2x)`, `e^(iπ)`. What cannot be misread has none:
`1/2 + x`, `x²`, `√dₖ`, `a/b²`.
"""

import re

from service.text.pieces import CLOSED, NOTHING, Kind, Piece, Role, enclosed

LOW = dict(zip("0123456789+-=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
HIGH = dict(
    zip(
        "0123456789+-=()abcdefghijklmnoprstuvwxyzT*′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ*′",
        strict=True,
    )
)
NAMES = frozenset(
    re.findall(
        r"\w+",
        "log ln lg exp sin cos tan cot sec csc sinh cosh tanh arcsin arccos arctan max min arg argmax argmin"
        " sup inf lim limsup liminf det dim ker deg gcd Pr Var Cov KL JS tr Tr sgn sign diag softmax",
    )
)
"""They have scripts without brackets; a product of their letters is told apart from them by a space."""
_DIVISORS = CLOSED | {Kind.LOWERED, Kind.RAISED, Kind.ROOT, Kind.INDEXED_ROOT}
_DIVIDENDS = _DIVISORS | {Kind.LETTERS, Kind.PRODUCT}
_UNDER_ROOTS = CLOSED | {Kind.LOWERED}
_BASES = CLOSED | {Kind.LARGE, Kind.BARRED}
_SCRIPTED = {Kind.LARGE: Kind.LIMITED, Kind.BARRED: Kind.BARRED}
_PRIMES = "′″‴"
_RAISED = re.compile(rf"\*+|([{_PRIMES}]*)([^*{_PRIMES}]*)")
_AFTER = rf"[\u0300-\u036f{_PRIMES}{re.escape(''.join({*LOW.values(), *HIGH.values()}))}]*"
_TWO_WORDS = re.compile(r"\w \w")
_DIFFERENTIAL = re.compile(rf"(?:∂[^\W\d_]{_AFTER})+|d[^\W\d_]{_AFTER}")
_SMALL = str.maketrans("−∗⊤", "-*T")


def fraction(above: Piece, below: Piece, has_line: bool) -> Piece:
    """`(a + b)/c`, or `n over k` where there is no line."""
    upper = _whole(above, _DIVIDENDS)
    lower = below if _are_differentials(above, below) else _whole(below, _DIVISORS)
    if has_line:
        return Piece(f"{upper.text}/{lower.text}", Kind.FRACTION)
    return Piece(f"{upper.text} over {lower.text}", Kind.OVER)


def root(radicand: Piece, index: Piece | None = None) -> Piece:
    """`√(x + 1)`, `³√x`."""
    is_leaf = radicand.text[:1].isalnum() and not radicand.needs_room
    under = _whole(radicand, _UNDER_ROOTS if is_leaf else CLOSED)
    text, is_open = "√" + under.text, under.kind is not Kind.ENCLOSED
    if index is None or not index.text:
        return Piece(text, Kind.ROOT, is_open=is_open)
    return Piece(_script("^", index)[0] + text, Kind.INDEXED_ROOT, is_open=is_open)


def scripted(base: Piece, low: Piece = NOTHING, high: Piece = NOTHING, limits: bool = False) -> Piece:
    """With what stands below and above to the right; limits: straight below and above, as of a sum."""
    if not low.text and not high.text:
        return base
    on_top = limits and base.role is Role.THING and base.kind is not Kind.LARGE and not base.is_name
    (lower, low_is_open), (upper, high_is_open) = (
        (_label(mark, part), False) if on_top else _script(mark, part)
        for mark, part in (("_", low), ("^", high))
    )
    if low_is_open and upper:
        if all(one in _PRIMES for one in upper):
            lower, upper, high_is_open = upper, lower, True
        else:
            lower = f"_({low.text})"
    text = _base(base, is_raised=not lower) + lower + upper
    kind = _SCRIPTED.get(base.kind) or (Kind.RAISED if high.text or on_top else Kind.LOWERED)
    is_open = high_is_open or (low_is_open and not high.text) or (base.is_open and base.kind is Kind.LEAF)
    role = base.role if base.text else Role.THING
    return Piece(text, kind, role, base.needs_room or not base.text, is_open)


def _base(base: Piece, is_raised: bool) -> str:
    is_strange = len(base.text) > 1 and base.text.isalpha() and base.text not in NAMES
    is_closed = base.role is not Role.THING or (base.kind in _BASES and not is_strange) or not base.text
    lowered = base.kind is Kind.LOWERED and is_raised and not base.is_open
    return base.text if is_closed or lowered else f"({base.text})"


def _whole(piece: Piece, kinds: frozenset[Kind]) -> Piece:
    """In brackets unless it reads as one thing."""
    return piece if piece.role is Role.THING and piece.kind in kinds and piece.text else enclosed(piece)


def _are_differentials(above: Piece, below: Piece) -> bool:
    """`∂f/∂x`, `dy/dx`: everyone reads them so."""
    return bool(_DIFFERENTIAL.fullmatch(below.text)) and above.text[:1] == below.text[0]


def _label(mark: str, piece: Piece) -> str:
    return f"{mark}[{piece.text}]" if piece.text else ""


def _script(mark: str, piece: Piece) -> tuple[str, bool]:
    """Small letters where Unicode has them, else behind `_` or `^`; and whether it is open (see `Piece`)."""
    small = _small(mark, piece.text)
    if small is not None:
        return small, small.endswith("*")
    if _is_one(mark, piece):
        return mark + piece.text, True
    return f"{mark}({piece.text})", False


def _is_one(mark: str, piece: Piece) -> bool:
    if piece.role is Role.THING:
        return piece.kind is Kind.LEAF or (piece.kind is Kind.LETTERS and mark == "_")
    is_sign = piece.role in (Role.OPERATOR, Role.SIGN, Role.OTHER)
    return is_sign and len(piece.text) == 1 and piece.text not in "/_^"


def _small(mark: str, text: str) -> str | None:
    """What has small letters, but no words: those read better in full size."""
    inner = text.replace(" ", "").translate(_SMALL)
    if _TWO_WORDS.search(text) or (len(inner) > 2 and inner.isalpha()):
        return None
    letters = LOW if mark == "_" else HIGH
    found = _RAISED.fullmatch(inner)
    if found is None or (mark == "_" and inner != found[2]):
        return None
    if found[2] is None:
        return inner
    if all(one in letters for one in found[2]):
        return (found[1] or "") + "".join(letters[one] for one in found[2])
    return None
