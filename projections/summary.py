"""Summaries.

Lists and counts hold what is public, for everyone; only a user's own page shows its owner everything.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from projections.reading import ANY, Page, Reader, Slice, counts, in_order, row_maker, slices
from projections.revision import RevisionRow as RevisionRow
from projections.revision import revisions_by_number as revisions_by_number
from projections.revision import revisions_of as revisions_of
from projections.vote import Tally
from projections.writing import Writer, arrays, ids_of, known
from service.domain.events import (
    SummaryPublished,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
)
from service.domain.policy import is_listed, may_see_summary
from service.eventstore.model import Recorded


class SummaryRow(Struct, frozen=True):
    """The text is at body_payload; net is up - down, top the lower bound of the 95 % Wilson interval."""

    summary_id: UUID
    paper_id: UUID
    author_id: UUID
    visibility: str
    retracted_at: datetime | None
    revision_number: int
    body_payload: UUID
    up: int
    down: int
    net: int
    top: float
    comment_count: int
    created_at: datetime
    updated_at: datetime
    listed: bool

    def key(self, order: "SummaryOrder") -> tuple[Any, ...]:
        """Its place in a list of this order."""
        match order:
            case SummaryOrder.TOP:
                return (self.top, self.summary_id)
            case SummaryOrder.LATEST:
                return (self.updated_at, self.summary_id)
            case SummaryOrder.OLDEST:
                return (self.created_at, self.summary_id)


class SummaryOrder(StrEnum):
    """Best first; latest change of the text first; first published first."""

    TOP = "TOP"
    LATEST = "LATEST"
    OLDEST = "OLDEST"


summary_row = row_maker(SummaryRow)

_OF_PAPERS = {
    SummaryOrder.TOP: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.top, s.summary_id)
                    < (coalesce($2::float8, 'infinity'), $3::uuid)
                ORDER BY s.top DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.top DESC, s.summary_id DESC
        """,
    SummaryOrder.LATEST: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.updated_at, s.summary_id)
                    < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
                ORDER BY s.updated_at DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.updated_at DESC, s.summary_id DESC
        """,
    SummaryOrder.OLDEST: """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.paper_id = i.id AND s.listed
                  AND (s.created_at, s.summary_id)
                    > (coalesce($2::timestamptz, '-infinity'), $3::uuid)
                ORDER BY s.created_at, s.summary_id LIMIT $4) s
         ORDER BY i.n, s.created_at, s.summary_id
        """,
}


async def summaries_by_id(conn: Reader, ids: Sequence[UUID], viewer: UUID | None) -> list[SummaryRow | None]:
    """Summaries by address, as far as the viewer may see them.

    Shape:  result[i] belongs to ids[i]; None for an unknown id and for what the viewer may not see.
    Source: read.summary, built from the events of summaries, their comments and votes.
    """
    records = await conn.fetch("SELECT * FROM read.summary WHERE summary_id = ANY($1::uuid[])", ids)
    rows = [summary_row(record) for record in records]
    return in_order(ids, ((row.summary_id, row) for row in rows if is_visible(row, viewer)))


def is_visible(row: SummaryRow, viewer: UUID | None) -> bool:
    """Whether the viewer may see it by address."""
    visibility = Visibility(row.visibility)
    return may_see_summary(viewer, row.author_id, visibility, row.retracted_at is not None)


async def summaries_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], page: Page, order: SummaryOrder
) -> list[Slice[SummaryRow]]:
    """Listed summaries of each paper.

    Shape:  result[i] belongs to paper_ids[i]; page.after is row.key(order).
    Source: read.summary.
    """
    records = await conn.fetch(_OF_PAPERS[order], paper_ids, *page.key(None, ANY), page.first + 1)
    return slices(len(paper_ids), page.first, records, summary_row)


async def count_of_papers(conn: Reader, paper_ids: Sequence[UUID]) -> list[int]:
    """How many listed summaries each paper has. Source: read.summary."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.summary s ON s.paper_id = i.id AND s.listed
         GROUP BY i.n
        """,
        paper_ids,
    )
    return counts(len(paper_ids), records)


async def own_summary_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], viewer: UUID
) -> list[SummaryRow | None]:
    """The viewer's own summary of each paper, whatever its visibility, unless retracted.

    Shape:  result[i] belongs to paper_ids[i]; of several, the one changed last.
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT DISTINCT ON (paper_id) * FROM read.summary
         WHERE author_id = $2 AND paper_id = ANY($1::uuid[]) AND retracted_at IS NULL
         ORDER BY paper_id, updated_at DESC, summary_id DESC
        """,
        paper_ids,
        viewer,
    )
    return in_order(paper_ids, ((record["paper_id"], summary_row(record)) for record in records))


async def summaries_of_users(
    conn: Reader, user_ids: Sequence[UUID], page: Page, viewer: UUID | None
) -> list[Slice[SummaryRow]]:
    """Each user's summaries, the latest change of text first; the viewer's own: all of them.

    Shape:  result[i] belongs to user_ids[i]; page.after is row.key(SummaryOrder.LATEST).
    Source: read.summary.
    """
    records = await conn.fetch(
        """
        SELECT i.n, s.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.summary s
                WHERE s.author_id = i.id AND (s.listed OR s.author_id = $5::uuid)
                  AND (s.updated_at, s.summary_id)
                    < (coalesce($2::timestamptz, 'infinity'), $3::uuid)
                ORDER BY s.updated_at DESC, s.summary_id DESC LIMIT $4) s
         ORDER BY i.n, s.updated_at DESC, s.summary_id DESC
        """,
        user_ids,
        *page.key(None, ANY),
        page.first + 1,
        viewer,
    )
    return slices(len(user_ids), page.first, records, summary_row)


async def count_of_users(conn: Reader, user_ids: Sequence[UUID], viewer: UUID | None) -> list[int]:
    """How many summaries `summaries_of_users` has of each user. Source: read.summary."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN read.summary s ON s.author_id = i.id AND (s.listed OR s.author_id = $2::uuid)
         GROUP BY i.n
        """,
        user_ids,
        viewer,
    )
    return counts(len(user_ids), records)


async def apply(
    conn: Writer, events: Sequence[Recorded], tallies: Mapping[UUID, Tally], comments: Mapping[UUID, int]
) -> None:
    """Write what a batch of summaries' events says, and what votes and comments change."""
    rows = await _rows_before(conn, list(ids_of(events)))
    for recorded in events:
        _evolve(rows, recorded)
    others = []
    for summary_id in tallies.keys() | comments.keys():
        if summary_id in rows:
            rows[summary_id] = _counted(
                rows[summary_id], tallies.get(summary_id), comments.get(summary_id, 0)
            )
        else:
            others.append(summary_id)
    if rows:
        await _store(conn, rows)
    if others:
        await _store_counts(conn, others, tallies, comments)


