"""Abbreviations of a BibTeX file: `@string`, the months, and values joined with #."""

from collections.abc import Iterable

from service.domain.errors import Invalid
from service.importers.bibtex_syntax import Value

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
LONGEST = 5_000  # characters of one abbreviation
MOST_EXPANDED = 10_000_000  # characters that a file's abbreviations become: each can double another


class Macros:
    """What the file has defined so far; names count without case, as in BibTeX."""

    __slots__ = ("left", "texts")

    def __init__(self) -> None:
        self.texts = {month[:3].lower(): month for month in MONTHS}
        self.left = MOST_EXPANDED

    def define(self, fields: Iterable[tuple[str, Value]]) -> None:
        """Errors: Invalid, also for an abbreviation that is too long."""
        defined = dict(fields)
        if len(defined) != 1:
            raise Invalid("A @string defines one abbreviation, as in @string{cvpr = {Vision}}.")
        for name, value in defined.items():
            text = self.expand(value)
            if len(text) > LONGEST:
                raise Invalid(
                    f"The abbreviation {name} has {len(text):,} characters, and the limit is {LONGEST:,}."
                )
            self.texts[name] = text

    def check(self, value: Value) -> None:
        """Errors: Invalid when a name is not defined above."""
        for piece in value:
            if piece.is_name and piece.text.lower() not in self.texts:
                raise Invalid(
                    f"The abbreviation {piece.text[:40]!r} is not defined above: "
                    "define it with @string, or put the text in braces."
                )

    def expand(self, value: Value) -> str:
        """The value as one text. Errors: Invalid, see `check`."""
        if len(value) == 1 and not value[0].is_name:
            return value[0].text
        self.check(value)
        pieces: list[str] = []
        for piece in value:
            text = self.texts[piece.text.lower()] if piece.is_name else piece.text
            self.left -= len(text) if piece.is_name else 0
            if self.left < 0:
                raise Invalid(f"The file's abbreviations become more than {MOST_EXPANDED:,} characters.")
            pieces.append(text)
        return "".join(pieces)
