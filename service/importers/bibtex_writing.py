r"""A paper's metadata → a BibTeX entry that reads back as the same metadata.

Unicode stays as it is, for biber and other readers of UTF-8. A value that a reader would conclude from
another field although the paper has none is written as an empty field.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from service.domain.paper import PaperFields
from service.importers.bibtex_fields import arxiv_id_in, bare_key, doi_in, venue_in
from service.importers.bibtex_latex import FORMULA, is_balanced
from service.importers.bibtex_macros import MONTHS

_SIGNS = {
    "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$", "_": r"\_", '"': '{"}', "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}", "}": r"{\textbraceright}", "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
}  # fmt: skip
_SPECIAL = re.compile(r'[&%#$_"\\{}~^]')
_WORD_SPECIAL = re.compile(r"[\\{}]")
_LIGATURE = re.compile(r"(?<=-)-|(?<=')'|(?<=[`?!])`")
_BLANKS = " \t\r\n"
_BLANK_SIGNS = {" ": "{ }", "\n": r"{\newline}", "\t": r"{\symbol{9}}", "\r": r"{\symbol{13}}"}
_GAP = re.compile(r"[ \t\r\n]+")
_PLAIN_KEY = re.compile(r"[\w:./+-]+")
_NOT_PLAIN = re.compile(r"[^\w:./+-]")
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_APART = re.compile(r",|(?:^| )and(?: |$)|^others$", re.IGNORECASE)
_GROUP = re.compile(
    r"\b(?:Inc|Ltd|LLC|GmbH|Corp|Corporation|Company|Team|Group|Collaboration|Consortium|Committee|Council"
    r"|University|Institute|Laboratory|Laboratories|Labs?|Research|Foundation|Project|Association|Society"
    r"|Network|Center|Centre|Brain|DeepMind)\b|[0-9]"
)
_KINDS = {"conf": ("inproceedings", "booktitle"), "journals": ("article", "journal")}


def to_bibtex(fields: PaperFields, more: Mapping[str, str] | None = None) -> str:
    """The entry, with a line end; `fields` as the log keeps them, so normalised.

    Shape: everything but `source` reads back the same. `bibtexkey`, `venuekey` and empty fields are there
    only where the entry would otherwise say something else; `more` are texts of fields that say nothing of
    a paper, such as a note.
    """
    kind, venue = _KINDS.get((fields.venue_key or "").partition("/")[0], ("misc", "journal"))
    values = {
        "bibtexkey": None if _is_plain(fields.bibtex_key) else _word(fields.bibtex_key),
        "author": " and ".join(map(_name, fields.authors)),
        "title": _title(fields.title),
        venue: fields.venue_name and _text(fields.venue_name),
        "venuekey": _unless_told(fields.venue_key, venue_in(fields.bibtex_key)),
        **_dates(fields),
        "doi": _unless_told(fields.doi, None if fields.doi else doi_in(fields.url)),
        **_eprint(fields),
        "url": fields.url and _word(fields.url),
        "keywords": ", ".join(map(_keyword, fields.keywords)) or None,
        "abstract": fields.abstract and _text(fields.abstract),
        **{name: _text(text) for name, text in (more or {}).items()},
    }
    lines = [_line(name, value) for name, value in values.items() if value is not None]
    return f"@{kind}{{{_NOT_PLAIN.sub('_', fields.bibtex_key)},\n{''.join(lines)}}}\n"


def _line(name: str, value: str) -> str:
    return f"  {name} = {value if name == 'month' else f'{{{value}}}'},\n"


def _is_plain(key: str) -> bool:
    return bool(_PLAIN_KEY.fullmatch(key)) and bare_key(key) == key


def _unless_told(value: str | None, told: str | None) -> str | None:
    """What to write for an identifier, if readers conclude `told` from other fields."""
    return None if value == told else _word(value or "")


def _eprint(fields: PaperFields) -> dict[str, str | None]:
    if fields.arxiv_id is not None:
        return {"eprint": _word(fields.arxiv_id), "archiveprefix": "arXiv"}
    return {"eprint": _unless_told(None, arxiv_id_in(fields.url, fields.doi, fields.venue_name))}


def _dates(fields: PaperFields) -> dict[str, str | None]:
    day = fields.published_on
    if day is None:
        return {"year": None if fields.year is None else str(fields.year)}
    if fields.year == day.year:
        return {"year": str(day.year), "month": MONTHS[day.month - 1][:3].lower(), "day": str(day.day)}
    return {"year": str(fields.year or ""), "date": day.isoformat()}


def _word(value: str) -> str:
    """An identifier or an address: only what breaks the entry is written differently."""
    return _WORD_SPECIAL.sub(lambda found: _SIGNS[found[0]], value)


def _name(name: str) -> str:
    written = _escaped(name)
    return f"{{{written}}}" if _APART.search(name) or _GROUP.search(name) else written


def _keyword(keyword: str) -> str:
    written = _text(keyword)
    return f"{{{written}}}" if re.search("[,;]", keyword) else written


def _title(title: str) -> str:
    return _text(title, _with_capitals)


def _text(text: str, write: Callable[[str], str] | None = None) -> str:
    """A text with its formulas as they are; `write` says how the rest is written."""
    write = write or _escaped
    core = text.strip(_BLANKS)
    lead, _, trail = text.partition(core)
    pieces = [_exactly(lead)]
    start = 0
    for formula in _formulas(core):
        pieces += (write(core[start : formula.start()]), formula[0])
        start = formula.end()
    return "".join((*pieces, write(core[start:]), _exactly(trail)))


def _formulas(text: str) -> Iterator[re.Match[str]]:
    dollar = text.find("$")
    while dollar >= 0:
        found = FORMULA.match(text, dollar)
        if found and _is_formula(found[0], text[found.end() : found.end() + 1]):
            yield found
            dollar = text.find("$", found.end())
        else:
            dollar = text.find("$", dollar + 1)


def _is_formula(latex: str, following: str) -> bool:
    """Spaces beside the dollars, and a digit after them, tell of prices."""
    inside = latex.strip("$")
    return inside == inside.strip() != "" and not following.isdigit() and is_balanced(latex)


def _escaped(text: str) -> str:
    signs = _SPECIAL.sub(lambda found: _SIGNS[found[0]], text)
    return _GAP.sub(_gap, _LIGATURE.sub(lambda found: "{}" + found[0], signs))


def _gap(found: re.Match[str]) -> str:
    return found[0] if found[0] in (" ", "\n\n") else _exactly(found[0])


def _exactly(blanks: str) -> str:
    return "".join(_BLANK_SIGNS[blank] for blank in blanks)


def _with_capitals(text: str) -> str:
    """Styles make a title's letters small: braces keep words with a capital after their first letter."""
    pieces: list[str] = []
    start = 0
    for word in _WORD.finditer(text):
        if word[0][1:] == word[0][1:].lower():
            continue
        pieces += (_escaped(text[start : word.start()]), f"{{{word[0]}}}")
        start = word.end()
    return "".join((*pieces, _escaped(text[start:])))
