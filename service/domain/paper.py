"""Papers: what may be registered, and under which names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import assert_never
from uuid import UUID

from service.domain import identifiers, limits
from service.domain.errors import ExistsAlready
from service.domain.events import DomainEvent, MetadataSource, PaperRegistered
from service.domain.limits import Path

FIELDS: Path = ("input", "fields")
PaperEvent = PaperRegistered


@dataclass(frozen=True, slots=True)
class PaperFields:
    """A paper's metadata as it is asked for; see `normalised` for the rules."""

    bibtex_key: str
    title: str
    authors: tuple[str, ...] = ()
    abstract: str | None = None
    venue_key: str | None = None
    venue_name: str | None = None
    year: int | None = None
    published_on: date | None = None
    keywords: tuple[str, ...] = ()
    doi: str | None = None
    arxiv_id: str | None = None
    url: str | None = None
    source: MetadataSource = MetadataSource.MANUAL


@dataclass(frozen=True, slots=True)
class Paper:
    id: UUID
    version: int


def evolve(state: Paper | None, event: PaperEvent) -> Paper:
    match event:
        case PaperRegistered():
            return Paper(event.originator_id, event.originator_version)
        case _:
            assert_never(event)


def paper_from(events: Iterable[DomainEvent]) -> Paper | None:
    """A paper's state; None for an empty stream, or for that of another thing."""
    state: Paper | None = None
    for event in events:
        if not isinstance(event, PaperEvent):
            return None
        state = evolve(state, event)
    return state


def normalised(fields: PaperFields) -> PaperFields:
    """The same metadata as the log keeps it: names NFC and on one line, identifiers bare.

    Errors: Invalid, with the path of the field. Doing it twice changes nothing.
    """
    if fields.year is not None:
        limits.check_year(fields.year, (*FIELDS, "year"))
    if fields.published_on is not None:
        limits.check_year(fields.published_on.year, (*FIELDS, "publishedOn"))
    return PaperFields(
        bibtex_key=identifiers.bibtex_key(fields.bibtex_key, (*FIELDS, "bibtexKey")),
        title=limits.line(fields.title, limits.TITLE, (*FIELDS, "title")),
        authors=_lines(fields.authors, limits.AUTHORS, limits.NAME, "authors"),
        abstract=_optional(fields.abstract, limits.text, limits.ABSTRACT, "abstract"),
        venue_key=_identifier(fields.venue_key, identifiers.venue_key, "venueKey"),
        venue_name=_optional(fields.venue_name, limits.line, limits.VENUE_NAME, "venueName"),
        year=fields.year,
        published_on=fields.published_on,
        keywords=tuple(dict.fromkeys(_lines(fields.keywords, limits.KEYWORDS, limits.KEYWORD, "keywords"))),
        doi=_identifier(fields.doi, identifiers.doi, "doi"),
        arxiv_id=_identifier(fields.arxiv_id, identifiers.arxiv_id, "arxivId"),
        url=_identifier(fields.url, identifiers.url, "url"),
        source=fields.source,
    )


def decide_register(paper_id: UUID, fields: PaperFields) -> tuple[PaperRegistered, ...]:
    """Register a paper. Errors: Invalid."""
    kept = normalised(fields)
    return (
        PaperRegistered(
            originator_id=paper_id,
            originator_version=1,
            bibtex_key=kept.bibtex_key,
            title=kept.title,
            authors=kept.authors,
            abstract=kept.abstract,
            venue_key=kept.venue_key,
            venue_name=kept.venue_name,
            year=kept.year,
            published_on=kept.published_on,
            keywords=kept.keywords,
            doi=kept.doi,
            arxiv_id=kept.arxiv_id,
            url=kept.url,
            source=kept.source,
        ),
    )


def claim_keys(event: PaperRegistered) -> dict[str, Path]:
    """The unique names that a paper takes, each with the input field that it came from."""
    named = (
        ("BIBTEX", event.bibtex_key, "bibtexKey"),
        ("DOI", event.doi, "doi"),
        ("ARXIV", event.arxiv_id, "arxivId"),
    )
    return {claim_key(scheme, value): (*FIELDS, name) for scheme, value, name in named if value is not None}


def claim_key(scheme: str, value: str) -> str:
    """The claim on an identifier; scheme is BIBTEX, DOI or ARXIV, value in its one form."""
    return f"paper:{scheme}:{value}"


def exists_already(paper_id: UUID, path: Path) -> ExistsAlready:
    return ExistsAlready(
        f"A paper with this {path[-1]} is registered already: use that one.", "paper", paper_id, path=path
    )


def _optional(value: str | None, rule: Callable[..., str], limit: int, name: str) -> str | None:
    return None if value is None else rule(value, limit, (*FIELDS, name), optional=True)


def _identifier(value: str | None, rule: Callable[[str, Path], str], name: str) -> str | None:
    return None if value is None else rule(value, (*FIELDS, name))


def _lines(values: tuple[str, ...], most: int, limit: int, name: str) -> tuple[str, ...]:
    path = (*FIELDS, name)
    limits.check_count(len(values), most, path)
    return tuple(limits.line(value, limit, (*path, str(i))) for i, value in enumerate(values))
