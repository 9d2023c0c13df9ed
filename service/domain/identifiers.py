"""The names that papers go by, each in its one form, so that equal ones are equal strings.

Every function gives the bare form, is happy with its own answer, and raises Invalid with the path of
the input field.
"""

import re
import unicodedata
from urllib.parse import unquote, urlsplit

from service.domain import limits
from service.domain.errors import Invalid
from service.domain.limits import Path

_SPACE = re.compile(r"\s|[\x00-\x1f\x7f-\x9f]")
_DOI_RESOLVER = re.compile(r"https?://(?:dx\.|www\.)?doi\.org/", re.IGNORECASE)
_DOI = re.compile(r"10\.[0-9]{4,9}(?:\.[0-9]+)*/.+", re.DOTALL)
_ARXIV_PREFIX = re.compile(r"arxiv:\s*|https?://(?:www\.|export\.)?arxiv\.org/(?:abs|pdf)/", re.IGNORECASE)
_ARXIV_NEW = re.compile(r"([0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5})(?:v[0-9]+)?")
_ARXIV_OLD = re.compile(
    r"([a-z]+(?:-[a-z]+)*)(?:\.[A-Z]{2})?(/[0-9]{2}(?:0[1-9]|1[0-2])[0-9]{3})(?:v[0-9]+)?"
)


def bibtex_key(value: str, path: Path) -> str:
    """Such as journals/corr/SchroffKP15: free, but without white space."""
    return _word(value, limits.BIBTEX_KEY, path)


def venue_key(value: str, path: Path) -> str:
    """Such as conf/cvpr."""
    return _word(value, limits.VENUE_KEY, path)


def doi(value: str, path: Path) -> str:
    """Such as 10.1109/cvpr.2015.7298682: without resolver or 'doi:', ASCII letters in lower case."""
    limits.check_characters(value, path)
    bare = value.strip()
    if resolver := _DOI_RESOLVER.match(bare):
        bare = _unescaped(bare[resolver.end() :])
    elif bare[:4].lower() == "doi:":
        bare = bare[4:].lstrip()
    bare = "".join(c.lower() if c.isascii() else c for c in unicodedata.normalize("NFC", bare))
    if not _DOI.fullmatch(bare):
        raise Invalid("A doi looks like 10.1109/CVPR.2015.7298682; this one does not. Correct it.", path=path)
    return _word(bare, limits.DOI, path)


def arxiv_id(value: str, path: Path) -> str:
    """Such as 1503.03832 or cs/0112017: without version, 'arXiv:', address or subject class."""
    bare = value.strip()
    if prefix := _ARXIV_PREFIX.match(bare):
        bare = bare[prefix.end() :].removesuffix(".pdf")
    if new := _ARXIV_NEW.fullmatch(bare):
        return new[1]
    if old := _ARXIV_OLD.fullmatch(bare):
        return old[1] + old[2]
    raise Invalid("An arxivId looks like 1503.03832 or cs/0112017; this one does not. Correct it.", path=path)


def url(value: str, path: Path) -> str:
    """An address with http or https."""
    bare = _word(value, limits.URL, path)
    try:
        parts = urlsplit(bare)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise Invalid("The url must be a whole address that starts with https:// or http://.", path=path)
    return bare


def _unescaped(value: str) -> str:
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        return ""  # no DOI, and said to be none


def _word(value: str, limit: int, path: Path) -> str:
    limits.check_characters(value, path)
    word = limits.text(unicodedata.normalize("NFC", value.strip()), limit, path)
    if found := _SPACE.search(word):
        raise Invalid(
            f"{path[-1]} has white space or a control character (U+{ord(found.group()):04X}): remove it.",
            path=path,
        )
    return word
