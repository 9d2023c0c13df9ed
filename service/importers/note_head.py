"""The head of a note: which paper it is about."""

import re
import unicodedata
from dataclasses import dataclass

from service.importers.note_fields import read_fields
from service.importers.paper_link import addresses, arxiv_id, doi

YEARS = re.compile(r"(?<!\d)(?:1[89]|20)\d{2}(?!\d)")

_MARKDOWN_LINK = re.compile(r"!?\[(?P<text>[^\][]*)\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")
_WRAPPED = re.compile(r"^(?P<mark>\*\*|__|\*|_|`|\"|')(?P<text>.+)(?P=mark)$")
_BETWEEN_NAMES = re.compile(r"\s*,\s*(?:and|&)\s+|\s*[,;]\s*|\s+(?:and|&)\s+", re.IGNORECASE)
_SUFFIX = re.compile(r"(?:jr|sr)\.?|ii|iii|iv", re.IGNORECASE)
_AND_OTHERS = re.compile(r"\s*\bet\.?\s+al\.?$", re.IGNORECASE)


class NoteRefused(ValueError):
    """The file is no note about a paper; the message says why, for the person who runs the import."""


@dataclass(frozen=True, slots=True)
class NoteHead:
    """What a note says about its paper. Names, title and tags are NFC with single spaces."""

    title: str
    authors: tuple[str, ...]
    link: str | None
    year: int | None
    tags: tuple[str, ...]
    arxiv_id: str | None
    doi: str | None


def parse_head(text: str) -> NoteHead:
    """The paper that a note is about, from the lines before its text.

    Shape:  the first line for a field counts; fields it does not have are None or empty.
    Units:  year is the first of 1800–2099 in its field; arxiv_id without version; doi in lower case.
    Errors: NoteRefused when the note is empty or has no title.
    """
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    if not text.strip("\ufeff \t\r\n"):
        raise NoteRefused("it is empty")
    fields = read_fields(lines)
    title = _plain(" ".join(fields.get("title", [])))
    if not title:
        raise NoteRefused(_why_no_title(fields))
    return _head(title, fields)


def _head(title: str, fields: dict[str, list[str]]) -> NoteHead:
    links = [link for value in fields.get("link", []) for link in addresses(value) or [value]]
    links += [link for value in fields.get("title", []) for link in addresses(value)]
    named = [*links, *_named(fields, "arxiv"), *_named(fields, "doi")]
    return NoteHead(
        title=title,
        authors=tuple(_names(fields.get("authors", []))),
        link=next((link for link in links if addresses(link)), None),
        year=_year(fields.get("year", [])),
        tags=tuple(_tags(fields.get("tags", []))),
        arxiv_id=next((found for link in named if (found := arxiv_id(link))), None),
        doi=next((found for link in named if (found := doi(link))), None),
    )


def _why_no_title(fields: dict[str, list[str]]) -> str:
    if "title" in fields:
        return "its title is empty"
    if fields:
        return f"its head has no title, only: {', '.join(sorted(fields))}"
    return "it has no head with a title (a line like `Title: …` near its beginning)"


def _named(fields: dict[str, list[str]], scheme: str) -> list[str]:
    values = fields.get(scheme, [])
    return [found for v in values for found in addresses(v) or [f"{scheme}:{v.split(':', 1)[-1].strip()}"]]


def _plain(written: str) -> str:
    """Without links, emphasis and quotes around the whole, with single spaces, NFC."""
    text = " ".join(_MARKDOWN_LINK.sub(lambda link: link["text"], written).split())
    while (wrapped := _WRAPPED.match(text)) and wrapped["mark"] not in wrapped["text"]:
        text = wrapped["text"].strip()
    return unicodedata.normalize("NFC", text)


def _names(values: list[str]) -> list[str]:
    """Single names; `Jr.` stays with the name before it, `et al.` is nobody."""
    names: list[str] = []
    for part in (part for value in values for part in _BETWEEN_NAMES.split(_plain(value))):
        name = _plain(_AND_OTHERS.sub("", part))
        if names and _SUFFIX.fullmatch(name):
            names[-1] = f"{names[-1]}, {name}"
        elif name:
            names.append(name)
    return names


def _tags(values: list[str]) -> list[str]:
    parts = (_plain(part) for value in values for part in re.split(r"[,;]", value))
    return list(dict.fromkeys(part for part in parts if part))


def _year(values: list[str]) -> int | None:
    found = YEARS.search(" ".join(values))
    return int(found[0]) if found else None
