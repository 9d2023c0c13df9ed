"""Revisions: every text that a summary has had."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.reading import Page, Reader, Slice, in_order, row_maker, slices
from projections.writing import Writer, arrays
from service.domain.events import Revising, RevisionRedacted, SummaryRestored, revision_of
from service.eventstore.model import Recorded


class RevisionRow(Struct, frozen=True):
    summary_id: UUID
    number: int
    editor_id: UUID | None
    body_payload: UUID
    note_payload: UUID | None
    created_at: datetime
    recorded_at: datetime
    position: int
    restored: int | None
    redacted_at: datetime | None = None
    redacted_by: UUID | None = None
    redaction_payload: UUID | None = None

    def key(self) -> tuple[int]:
        """Its place among the summary's revisions."""
        return (self.number,)


revision_row = row_maker(RevisionRow)


async def revisions_of(conn: Reader, summary_ids: Sequence[UUID], page: Page) -> list[Slice[RevisionRow]]:
    """Each summary's revisions, the first one first. Who may see the summary may see them.

    Shape:  result[i] belongs to summary_ids[i]; page.after is row.key().
    Units:  created_at is the claimed time, recorded_at the log's, both UTC.
    Source: read.revision, built from SummaryPublished and SummaryRevised.
    """
    records = await conn.fetch(
        """
        SELECT i.n, r.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT * FROM read.revision r
                WHERE r.summary_id = i.id AND r.number > $2::int
                ORDER BY r.number LIMIT $3) r
         ORDER BY i.n, r.number
        """,
        summary_ids,
        *page.key(0),
        page.first + 1,
    )
    return slices(len(summary_ids), page.first, records, revision_row)


async def revisions_by_number(conn: Reader, numbers: Sequence[tuple[UUID, int]]) -> list[RevisionRow | None]:
    """Single revisions by (summary_id, number).

    Shape:  result[i] belongs to numbers[i]; None where there is none.
    Source: read.revision.
    """
    records = await conn.fetch(
        """
        SELECT r.* FROM unnest($1::uuid[], $2::int[]) AS i(summary_id, number)
          JOIN read.revision r USING (summary_id, number)
        """,
        [summary_id for summary_id, _ in numbers],
        [number for _, number in numbers],
    )
    rows = [revision_row(record) for record in records]
    return in_order(numbers, (((row.summary_id, row.number), row) for row in rows))


async def apply(conn: Writer, events: Sequence[Recorded]) -> None:
    """Write the revisions that a batch of summaries' events made, and which ones were redacted."""
    made = [_made(one, one.event) for one in events if isinstance(one.event, Revising)]
    if made:
        await conn.execute(
            """
            INSERT INTO revision (summary_id, number, editor_id, body_payload, note_payload, created_at,
                                  recorded_at, position, restored)
            SELECT * FROM unnest($1::uuid[], $2::int[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[],
                                 $7::timestamptz[], $8::bigint[], $9::int[])
            """,
            *arrays(made, *_MADE),
        )
    redactions = [(one, one.event) for one in events if isinstance(one.event, RevisionRedacted)]
    if redactions:
        await _redact(conn, redactions)


_MADE = (
    "summary_id", "number", "editor_id", "body_payload", "note_payload", "created_at", "recorded_at",
    "position", "restored",
)  # fmt: skip


def _made(recorded: Recorded, event: Revising) -> RevisionRow:
    return RevisionRow(
        summary_id=event.originator_id,
        number=revision_of(event),
        editor_id=recorded.actor,
        body_payload=recorded.payloads["body"],
        note_payload=recorded.payloads.get("note"),
        created_at=recorded.occurred_at,
        recorded_at=recorded.recorded_at,
        position=recorded.position,
        restored=event.restored if isinstance(event, SummaryRestored) else None,
    )


async def _redact(conn: Writer, redactions: Sequence[tuple[Recorded, RevisionRedacted]]) -> None:
    await conn.execute(
        """
        UPDATE revision r
           SET redacted_at = x.at, redacted_by = x.actor, redaction_payload = x.reason
          FROM unnest($1::uuid[], $2::int[], $3::timestamptz[], $4::uuid[], $5::uuid[])
               AS x(summary_id, number, at, actor, reason)
         WHERE r.summary_id = x.summary_id AND r.number = x.number
        """,
        [event.originator_id for _, event in redactions],
        [event.revision for _, event in redactions],
        [recorded.occurred_at for recorded, _ in redactions],
        [recorded.actor for recorded, _ in redactions],
        [recorded.payloads.get("reason") for recorded, _ in redactions],
    )
