"""How others cite a revision: as BibTeX, as CSL-JSON, and as a line of text.

Who wrote it stays one name: a display name does not say which part of it is the family's.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from service.domain import limits
from service.domain.paper import PaperFields
from service.importers.bibtex_writing import to_bibtex
from service.text import excerpt

SITE = "ShortScience"
MOST_NAMED = 3  # of a paper's authors, where all would be too many


@dataclass(frozen=True, slots=True)
class Licence:
    """The terms on which everybody may use the texts, and where to read them."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The paper that a summary is about."""

    title: str
    authors: tuple[str, ...] = ()
    year: int | None = None
    doi: str | None = None
    arxiv_id: str | None = None
    url: str | None = None

    def line(self) -> str:
        """Such as: A. Krizhevsky et al. ImageNet classification (2012). doi:10.1145/3065386"""
        named = ", ".join(self.authors[:MOST_NAMED]) + (" et al" if len(self.authors) > MOST_NAMED else "")
        title = self.title if self.year is None else f"{self.title} ({self.year})"
        parts = [part.removesuffix(".") for part in (named, title, self._place()) if part]
        return ". ".join(parts)

    def _place(self) -> str:
        if self.doi:
            return f"doi:{self.doi}"
        return f"arXiv:{self.arxiv_id}" if self.arxiv_id else self.url or ""


@dataclass(frozen=True, slots=True)
class Cited:
    """A revision, as far as a citation tells of it. Units: written_on is a day in UTC."""

    summary_id: UUID
    number: int
    editor: str
    written_on: date
    permalink: str
    paper: Reviewed

    @property
    def key(self) -> str:
        """Its own for ever: it has no name in it that could be erased."""
        return f"shortscience-{self.summary_id}-{self.number}"

    @property
    def title(self) -> str:
        return f'Summary of "{self.paper.title}"'

    def bibtex(self) -> str:
        """An entry that reads back with the same key, title, author, date and address.

        It is @misc, which every style knows; @online is biblatex's alone, and there the same.
        """
        fields = PaperFields(
            bibtex_key=self.key,
            title=excerpt(self.title, limits.TITLE),
            authors=(self.editor,),
            published_on=self.written_on,
            year=self.written_on.year,
            url=self.permalink,
        )
        more = {"howpublished": SITE, "version": str(self.number), "note": f"{self._revision}. {self._about}"}
        return to_bibtex(fields, more)

    def csl(self) -> dict[str, Any]:
        """An item of CSL-JSON. Its type is review: the one with fields for the paper that it is about."""
        day = self.written_on
        item: dict[str, Any] = {
            "id": self.key,
            "type": "review",
            "title": self.title,
            "author": [{"literal": self.editor}],
            "issued": {"date-parts": [[day.year, day.month, day.day]]},
            "container-title": SITE,
            "version": str(self.number),
            "URL": self.permalink,
            "reviewed-title": self.paper.title,
            "note": f"{self._revision}. {self._about}",
        }
        if self.paper.authors:
            item["reviewed-author"] = [{"literal": name} for name in self.paper.authors]
        return item

    def line(self) -> str:
        """For people, on one line."""
        return (
            f"{self.editor} ({self.written_on.isoformat()}). {self.title}, {self._revision.lower()}. "
            f"{SITE}. {self.permalink}"
        )

    @property
    def _revision(self) -> str:
        return f"Revision {self.number}"

    @property
    def _about(self) -> str:
        return f"The paper: {self.paper.line()}"
