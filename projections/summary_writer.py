"""Writes summaries, and tells what that changes about papers and counts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from projections.score import controversial, hot, wilson_lower_bound
from projections.summary import SummaryRow, summary_row
from projections.vote import Tally
from projections.writing import Writer, arrays, ids_of, known
from service.domain.events import (
    PayloadsErased,
    SummaryPublished,
    SummaryRestored,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    Visibility,
)
from service.domain.policy import is_listed
from service.eventstore.model import Recorded


@dataclass(slots=True)
class PaperChange:
    """What a batch did to a paper's listed summaries.

    afresh: the one whose text changed last may be gone, so the time is to be looked up again.
    """

    summaries: int = 0
    latest: datetime | None = None
    afresh: bool = False


@dataclass(slots=True)
class Changes:
    """What a batch did to lists and counts: of listed summaries, and of comments on them."""

    papers: defaultdict[UUID, PaperChange] = field(default_factory=lambda: defaultdict(PaperChange))
    summaries: int = 0
    comments: int = 0
    publications: set[int] = field(default_factory=set)  # positions of events that brought one into the lists
    withdrawals: set[int] = field(default_factory=set)  # and that withdrew one which had been in them


async def apply(
    conn: Writer, events: Sequence[Recorded], tallies: Mapping[UUID, Tally], comments: Mapping[UUID, int]
) -> Changes:
    """Write what a batch of summaries' events says, and what votes and comments change."""
    before, known_to_all = await _before(conn, list(ids_of(events)))
    authors = await _anonymous_authors(conn, events)
    rows, publications, withdrawals = dict(before), set(), set()
    for recorded in events:
        was = rows.get(summary_id := recorded.event.originator_id)
        _evolve(rows, authors, recorded)
        if rows[summary_id].listed and not (was and was.listed):
            publications.add(recorded.position)
            known_to_all.add(summary_id)
        elif was and summary_id in known_to_all and _is_taken_back(was, rows[summary_id]):
            withdrawals.add(recorded.position)
    counted = tallies.keys() | comments.keys()
    for summary_id in counted & rows.keys():
        rows[summary_id] = _counted(rows[summary_id], tallies.get(summary_id), comments.get(summary_id, 0))
    changes = _changes(before, rows)
    changes.publications, changes.withdrawals = publications, withdrawals
    if rows:
        await _store(conn, rows)
    if others := list(counted - rows.keys()):
        changes.comments += await _store_counts(conn, others, tallies, comments)
    return changes


async def forget(conn: Writer, events: Sequence[Recorded]) -> None:
    """Nobody is the author any more, where it was erased who wrote anonymously."""
    erased = [i for one in events if isinstance(one.event, PayloadsErased) for i in one.event.payload_ids]
    if erased:
        await conn.execute(
            "UPDATE summary SET author_id = NULL WHERE author_payload = ANY($1::uuid[])", erased
        )


async def _before(conn: Writer, ids: Sequence[UUID]) -> tuple[dict[UUID, SummaryRow], set[UUID]]:
    """The rows, and which of them have been in the lists, today or at any time."""
    if not ids:
        return {}, set()
    records = await conn.fetch(
        """
        SELECT s.*, s.listed OR EXISTS (
                 SELECT FROM event e WHERE e.summary_id = s.summary_id AND e.publishes) AS known_to_all
          FROM summary s WHERE s.summary_id = ANY($1::uuid[])
        """,
        ids,
    )
    rows = {record["summary_id"]: summary_row(record) for record in records}
    return rows, {record["summary_id"] for record in records if record["known_to_all"]}


def _is_taken_back(was: SummaryRow, now: SummaryRow) -> bool:
    """Whether it has left the lists, or cannot be read by its address any more."""
    return was.listed > now.listed or was.readable > now.readable


async def _anonymous_authors(conn: Writer, events: Sequence[Recorded]) -> dict[UUID, UUID]:
    """Who wrote anonymously, by payload, as far as it is not erased."""
    payloads = [one.payloads[_AUTHOR] for one in events if _AUTHOR in one.payloads]
    if not payloads:
        return {}
    sql = (
        "SELECT payload_id, content FROM payloads WHERE payload_id = ANY($1::uuid[]) AND content IS NOT NULL"
    )
    return {one["payload_id"]: UUID(bytes=one["content"]) for one in await conn.fetch(sql, payloads)}


_AUTHOR = "anonymous_author_id"


def _evolve(rows: dict[UUID, SummaryRow], authors: Mapping[UUID, UUID], recorded: Recorded) -> None:
    summary_id = recorded.event.originator_id
    match recorded.event:
        case SummaryPublished() as event:
            rows[summary_id] = _published(recorded, event, authors)
        case SummaryRevised(revision=number) | SummaryRestored(revision=number):
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


