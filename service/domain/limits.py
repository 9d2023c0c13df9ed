"""What a text may be: lengths in Unicode code points, and the characters that no text may hold.

They protect the log, where everything stays for ever. A title takes the longest real ones; a note is
a line or a paragraph, like a commit message; 5,000 authors is more than the largest collaborations.
"""

import re
import unicodedata

from service.domain.errors import Invalid

Path = tuple[str, ...]

BODY = 100_000
COMMENT = 20_000
ABSTRACT = 20_000
NOTE = 1_000  # of a revision; also the reason of a retraction
TITLE = 500
NAME = 200  # of a person
VENUE_KEY = 200
VENUE_NAME = 300
KEYWORD = 100
BIBTEX_KEY = 300
DOI = 300
URL = 2_000
IDEMPOTENCY_KEY = 200
AUTHORS = 5_000
KEYWORDS = 50
YEARS = (1000, 2200)

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_INVISIBLE = frozenset(("Zs", "Zl", "Zp", "Cc", "Cf"))


def name_of(path: Path) -> str:
    """How an error calls the field, such as 'title' or 'authors[3]', counted from 0 as in paths."""
    return f"{path[-2]}[{path[-1]}]" if path[-1].isdecimal() else path[-1]


def text(value: str, limit: int, path: Path, *, optional: bool = False) -> str:
    """The text exactly as written; optional: it could be left out.

    Errors: Invalid when it is blank, longer than limit, or holds a character that no text may hold.
    """
    check_characters(value, path)
    check_length(value, limit, path)
    if all(unicodedata.category(character) in _INVISIBLE for character in value):
        way_out = "write something, or leave it out" if optional else "write something"
        raise Invalid(f"{name_of(path)} is blank: {way_out}.", path=path)
    return value


def check_year(year: int, path: Path) -> None:
    """Errors: Invalid for a year that no paper can be of."""
    first, last = YEARS
    if not first <= year <= last:
        name = name_of(path)
        raise Invalid(
            f"{name} says the year {year}, and only {first} to {last} are taken: correct it or leave it out.",
            path=path,
        )


def line(value: str, limit: int, path: Path, *, optional: bool = False) -> str:
    """A name or a title: NFC, without space around it, each run of white space one space.

    Errors: as `text`; the length is that of the result.
    """
    check_characters(value, path)
    return text(" ".join(unicodedata.normalize("NFC", value).split()), limit, path, optional=optional)


def check_characters(value: str, path: Path) -> None:
    """Errors: Invalid for a control character other than tab and line ends, and for half a character."""
    if found := _FORBIDDEN.search(value):
        raise Invalid(
            f"{name_of(path)} has the character U+{ord(found.group()):04X} at offset {found.start()}: "
            "control characters (other than tab and line ends) and lone surrogates are not text. Remove it.",
            path=path,
        )


def check_length(value: str, limit: int, path: Path) -> None:
    """Errors: Invalid when it is longer than limit."""
    if len(value) > limit:
        raise Invalid(
            f"{name_of(path)} has {len(value):,} characters, and the limit is {limit:,}: shorten it.",
            path=path,
        )


def check_count(count: int, limit: int, path: Path) -> None:
    """Errors: Invalid when there are more than limit."""
    if count > limit:
        raise Invalid(
            f"{name_of(path)} has {count:,} entries, and the limit is {limit:,}: leave some out.", path=path
        )
