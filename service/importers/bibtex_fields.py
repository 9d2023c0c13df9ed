r"""The fields of a BibTeX entry as a paper's metadata.

A field that is there but empty says that the paper has none of it: then nothing is concluded from others.
Two fields are ours, for what BibTeX has no place for: `bibtexkey`, a key with characters that BibTeX's own
keys cannot have, and `venuekey`.
"""

import re

from service.domain import limits
from service.domain.errors import Invalid
from service.domain.events import MetadataSource
from service.domain.paper import PaperFields, normalised
from service.importers import bibtex_names, paper_link
from service.importers.bibtex_dates import published_on, year
from service.importers.bibtex_latex import decode

KNOWN = frozenset((
    "title", "author", "journal", "journaltitle", "booktitle", "year", "month", "day", "date", "keywords",
    "keyword", "abstract", "doi", "url", "ee", "eprint", "archiveprefix", "eprinttype", "volume",
    "bibtexkey", "venuekey",
))  # fmt: skip
_VENUE = re.compile(r"((?:conf|journals)/[^/]{1,150})/.")
_DBLP = re.compile(r"DBLP:(?=.)", re.IGNORECASE)
_ADDRESS = re.compile(r"\\url\{([^{}]*)\}", re.DOTALL)
_ESCAPE = re.compile(r"\{\\(text[a-z]+|[_%&#$^~])\}|\\([_%&#$^~])(?:\{\})?")
_ESCAPED = {"textbackslash": "\\", "textbraceleft": "{", "textbraceright": "}", "textasciitilde": "~"}
_ARXIV_IN_VENUE = re.compile(r"arxiv:\s?([0-9.]{9,10})", re.IGNORECASE)
_BARE_ARXIV = re.compile(r"[0-9]{4}\.[0-9]{4,5}(?:v[0-9]+)?|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7}(?:v[0-9]+)?")


def paper_fields(key: str, texts: dict[str, str]) -> PaperFields:
    """What an entry says of its paper; `texts` are its fields without delimiters, names in lower case.

    Errors: Invalid, if a field cannot be read, or if there is no title or no author field.
    """
    for needed in ("title", "author"):
        if needed not in texts:
            raise Invalid(f"It has no {needed}.")
    limits.check_length(key, limits.BIBTEX_KEY, ("bibtexKey",))
    key = _told(texts, "bibtexkey", "bibtexKey", bare_key(key)) or ""
    url = verbatim(texts.get("url") or texts.get("ee", ""), "url") or None
    doi = _told(texts, "doi", "doi", doi_in(url))
    venue = next((texts[name] for name in ("journal", "journaltitle", "booktitle") if texts.get(name)), "")
    venue_name = _line(venue, limits.VENUE_NAME, "venueName") or None
    return normalised(
        PaperFields(
            bibtex_key=key,
            title=_title(texts["title"]),
            authors=bibtex_names.names(texts["author"]),
            abstract=_abstract(texts.get("abstract", "")),
            venue_key=_told(texts, "venuekey", "venueKey", venue_in(key)),
            venue_name=venue_name,
            year=year(texts),
            published_on=published_on(texts),
            keywords=bibtex_names.keywords(texts.get("keywords") or texts.get("keyword", "")),
            doi=doi,
            arxiv_id=_arxiv_id(texts, url, doi, venue_name),
            url=url,
            source=MetadataSource.BIBTEX,
        )
    )


def bare_key(key: str) -> str:
    """A key without the name of the library that gave it."""
    return _DBLP.sub("", key, count=1) if _DBLP.match(key) else key


def venue_in(key: str) -> str | None:
    """The venue that a key of DBLP's form names, such as conf/cvpr."""
    found = _VENUE.match(key)
    return found[1] if found else None


def doi_in(url: str | None) -> str | None:
    return paper_link.doi(url) if url else None


def arxiv_id_in(url: str | None, doi: str | None, venue_name: str | None) -> str | None:
    """The arXiv id that an address, arXiv's own DOI or a venue like `arXiv preprint arXiv:…` names."""
    written = _ARXIV_IN_VENUE.search(venue_name or "")
    links = (url or "", f"doi:{doi}" if doi else "", f"arxiv:{written[1]}" if written else "")
    return next((found for link in links if link and (found := paper_link.arxiv_id(link))), None)


def verbatim(text: str, name: str) -> str:
    """An identifier or an address: only what other programs escape in them is taken back.

    Errors: Invalid for one that is longer than any may be, called by the name of its field.
    """
    text = text.strip()
    if whole := _ADDRESS.fullmatch(text):
        text = whole[1].strip()
    word = _ESCAPE.sub(_unescaped, text)
    limits.check_length(word, limits.URL, (name,))
    return word


def _unescaped(found: re.Match[str]) -> str:
    sign = found[1] or found[2]
    return sign if len(sign) == 1 else _ESCAPED.get(sign, found[0])


def _told(texts: dict[str, str], field: str, name: str, concluded: str | None) -> str | None:
    """What the entry says itself, be it nothing; else what is concluded from its other fields."""
    return verbatim(texts[field], name) or None if field in texts else concluded


def _arxiv_id(texts: dict[str, str], url: str | None, doi: str | None, venue: str | None) -> str | None:
    if "eprint" not in texts:
        volume = texts.get("volume", "").strip()
        named = f"arxiv:{volume.removeprefix('abs/')}" if volume.startswith("abs/") else url
        return arxiv_id_in(named, doi, venue)
    written = verbatim(texts["eprint"], "eprint")
    archive = (texts.get("archiveprefix") or texts.get("eprinttype", "")).strip().lower()
    if archive == "arxiv":
        return written or None
    return written if not archive and _BARE_ARXIV.fullmatch(written) else arxiv_id_in(written, None, None)


def _title(latex: str) -> str:
    title = _line(latex, limits.TITLE, "title")
    if not title:
        raise Invalid("Its title is empty.")
    return title


def _abstract(latex: str) -> str | None:
    text = decode(latex)
    return text if text.strip() else None


def _line(latex: str, limit: int, name: str) -> str:
    text = decode(latex)
    if len(text) > 4 * limit:  # before composing its characters, which takes longer than linear
        limits.check_length(text, limit, (name,))
    return text
