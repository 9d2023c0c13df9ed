"""Fields at the beginning of a note: lines like `* **Title**: …`, or front matter between `---` lines."""

import re
from collections.abc import Iterator

LINES_BEFORE_THE_HEAD = 15  # that are not blank; a title further down belongs to the text

NAMES = {
    "title": "title", "paper title": "title",
    "author": "authors", "authors": "authors",
    "link": "link", "links": "link", "url": "link", "paper link": "link", "pdf": "link",
    "tag": "tags", "tags": "tags", "keywords": "tags", "topics": "tags",
    "year": "year", "date": "year", "published": "year",
    "arxiv": "arxiv", "arxiv id": "arxiv", "doi": "doi",
}  # fmt: skip

_FIELD = re.compile(
    r"^(?P<indent>\s*)(?:[-*+]\s+)?(?P<mark>\*\*|__|\*|_)?(?P<name>[A-Za-z][A-Za-z -]{0,30}?)\s*"
    r"(?:(?P=mark)\s*:|:\s*(?P=mark)|(?(mark)(?!)):)(?:\s+(?P<value>.*))?$"
)
_ITEM = re.compile(r"^\s*[-*+]\s+(?P<value>.+)$")
_HEADING = re.compile(r"^\s{0,3}(?:#{1,6}(?:\s|$)|[-=*_]{3,}\s*$)")


def read_fields(lines: list[str]) -> dict[str, list[str]]:
    """Every known field with its values: the one on its line, or the items of the list under it.

    Shape: names are title, authors, link, tags, year, arxiv, doi; the first line for a field counts.
    """
    filled = [line for line in lines if line.strip()]
    body = _front_matter(filled)
    found: dict[str, list[str]] = {}
    for name, values in _read(_head_lines(filled) if body is None else body):
        if name in NAMES:
            found.setdefault(NAMES[name], values)
    return found


def _front_matter(filled: list[str]) -> list[str] | None:
    """The lines between `---` and `---` at the very beginning, if the note has them."""
    if filled[0].rstrip() != "---":
        return None
    ends = [number for number, line in enumerate(filled) if number and line.rstrip() in {"---", "..."}]
    return filled[1 : ends[0]] if ends else None


def _head_lines(filled: list[str]) -> list[str]:
    """From the first known field to the heading or the text that follows it."""
    start = next((n for n, line in enumerate(filled[:LINES_BEFORE_THE_HEAD]) if _is_known(line)), len(filled))
    end = start
    while end < len(filled) and not _HEADING.match(filled[end]) and _belongs(filled[end]):
        end += 1
    return filled[start:end]


def _is_known(line: str) -> bool:
    field = _FIELD.match(line)
    return field is not None and field["name"].lower() in NAMES


def _belongs(line: str) -> bool:
    return _FIELD.match(line) is not None or _ITEM.match(line) is not None


def _read(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Fields in order; items count only under a field that has no value on its own line."""
    name, values, listing = "", list[str](), False
    for line in lines:
        field, item = _FIELD.match(line), _ITEM.match(line)
        if field is not None and (not field["indent"] or _is_known(line)):
            yield name, values
            name, values = field["name"].lower(), _values(field["value"] or "")
            listing = not values
        elif item is not None and listing:
            values.append(item["value"])
    yield name, values


def _values(written: str) -> list[str]:
    """One value, or the items of `[a, b]`."""
    written = written.strip()
    if written.startswith("[") and written.endswith("]"):
        return [part.strip() for part in written[1:-1].split(",") if part.strip()]
    return [written] if written else []
