"""Writes what each event is about; `event` reads it."""

from collections.abc import Sequence
from uuid import UUID

from projections.summary_writer import Changes
from projections.writing import Writer
from service.domain.events import DomainEvent, PaperRegistered, PayloadsErased, VoteCast, VoteWithdrawn
from service.eventstore.model import Recorded


async def apply(conn: Writer, events: Sequence[Recorded], changes: Changes) -> None:
    """Write a batch, after its summaries and comments are written, and with what that changed."""
    await conn.execute(
        """
        INSERT INTO event (position, type, subject_id, summary_id, paper_id, publishes, withdraws)
        SELECT e.position, e.type, e.subject_id, s.summary_id, coalesce(s.paper_id, e.paper_id), e.publishes,
               e.withdraws
          FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::uuid[], $5::bool[], $6::bool[])
               AS e(position, type, subject_id, paper_id, publishes, withdraws)
          LEFT JOIN comment c ON c.comment_id = e.subject_id
          LEFT JOIN summary s ON s.summary_id = coalesce(c.summary_id, e.subject_id)
        """,
        [one.position for one in events],
        [type(one.event).__name__ for one in events],
        [_subject(one.event) for one in events],
        [one.event.originator_id if isinstance(one.event, PaperRegistered) else None for one in events],
        [one.position in changes.publications for one in events],
        [one.position in changes.withdrawals for one in events],
    )


def _subject(event: DomainEvent) -> UUID | None:
    match event:
        case VoteCast() | VoteWithdrawn() | PayloadsErased():
            return event.subject_id
        case _:
            return event.originator_id
