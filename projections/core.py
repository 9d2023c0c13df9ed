"""The core read models together: one checkpoint, so that a query sees one position of the world."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from projections import (
    comment,
    event_writer,
    paper,
    past_writer,
    revision,
    statistics,
    summary_writer,
    text,
    user,
    venue,
    vote,
)
from projections.writing import Writer, move_checkpoint
from service.domain.events import SubjectKind
from service.eventstore.model import Recorded
from service.text import Rendered


async def apply(
    conn: Writer, after: int, events: Sequence[Recorded], rendered: Mapping[UUID, Rendered]
) -> int:
    """Write a batch that begins after the checkpoint, rows and checkpoint in the caller's transaction.

    Shape:  the new checkpoint; `rendered` is what `text.prepare` made of the same events.
    Errors: CheckpointMoved when the checkpoint is not at `after`; LookupError for an event about
            something that no event before it made.
    """
    await move_checkpoint(conn, after, events[-1].position)
    by_category: defaultdict[str, list[Recorded]] = defaultdict(list)
    for recorded in events:
        by_category[recorded.event.category].append(recorded)
    papers = await paper.apply(conn, by_category["paper"])
    await venue.apply(conn, by_category["paper"])
    users = await user.apply(conn, by_category["user"])
    tallies = await vote.apply(conn, by_category["vote"])
    comments = await comment.apply(conn, by_category["comment"], tallies[SubjectKind.COMMENT])
    await revision.apply(conn, by_category["summary"])
    changes = await summary_writer.apply(conn, by_category["summary"], tallies[SubjectKind.SUMMARY], comments)
    await past_writer.apply(conn, by_category["summary"], by_category["comment"])
    await event_writer.apply(conn, events, changes)
    await paper.count(conn, changes.papers)
    await venue.count(conn, changes.papers)
    await statistics.apply(conn, papers, users, changes)
    await summary_writer.forget(conn, by_category["erasure"])
    await text.apply(conn, by_category["erasure"], rendered)
    return events[-1].position
