"""Which papers a text links to."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from markdown_it.token import Token

from service.text.rendered import PaperReference

LONGEST_VALUE = 500
_ARXIV_HOST = re.compile(r"(?:[a-z-]+\.)?arxiv\.org")
_ARXIV_PATH = re.compile(
    r"/(?:abs|pdf|html)/(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Za-z-]+)?/\d{7})(?:v\d+)?(?:\.pdf)?/?"
)
_DOI_HOSTS = ("doi.org", "dx.doi.org", "www.doi.org")
_DOI = re.compile(r"10\.\d{4,9}/\S+")
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def references(tokens: Iterable[Token]) -> tuple[PaperReference, ...]:
    """Papers linked from a text, in order of first appearance, without repetition."""
    found = (paper_reference(href) for href in _hrefs(tokens))
    return tuple(dict.fromkeys(reference for reference in found if reference))


def _hrefs(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                yield str(child.attrs["href"])


def paper_reference(href: str) -> PaperReference | None:
    """The paper behind an address; None if it does not name one."""
    try:
        parts = urlsplit(href)
        host = (parts.hostname or "").lower()
    except ValueError:  # a malformed host, such as http://[
        return None
    found = _bibtex(parts) or _arxiv(parts, host) or _doi(parts, host)
    if found is None or len(found.value) > LONGEST_VALUE or _UNPRINTABLE.search(found.value):
        return None
    return found


def _bibtex(parts: SplitResult) -> PaperReference | None:
    if parts.scheme not in ("", "http", "https") or not f"/{parts.path}".rstrip("/").endswith("/paper"):
        return None
    try:
        keys = parse_qs(parts.query, max_num_fields=50).get("bibtexKey")
    except ValueError:  # more fields than any link of ours has
        return None
    return PaperReference("BIBTEX", keys[0]) if keys else None


def _arxiv(parts: SplitResult, host: str) -> PaperReference | None:
    found = _ARXIV_PATH.fullmatch(parts.path) if _ARXIV_HOST.fullmatch(host) else None
    return PaperReference("ARXIV", found[1]) if found else None


def _doi(parts: SplitResult, host: str) -> PaperReference | None:
    path = unquote(parts.path).removeprefix("/")
    if host not in _DOI_HOSTS or not _DOI.fullmatch(path):
        return None
    return PaperReference("DOI", path.lower())