async def _rows_before(conn: Writer, ids: Sequence[UUID]) -> dict[UUID, SummaryRow]:
    if not ids:
        return {}
    records = await conn.fetch("SELECT * FROM summary WHERE summary_id = ANY($1::uuid[])", ids)
    return {record["summary_id"]: summary_row(record) for record in records}


def _evolve(rows: dict[UUID, SummaryRow], recorded: Recorded) -> None:
    summary_id = recorded.event.originator_id
    match recorded.event:
        case SummaryPublished() as event:
            rows[summary_id] = _published(recorded, event)
        case SummaryRevised(revision=number):
            row, body = known(rows, summary_id), recorded.payloads["body"]
            rows[summary_id] = replace(
                row, revision_number=number, body_payload=body, updated_at=recorded.occurred_at
            )
        case SummaryVisibilitySet(visibility=visibility):
            row = known(rows, summary_id)
            listed = is_listed(visibility, row.retracted_at is not None)
            rows[summary_id] = replace(row, visibility=visibility.value, listed=listed)
        case SummaryRetracted():
            row, at = known(rows, summary_id), recorded.occurred_at
            rows[summary_id] = replace(
                row, retracted_at=at, listed=is_listed(Visibility(row.visibility), retracted=True)
            )


def _published(recorded: Recorded, event: SummaryPublished) -> SummaryRow:
    return SummaryRow(
        summary_id=event.originator_id,
        paper_id=event.paper_id,
        author_id=event.author_id,
        visibility=event.visibility.value,
        retracted_at=None,
        revision_number=1,
        body_payload=recorded.payloads["body"],
        up=0,
        down=0,
        net=0,
        top=0.0,
        comment_count=0,
        created_at=recorded.occurred_at,
        updated_at=recorded.occurred_at,
        listed=is_listed(event.visibility, retracted=False),
    )


