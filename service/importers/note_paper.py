"""The paper that a note's head tells of, as it can be registered."""

import re
import unicodedata

from service.domain import limits
from service.domain.events import MetadataSource
from service.domain.paper import PaperFields
from service.importers.note_head import NoteHead


def paper_fields(head: NoteHead) -> PaperFields:
    """Metadata from a note's head; what it does not say stays empty.

    Shape:  the BibTeX key is that of the old site: journals/corr/ID for arXiv, the bare DOI, else made
            of first author, year and the title's first long word.
    """
    return PaperFields(
        bibtex_key=_bibtex_key(head),
        title=head.title[: limits.TITLE],
        authors=head.authors,
        year=head.year,
        keywords=tuple(tag[: limits.KEYWORD] for tag in head.tags[: limits.KEYWORDS]),
        doi=head.doi,
        arxiv_id=head.arxiv_id,
        url=head.link,
        source=MetadataSource.MANUAL,
    )


def _bibtex_key(head: NoteHead) -> str:
    if head.arxiv_id:
        return f"journals/corr/{head.arxiv_id}"
    if head.doi:
        return head.doi
    surname = _letters(head.authors[0].split()[-1]) if head.authors else ""
    word = next((w for w in map(_letters, head.title.split()) if len(w) > 3), _letters(head.title))
    return f"{surname or 'anonymous'}{head.year or ''}{word}".lower()[: limits.BIBTEX_KEY]


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]", "", plain)
