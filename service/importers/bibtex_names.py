"""Lists in BibTeX fields: people joined with `and`, keywords with , or ;. Braces hold a part together."""

import re
from collections.abc import Iterator

from service.domain import limits
from service.domain.errors import Invalid
from service.importers.bibtex_latex import decode

_JOINT = re.compile(r"[{}]| and(?= )", re.IGNORECASE)
_COMMA = re.compile(r"[{},]")
_SEPARATOR = re.compile(r"[{},;]")


def names(value: str) -> tuple[str, ...]:
    """People in their order, each as `First von Last Jr`; `others` is nobody.

    Errors: Invalid for a name with more than two commas: it is several names.
    """
    single_spaced = f" {' '.join(value.split())} "
    parts = (part.strip() for part in _parts(single_spaced, _JOINT))
    return tuple(name for part in parts if part.lower() != "others" if (name := _name(part)))


def keywords(value: str) -> tuple[str, ...]:
    """Each keyword once; empty ones are none."""
    decoded = (_line(part, limits.KEYWORD, "keyword") for part in _parts(value, _SEPARATOR))
    return tuple(dict.fromkeys(keyword for keyword in decoded if keyword))


def _name(written: str) -> str:
    parts = [_line(part, limits.NAME, "author") for part in _parts(written, _COMMA)]
    if len(parts) > 3:
        raise Invalid(f'The name {written[:60]!r} has more than two commas: join names with " and ".')
    last, first, junior = parts[0], parts[-1] if len(parts) > 1 else "", parts[1] if len(parts) > 2 else ""
    return " ".join(part for part in (first, last, junior) if part)


def _line(latex: str, limit: int, name: str) -> str:
    """One name on one line; what is far too long is refused before more work is done on it."""
    text = " ".join(decode(latex).split())
    if len(text) > 4 * limit:
        limits.check_length(text, limit, (name,))
    return text


def _parts(value: str, separators: re.Pattern[str]) -> Iterator[str]:
    """The value between separators that stand outside all braces."""
    depth, start = 0, 0
    for found in separators.finditer(value):
        if found[0] in "{}":
            depth += 1 if found[0] == "{" else -1
        elif depth == 0:
            yield value[start : found.start()]
            start = found.end()
    yield value[start:]
