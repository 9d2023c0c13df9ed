"""The log as its readers may see it; `event_writer` writes what each event is about.

What belongs to a summary is seen by whoever may see the summary today: in lists if it is listed, by its
address as `policy.may_see_summary` says. An event that took a listed one out of the lists is known,
without what it says, for as long as the summary cannot be seen: who has stored something knows what to
drop. Of one that is unlisted today nothing is told: it can be read by its address, which is its secret.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, get_args
from uuid import UUID

from msgspec import Struct

from projections.event_fields import ACTOR_SHOWN, OF_EVERYBODY, SHOWN
from projections.reading import ANY, Page, Reader, Slice, in_order, slices
from projections.summary import LISTED_OR_OWN, VISIBLE
from projections.text import sources_by_payload
from service.domain.events import CommentEdited, CommentPosted, DomainEvent
from service.eventstore.codec import Codec, Decoded

SubjectKind = Literal["Paper", "Summary", "Comment", "User"]
SUBJECTS: Mapping[str, SubjectKind] = {one: one for one in get_args(SubjectKind)}
NOTHING: Mapping[str, Any] = MappingProxyType({})


class EventRow(Struct, frozen=True):
    """An event as a viewer may see it.

    Shape:  data has the fields that are shown, by their names; subject_id of a vote is what was voted on.
    Units:  stream_version is 0 where it would tell more; version is that of the type's newest shape.
    """

    position: int
    type: str
    version: int
    kind: SubjectKind
    subject_id: UUID
    stream_version: int
    recorded_at: datetime
    occurred_at: datetime
    actor: UUID | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Events that are all of what is given: of one of these types, about this subject, of this paper,
    at one of these positions.

    Who names a subject knows its address.
    """

    types: tuple[str, ...] | None = None
    subject: tuple[SubjectKind, UUID] | None = None
    paper_id: UUID | None = None
    at: tuple[int, ...] | None = None


ALL = EventFilter()

# The condition that an index serves, for each kind of subject.
_NEAR_SUBJECT: Mapping[SubjectKind, str] = {
    "Paper": "e.paper_id = {0}",
    "Summary": "e.summary_id = {0}",
    "Comment": "e.summary_id = (SELECT c.summary_id FROM read.comment c WHERE c.comment_id = {0})",
    "User": "e.summary_id IS NULL AND e.paper_id IS NULL",
}


async def events(
    conn: Reader, page: Page, filter: EventFilter, viewer: UUID | None, codec: Codec
) -> Slice[EventRow]:
    """Events in the order of the log, as far as the viewer may see them.

    Shape:  page.after is (position,).
    Errors: of eventsourcing, for events that this code cannot read.
    Source: read.event, read.summary, read.comment, events, payloads.
    """
    [found] = await _read(conn, codec, viewer, "true", [ANY], page, filter)
    return found


async def events_at(
    conn: Reader,
    positions: Sequence[int],
    filter: EventFilter,
    viewer: UUID | None,
    codec: Codec,
    *,
    by_address: bool = False,
) -> list[EventRow | None]:
    """As `events`: those at these positions. by_address: the viewer knows the address of what they are of.

    Shape:  result[i] belongs to positions[i]; None for what is not asked for or may not be seen.
    """
    page, these = Page(len(positions)), replace(filter, at=tuple(positions))
    [found] = await _read(conn, codec, viewer, "true", [ANY], page, these, by_address=by_address)
    return in_order(positions, ((row.position, row) for row in found.rows))


async def events_of_papers(
    conn: Reader,
    paper_ids: Sequence[UUID],
    page: Page,
    filter: EventFilter,
    viewer: UUID | None,
    codec: Codec,
) -> list[Slice[EventRow]]:
    """As `events`: each paper's, its summaries' and all that belongs to those."""
    return await _read(conn, codec, viewer, "e.paper_id = i.id", paper_ids, page, filter)


async def events_of_summaries(
    conn: Reader,
    summary_ids: Sequence[UUID],
    page: Page,
    filter: EventFilter,
    viewer: UUID | None,
    codec: Codec,
) -> list[Slice[EventRow]]:
    """As `events`: each summary's, its comments' and the votes' on all these. Their addresses are known."""
    of_each = "e.summary_id = i.id"
    return await _read(conn, codec, viewer, of_each, summary_ids, page, filter, by_address=True)


async def head(conn: Reader) -> int:
    """Where the log ends, whether the read models show it already or not. Source: log_head."""
    [record] = await conn.fetch("SELECT position FROM log_head")
    return int(record["position"])


async def _read(
    conn: Reader,
    codec: Codec,
    viewer: UUID | None,
    of_each: str,
    ids: Sequence[UUID],
    page: Page,
    filter: EventFilter,
    *,
    by_address: bool = False,
) -> list[Slice[EventRow]]:
    known = by_address or filter.subject is not None
    seen, shown = seen_if("$4", by_address=known), shown_if("$4", "$5", by_address=known)
    conditions, values = selected(filter, 6)
    sql = _SQL.format(seen=seen, shown=shown, where=" AND ".join([of_each, *conditions]))
    records = await conn.fetch(sql, ids, *page.key(0), page.first + 1, viewer, OF_EVERYBODY, *values)
    pages: list[Slice[Any]] = slices(len(ids), page.first, records, lambda record: record)
    rows = await _rows(conn, codec, [record for one in pages for record in one.rows])
    return [Slice([next(rows) for _ in one.rows], one.has_next) for one in pages]


