"""Feeds as feed readers get them: what an entry shows beside its text, and what tells whether it changed."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.feed import KINDS, FeedFilter, FeedKind, selected
from projections.paper import folded_keyword
from projections.papers import spelled
from projections.reading import Reader, in_order, row_maker
from service.domain.events import SummaryPublished


class EntryRow(Struct, frozen=True):
    """A listed summary without its text.

    Shape:  published_at is when it came into lists, the first time, as claimed for imported ones, and
            updated_at is not before it.
            author is None for an anonymous one; rendering is the renderer that made the HTML of
            body_payload, None when the text was erased: then updated_at is when that was.
    """

    summary_id: UUID
    published_at: datetime
    updated_at: datetime
    body_payload: UUID
    rendering: int | None
    author: str | None
    paper_id: UUID
    title: str
    authors: list[str]
    venue_key: str | None
    venue_name: str | None
    year: int | None
    keywords: list[str]


_entry = row_maker(EntryRow)
_PUBLISHED = 1_000  # of what came into lists last, as many may go before what changed later


class Changed(Struct, frozen=True):
    """When the newest event was recorded that the read models show; settled: none of that time can follow."""

    at: datetime
    settled: bool


async def entries(conn: Reader, kind: FeedKind, filter: FeedFilter, first: int) -> list[EntryRow]:
    """The first entries of a feed. In LATEST, coming into lists counts as a change.

    Source: read.summary, read.revision, read.paper, read.user, read.event; events, payloads and rendered.
    """
    order = f"s.{KINDS[kind][0]} DESC, s.summary_id DESC"
    tables, where, values = selected(kind, filter, 2)
    ids = f"SELECT s.summary_id FROM {tables} WHERE {where}"  # noqa: S608 (ours)
    found = f"({ids} ORDER BY {order} LIMIT $1)"
    if kind is FeedKind.LATEST:
        found += f" UNION {ids} AND s.summary_id IN ({_NEWEST})"
        order = "greatest(s.updated_at, e.published_at) DESC, s.summary_id DESC"
    records = await conn.fetch(_ENTRIES.format(found=found, order=order), first, *values)
    return [_entry(record) for record in records]


_NEWEST = f"""
    SELECT n.summary_id FROM (
      SELECT e.summary_id, e.type FROM read.event e
       WHERE e.publishes ORDER BY e.position DESC LIMIT {_PUBLISHED}) n
     WHERE n.type <> '{SummaryPublished.__name__}'
"""  # noqa: S608 (ours)
_ENTRIES = """
SELECT s.summary_id, s.body_payload, e.published_at,
       greatest(s.updated_at, v.redacted_at, e.published_at) AS updated_at,
       (SELECT max(r.renderer_version) FROM rendered r JOIN payloads b USING (payload_id)
         WHERE r.payload_id = s.body_payload AND b.content IS NOT NULL) AS rendering,
       coalesce(convert_from(n.content, 'UTF8'), u.username) AS author,
       p.paper_id, p.title, p.authors, p.venue_key, p.venue_name, p.year, p.keywords
  FROM ({found}) f JOIN read.summary s USING (summary_id)
 CROSS JOIN LATERAL (
       SELECT coalesce(min(l.occurred_at), min(l.recorded_at), s.created_at) AS published_at FROM (
         SELECT position FROM read.event e WHERE e.summary_id = s.summary_id AND e.publishes
          ORDER BY position LIMIT 1) o JOIN events l USING (position)) e
  JOIN read.paper p USING (paper_id)
  JOIN read.revision v ON v.summary_id = s.summary_id AND v.number = s.revision_number
  LEFT JOIN read."user" u ON u.user_id = s.author_id AND NOT s.anonymous
  LEFT JOIN payloads n ON n.payload_id = u.display_name_payload
 ORDER BY {order} LIMIT $1
"""


async def html_by_payload(conn: Reader, payload_ids: Sequence[UUID]) -> list[str | None]:
    """Rendered texts. Shape: result[i] belongs to payload_ids[i]; None when erased. Source: rendered."""
    return await _rendered(conn, "r.html", payload_ids)


async def openings_by_payload(conn: Reader, payload_ids: Sequence[UUID], length: int) -> list[str | None]:
    """The first characters of texts without mark-up. Shape and source: as html_by_payload."""
    return await _rendered(conn, f"left(r.plain, {length:d})", payload_ids)


async def last_change(conn: Reader) -> Changed | None:
    """Before which moment nothing of what is read has changed since; None for an empty log.

    Units:  an append is taken to need less than two seconds from its time to its commit.
    Source: events, log_head and read.checkpoint.
    """
    records = await conn.fetch(
        """
        SELECT e.recorded_at AS at,
               h.position = c.position AND e.recorded_at < now() - interval '2 s' AS settled
          FROM read.checkpoint c JOIN events e USING (position) CROSS JOIN log_head h
         WHERE c.name = 'core'
        """
    )
    return Changed(records[0]["at"], records[0]["settled"]) if records else None


async def has_year(conn: Reader, year: int) -> bool:
    """Whether there are papers of this year. Source: read.paper."""
    return bool(
        await conn.fetch(
            "SELECT FROM read.paper WHERE year IS NOT NULL AND coalesce(year, 0) = $1::int LIMIT 1", year
        )
    )


async def known_keyword(conn: Reader, keyword: str) -> str | None:
    """The keyword as it is compared, if a paper has it. Source: read.paper_keyword."""
    folded = folded_keyword(spelled(keyword))
    found = await conn.fetch("SELECT FROM read.paper_keyword WHERE keyword = $1::text LIMIT 1", folded)
    return folded if found else None


async def _rendered(conn: Reader, what: str, payload_ids: Sequence[UUID]) -> list[str | None]:
    records = await conn.fetch(
        f"""
        SELECT DISTINCT ON (r.payload_id) r.payload_id, {what} AS text
          FROM rendered r JOIN payloads p USING (payload_id)
         WHERE r.payload_id = ANY($1::uuid[]) AND p.content IS NOT NULL
         ORDER BY r.payload_id, r.renderer_version DESC
        """,  # noqa: S608 (ours)
        payload_ids,
    )
    return in_order(payload_ids, ((record["payload_id"], record["text"]) for record in records))
