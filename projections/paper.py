"""Papers and the identifiers that lead to them."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from projections.reading import Reader, in_order, row_maker
from projections.writing import Writer
from service.domain.events import PaperRegistered
from service.eventstore.model import Recorded


class PaperRow(Struct, frozen=True):
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


class IdentifierRow(Struct, frozen=True):
    """Scheme is BIBTEX, DOI, ARXIV or URL. A DOI is in lower case, an arXiv id without its version."""

    scheme: str
    value: str


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

    Shape:  result[i] belongs to identifiers[i]; None when no paper has it. Values are in the one
            form of `domain.identifiers`. Of several papers with one URL: the first registered.
    Source: read.paper_identifier, built from PaperRegistered.
    """
    records = await conn.fetch(
        """
        SELECT DISTINCT ON (i.scheme, i.value) i.*
          FROM unnest($1::text[], $2::text[]) AS wanted(scheme, value)
          JOIN read.paper_identifier i USING (scheme, value)
         ORDER BY i.scheme, i.value, i.paper_id
        """,
        [scheme for scheme, _ in identifiers],
        [value for _, value in identifiers],
    )
    found = (((record["scheme"], record["value"]), record["paper_id"]) for record in records)
    return in_order(identifiers, found)


async def count_papers(conn: Reader) -> int:
    """How many papers there are. Source: read.paper."""
    [record] = await conn.fetch("SELECT count(*) FROM read.paper")
    return int(record["count"])


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


async def apply(conn: Writer, events: Sequence[Recorded]) -> None:
    """Write what a batch of papers' events says."""
    papers = [_registered(one, one.event) for one in events if isinstance(one.event, PaperRegistered)]
    if papers:
        await conn.execute(  # as JSON, because unnest would flatten the arrays of authors and keywords
            "INSERT INTO paper SELECT * FROM json_populate_recordset(NULL::paper, $1::json)",
            msgspec.json.encode(papers).decode(),
        )
        await _apply_identifiers(conn, papers)


def _registered(recorded: Recorded, event: PaperRegistered) -> PaperRow:
    return PaperRow(
        paper_id=event.originator_id,
        bibtex_key=event.bibtex_key,
        title=event.title,
        abstract=event.abstract,
        authors=list(event.authors),
        venue_key=event.venue_key,
        venue_name=event.venue_name,
        year=event.year,
        published_on=event.published_on,
        keywords=list(event.keywords),
        doi=event.doi,
        arxiv_id=event.arxiv_id,
        url=event.url,
        source=event.source.value,
        created_at=recorded.occurred_at,
    )


async def _apply_identifiers(conn: Writer, papers: Sequence[PaperRow]) -> None:
    rows = [
        (scheme, value, paper.paper_id)
        for paper in papers
        for scheme, value in (
            ("BIBTEX", paper.bibtex_key),
            ("DOI", paper.doi),
            ("ARXIV", paper.arxiv_id),
            ("URL", paper.url),
        )
        if value is not None
    ]
    await conn.execute(
        """
        INSERT INTO paper_identifier (scheme, value, paper_id)
        SELECT * FROM unnest($1::text[], $2::text[], $3::uuid[])
        """,
        *zip(*rows, strict=True),
    )