def seen_if(viewer: str, *, by_address: bool) -> str:
    """The condition that a viewer sees what is of a summary s, who knows its address or looks at a list."""
    return (VISIBLE if by_address else LISTED_OR_OWN).format(viewer=viewer)


def shown_if(viewer: str, everybody: str, *, by_address: bool) -> str:
    """The condition that an event e of a summary s that is seen, or of none, is shown, if only in part.

    Shape:  the arguments are SQL; everybody is OF_EVERYBODY. Of an erasure that nobody noted a subject
            of, nobody knows who may see it.
    """
    seen, readable = seen_if(viewer, by_address=by_address), VISIBLE.format(viewer=viewer)
    return f"""
    CASE WHEN e.summary_id IS NOT NULL THEN {seen} OR e.withdraws AND NOT {readable}
         ELSE e.type = ANY({everybody}::text[]) OR e.type = 'PayloadsErased' AND EXISTS (
              SELECT FROM read."user" u WHERE u.user_id = e.subject_id) END
    """


_SQL = """
SELECT e.*, l.version, l.schema_version, l.recorded_at, l.occurred_at, l.actor, l.data,
       coalesce(c.removed, false) AS removed
  FROM (SELECT i.n, e.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT e.position, e.type, e.subject_id, e.summary_id, e.paper_id,
                      e.summary_id IS NULL OR {seen} AS seen,
                      s.anonymous AND e.subject_id = e.summary_id AS anonymous
                 FROM read.event e LEFT JOIN read.summary s ON s.summary_id = e.summary_id
                WHERE e.position > $2::bigint AND {where}
                  AND {shown}
                ORDER BY e.position LIMIT $3) e) e
  JOIN events l USING (position)
  LEFT JOIN read.comment c ON c.comment_id = e.subject_id
 ORDER BY e.n, e.position
"""


def selected(filter: EventFilter, at: int) -> tuple[list[str], list[Any]]:
    """Conditions and their arguments, the first of which is $at."""
    conditions, values = [], list[Any]()
    if filter.types is not None:
        conditions.append(f"e.type = ANY(${at}::text[])")
        values.append(filter.types)
    if filter.subject is not None:
        kind, subject_id = filter.subject
        argument = f"${at + len(values)}::uuid"
        conditions += [f"e.subject_id = {argument}", _NEAR_SUBJECT[kind].format(argument)]
        values.append(subject_id)
    if filter.paper_id is not None:
        conditions.append(f"e.paper_id = ${at + len(values)}::uuid")
        values.append(filter.paper_id)
    if filter.at is not None:
        conditions.append(f"e.position = ANY(${at + len(values)}::bigint[])")
        values.append(filter.at)
    return conditions, values


async def _rows(conn: Reader, codec: Codec, records: Sequence[Any]) -> Iterator[EventRow]:
    """The rows of these records, one after the other, with one read for all their texts."""
    decoded = [codec.decode(one["type"], one["schema_version"], one["data"]) for one in records]
    texts = [_texts(*both) for both in zip(records, decoded, strict=True)]
    wanted = [payload_id for one in texts for payload_id in one.values()]
    sources = await sources_by_payload(conn, wanted) if wanted else []
    by_payload = dict(zip(wanted, sources, strict=True))
    return (
        _row(record, one, {name: by_payload[payload_id] for name, payload_id in text.items()})
        for record, one, text in zip(records, decoded, texts, strict=True)
    )


def _texts(record: Any, decoded: Decoded) -> dict[str, UUID]:
    """The payloads of the event that are shown, by field. Of a removed comment, none."""
    gone = record["removed"] and isinstance(decoded.event, CommentPosted | CommentEdited)
    if gone or not record["seen"]:
        return {}
    shown = SHOWN[type(decoded.event)]
    return {name: payload_id for name, payload_id in decoded.payloads.items() if name in shown}


def _row(record: Any, decoded: Decoded, texts: Mapping[str, str | None]) -> EventRow:
    event, seen = decoded.event, record["seen"]
    data = {name: texts.get(name, getattr(event, name)) for name in SHOWN[type(event)]} if seen else NOTHING
    return EventRow(
        position=record["position"],
        type=record["type"],
        version=event.class_version,
        kind=_kind(record),
        subject_id=record["subject_id"],
        stream_version=record["version"] if seen and not event.hides_actor else 0,
        recorded_at=record["recorded_at"],
        occurred_at=record["occurred_at"] or record["recorded_at"],
        actor=record["actor"] if seen and _names_actor(record, event) else None,
        data=data,
    )


def _names_actor(record: Any, event: DomainEvent) -> bool:
    return type(event) in ACTOR_SHOWN and not record["anonymous"]


def _kind(record: Any) -> SubjectKind:
    if record["subject_id"] == record["paper_id"]:
        return "Paper"
    if record["summary_id"] is None:
        return "User"
    return "Summary" if record["subject_id"] == record["summary_id"] else "Comment"
