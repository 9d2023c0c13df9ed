"""Papers and the identifiers that lead to them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from projections.reading import Reader, in_order, row_maker


@dataclass(frozen=True, slots=True)
class PaperRow:
    paper_id: UUID
    bibtex_key: str
    title: str
    abstract: str | None
    authors: list[str]
    venue_key: str | None
    venue_name: str | None
    year: int | None
    published_on: date | None
    keywords: list[str]
    doi: str | None
    arxiv_id: str | None
    url: str | None
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IdentifierRow:
    """Scheme is BIBTEX, DOI, ARXIV or URL. A DOI is in lower case, an arXiv id without its version."""

    scheme: str
    value: str


_VERSION = re.compile(r"v\d+$")


def canonical_value(scheme: str, value: str) -> str:
    """How an identifier is stored: a DOI in lower case, an arXiv id without its version."""
    match scheme:
        case "DOI":
            return value.lower()
        case "ARXIV":
            return _VERSION.sub("", value)
        case _:
            return value


_paper = row_maker(PaperRow)
_identifier = row_maker(IdentifierRow)


async def papers_by_id(conn: Reader, ids: Sequence[UUID]) -> list[PaperRow | None]:
    """Papers by their ids.

    Shape:  result[i] belongs to ids[i]; None for an unknown id.
    Units:  created_at is UTC.
    Source: read.paper, built from PaperRegistered.
    """
    records = await conn.fetch("SELECT * FROM read.paper WHERE paper_id = ANY($1::uuid[])", ids)
    return in_order(ids, ((record["paper_id"], _paper(record)) for record in records))


async def papers_by_identifier(conn: Reader, identifiers: Sequence[tuple[str, str]]) -> list[UUID | None]:
    """Which papers have these identifiers (scheme, value).

    Shape:  result[i] belongs to identifiers[i]; None when no paper has it. A DOI may come in any
            case, an arXiv id with a version. Of several papers with one URL: the first registered.
    Source: read.paper_identifier, built from PaperRegistered.
    """
    canonical = [(scheme, canonical_value(scheme, value)) for scheme, value in identifiers]
    records = await conn.fetch(
        """
        SELECT DISTINCT ON (i.scheme, i.value) i.*
          FROM unnest($1::text[], $2::text[]) AS wanted(scheme, value)
          JOIN read.paper_identifier i USING (scheme, value)
         ORDER BY i.scheme, i.value, i.paper_id
        """,
        [scheme for scheme, _ in canonical],
        [value for _, value in canonical],
    )
    found = (((record["scheme"], record["value"]), record["paper_id"]) for record in records)
    return in_order(canonical, found)


async def identifiers_of(conn: Reader, paper_ids: Sequence[UUID]) -> list[list[IdentifierRow]]:
    """A paper's identifiers, ordered by scheme and value.

    Shape:  result[i] belongs to paper_ids[i]; empty for an unknown id.
    Source: read.paper_identifier, built from PaperRegistered.
    """
    records = await conn.fetch(
        """
        SELECT * FROM read.paper_identifier WHERE paper_id = ANY($1::uuid[]) ORDER BY scheme, value
        """,
        paper_ids,
    )
    by_paper: dict[UUID, list[IdentifierRow]] = {paper_id: [] for paper_id in paper_ids}
    for record in records:
        by_paper[record["paper_id"]].append(_identifier(record))
    return [by_paper[paper_id] for paper_id in paper_ids]