def _published(recorded: Recorded, event: SummaryPublished, authors: Mapping[UUID, UUID]) -> SummaryRow:
    anonymous, payload = event.author_id is None, recorded.payloads.get(_AUTHOR)
    return SummaryRow(
        summary_id=event.originator_id,
        paper_id=event.paper_id,
        author_id=event.author_id if payload is None else authors.get(payload),
        anonymous=anonymous,
        author_payload=payload,
        visibility=event.visibility.value,
        retracted_at=None,
        revision_number=1,
        body_payload=recorded.payloads["body"],
        up=0,
        down=0,
        net=0,
        top=0.0,
        hot=hot(0, 0, recorded.occurred_at),
        controversial=0.0,
        comment_count=0,
        created_at=recorded.occurred_at,
        updated_at=recorded.occurred_at,
        listed=is_listed(event.visibility, retracted=False),
    )


def _counted(row: SummaryRow, tally: Tally | None, comments: int) -> SummaryRow:
    up, down = _voted(row.up, row.down, tally)
    return replace(
        row,
        up=up,
        down=down,
        net=up - down,
        top=wilson_lower_bound(up, down),
        hot=hot(up, down, row.created_at),
        controversial=controversial(up, down),
        comment_count=row.comment_count + comments,
    )


def _voted(up: int, down: int, tally: Tally | None) -> tuple[int, int]:
    return (up, down) if tally is None else (up + tally.up, down + tally.down)


def _changes(before: Mapping[UUID, SummaryRow], rows: Mapping[UUID, SummaryRow]) -> Changes:
    changes = Changes()
    for summary_id, after in rows.items():
        was = before.get(summary_id)
        _change(changes, was if was is not None and was.listed else None, after)
    return changes


def _change(changes: Changes, was: SummaryRow | None, row: SummaryRow) -> None:
    """Add what one summary changes; `was` is None when it was not listed."""
    now = row if row.listed else None
    changes.summaries += (now is not None) - (was is not None)
    changes.comments += (now.comment_count if now else 0) - (was.comment_count if was else 0)
    then, at = was.updated_at if was else None, now.updated_at if now else None
    if then == at:
        return
    paper = changes.papers[row.paper_id]
    paper.summaries += (now is not None) - (was is not None)
    if then is not None and (at is None or at < then):
        paper.afresh = True
    elif at is not None and (paper.latest is None or paper.latest < at):
        paper.latest = at


_STORED = (
    "summary_id", "paper_id", "author_id", "anonymous", "author_payload", "visibility", "retracted_at",
    "revision_number", "body_payload", "up", "down", "top", "hot", "controversial", "comment_count",
    "created_at", "updated_at", "listed",
)  # fmt: skip


async def _store(conn: Writer, rows: Mapping[UUID, SummaryRow]) -> None:
    await conn.execute(
        """
        INSERT INTO summary (summary_id, paper_id, author_id, anonymous, author_payload, visibility,
                             retracted_at, revision_number, body_payload, up, down, top, hot, controversial,
                             comment_count, created_at, updated_at, listed)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bool[], $5::uuid[], $6::text[],
                             $7::timestamptz[], $8::int[], $9::uuid[], $10::int[], $11::int[], $12::float8[],
                             $13::float8[], $14::float8[], $15::int[], $16::timestamptz[], $17::timestamptz[],
                             $18::bool[])
        ON CONFLICT (summary_id) DO UPDATE
           SET visibility = excluded.visibility, retracted_at = excluded.retracted_at,
               revision_number = excluded.revision_number, body_payload = excluded.body_payload,
               up = excluded.up, down = excluded.down, top = excluded.top, hot = excluded.hot,
               controversial = excluded.controversial, comment_count = excluded.comment_count,
               updated_at = excluded.updated_at, listed = excluded.listed
        """,
        *arrays(rows.values(), *_STORED),
    )


async def _store_counts(
    conn: Writer, ids: Sequence[UUID], tallies: Mapping[UUID, Tally], comments: Mapping[UUID, int]
) -> int:
    """Of summaries that no event of their own is about; by how much comments on listed ones change."""
    sql = "SELECT summary_id, up, down, created_at, listed FROM summary WHERE summary_id = ANY($1::uuid[])"
    before = {record["summary_id"]: record for record in await conn.fetch(sql, ids)}
    rows = [known(before, summary_id) for summary_id in ids]
    scores = [_voted(row["up"], row["down"], tallies.get(row["summary_id"])) for row in rows]
    await conn.execute(
        """
        UPDATE summary s
           SET up = c.up, down = c.down, top = c.top, hot = c.hot, controversial = c.controversial,
               comment_count = s.comment_count + c.comments
          FROM unnest($1::uuid[], $2::int[], $3::int[], $4::float8[], $5::float8[], $6::float8[], $7::int[])
               AS c(summary_id, up, down, top, hot, controversial, comments)
         WHERE s.summary_id = c.summary_id
        """,
        ids,
        [up for up, _ in scores],
        [down for _, down in scores],
        [wilson_lower_bound(up, down) for up, down in scores],
        [hot(*score, row["created_at"]) for score, row in zip(scores, rows, strict=True)],
        [controversial(up, down) for up, down in scores],
        [comments.get(summary_id, 0) for summary_id in ids],
    )
    return sum(comments.get(row["summary_id"], 0) for row in rows if row["listed"])
