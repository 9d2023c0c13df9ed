"""Papers and the identifiers that lead to them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from projections.reading import Reader, in_order, row_maker
from projections.summary_writer import PaperChange
from projections.writing import Writer, arrays
from service.domain.events import PaperRegistered
from service.eventstore.model import Recorded

BEFORE_ALL = datetime(1000, 1, 1, tzinfo=UTC)  # stands for no time, in keys of pages and in the index


class PaperOrder(StrEnum):
    """By the latest change of a listed summary's text; by how many there are; by year. Most first.

    Papers without a summary or a year come last, and the id decides between equal ones.
    """

    LATEST_SUMMARY = "LATEST_SUMMARY"
    MOST_SUMMARIES = "MOST_SUMMARIES"
    YEAR = "YEAR"


class PaperRow(Struct, frozen=True):
    """summary_count is of listed summaries; latest_summary_at is when the text of one last changed."""

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
    summary_count: int
    latest_summary_at: datetime | None

    def key(self, order: PaperOrder) -> tuple[Any, ...]:
        """Its place in a list of this order."""
        match order:
            case PaperOrder.LATEST_SUMMARY:
                return (self.latest_summary_at or BEFORE_ALL, self.paper_id)
            case PaperOrder.MOST_SUMMARIES:
                return (self.summary_count, self.paper_id)
            case PaperOrder.YEAR:
                return (self.year or 0, self.paper_id)


class IdentifierRow(Struct, frozen=True):
    """Scheme is BIBTEX, DOI, ARXIV or URL. A DOI is in lower case, an arXiv id without its version."""

    scheme: str
    value: str


paper_row = row_maker(PaperRow)
_identifier = row_maker(IdentifierRow)


async def papers_by_id(conn: Reader, ids: Sequence[UUID]) -> list[PaperRow | None]:
    """Papers by their ids.

    Shape:  result[i] belongs to ids[i]; None for an unknown id.
    Units:  created_at is UTC.
    Source: read.paper, built from PaperRegistered.
    """
    records = await conn.fetch("SELECT * FROM read.paper WHERE paper_id = ANY($1::uuid[])", ids)
    return in_order(ids, ((record["paper_id"], paper_row(record)) for record in records))


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


async def apply(conn: Writer, events: Sequence[Recorded]) -> int:
    """Write what a batch of papers' events says; how many papers there are more."""
    papers = [_registered(one, one.event) for one in events if isinstance(one.event, PaperRegistered)]
    if papers:
        await conn.execute(  # as JSON, because unnest would flatten the arrays of authors and keywords
            "INSERT INTO paper SELECT * FROM json_populate_recordset(NULL::paper, $1::json)",
            msgspec.json.encode(papers).decode(),
        )
        await _apply_identifiers(conn, papers)
        await _apply_authors(conn, papers)
        await _apply_keywords(conn, papers)
    return len(papers)


async def count(conn: Writer, changes: Mapping[UUID, PaperChange]) -> None:
    """Write what a batch did to papers' listed summaries, after their rows."""
    if changes:
        await conn.execute(
            """
            UPDATE paper p
               SET summary_count = p.summary_count + c.summaries,
                   latest_summary_at = CASE WHEN c.afresh
                     THEN (SELECT max(s.updated_at) FROM summary s WHERE s.paper_id = p.paper_id AND s.listed)
                     ELSE greatest(p.latest_summary_at, c.latest) END
              FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::bool[])
                   AS c(paper_id, summaries, latest, afresh)
             WHERE p.paper_id = c.paper_id
            """,
            list(changes),
            *arrays(changes.values(), "summaries", "latest", "afresh"),
        )


def folded_keyword(keyword: str) -> str:
    """As keywords are found: in any case."""
    return keyword.casefold()


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
        summary_count=0,
        latest_summary_at=None,
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


async def _apply_authors(conn: Writer, papers: Sequence[PaperRow]) -> None:
    rows = [(name, one.year or 0, one.paper_id) for one in papers for name in dict.fromkeys(one.authors)]
    if rows:
        await conn.execute(
            """
            INSERT INTO paper_author (name, year, paper_id)
            SELECT * FROM unnest($1::text[], $2::int[], $3::uuid[])
            """,
            *zip(*rows, strict=True),
        )


async def _apply_keywords(conn: Writer, papers: Sequence[PaperRow]) -> None:
    rows = [
        (keyword, one.paper_id)
        for one in papers
        for keyword in dict.fromkeys(map(folded_keyword, one.keywords))
    ]
    if rows:
        await conn.execute(
            "INSERT INTO paper_keyword (keyword, paper_id) SELECT * FROM unnest($1::text[], $2::uuid[])",
            *zip(*rows, strict=True),
        )