def _counted(row: SummaryRow, tally: Tally | None, comments: int) -> SummaryRow:
    up, down = _score(row.up, row.down, tally)
    return replace(
        row,
        up=up,
        down=down,
        net=up - down,
        top=wilson_lower_bound(up, down),
        comment_count=row.comment_count + comments,
    )


def _score(up: int, down: int, tally: Tally | None) -> tuple[int, int]:
    return (up, down) if tally is None else (up + tally.up, down + tally.down)


def wilson_lower_bound(up: int, down: int) -> float:
    """How good it is at least, with 95 % confidence: from 0 to 1, and 0 without votes."""
    total, z = up + down, 1.959963984540054
    if up == 0:
        return 0.0
    share, z2 = up / total, z * z
    spread = z * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return (share + z2 / (2 * total) - spread) / (1 + z2 / total)


_STORED = (
    "summary_id", "paper_id", "author_id", "visibility", "retracted_at", "revision_number", "body_payload",
    "up", "down", "top", "comment_count", "created_at", "updated_at", "listed",
)  # fmt: skip


async def _store(conn: Writer, rows: Mapping[UUID, SummaryRow]) -> None:
    await conn.execute(
        """
        INSERT INTO summary (summary_id, paper_id, author_id, visibility, retracted_at, revision_number,
                             body_payload, up, down, top, comment_count, created_at, updated_at, listed)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::int[],
                             $7::uuid[], $8::int[], $9::int[], $10::float8[], $11::int[], $12::timestamptz[],
                             $13::timestamptz[], $14::bool[])
        ON CONFLICT (summary_id) DO UPDATE
           SET visibility = excluded.visibility, retracted_at = excluded.retracted_at,
               revision_number = excluded.revision_number, body_payload = excluded.body_payload,
               up = excluded.up, down = excluded.down, top = excluded.top,
               comment_count = excluded.comment_count, updated_at = excluded.updated_at,
               listed = excluded.listed
        """,
        *arrays(rows.values(), *_STORED),
    )


async def _store_counts(
    conn: Writer, ids: Sequence[UUID], tallies: Mapping[UUID, Tally], comments: Mapping[UUID, int]
) -> None:
    sql = "SELECT summary_id, up, down FROM summary WHERE summary_id = ANY($1::uuid[])"
    before = {one["summary_id"]: (one["up"], one["down"]) for one in await conn.fetch(sql, ids)}
    scores = [_score(*known(before, summary_id), tallies.get(summary_id)) for summary_id in ids]
    await conn.execute(
        """
        UPDATE summary s
           SET up = c.up, down = c.down, top = c.top, comment_count = s.comment_count + c.comments
          FROM unnest($1::uuid[], $2::int[], $3::int[], $4::float8[], $5::int[])
               AS c(summary_id, up, down, top, comments)
         WHERE s.summary_id = c.summary_id
        """,
        ids,
        [up for up, _ in scores],
        [down for _, down in scores],
        [wilson_lower_bound(up, down) for up, down in scores],
        [comments.get(summary_id, 0) for summary_id in ids],
    )
