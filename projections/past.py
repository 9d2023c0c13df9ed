"""Summaries as they stood at a time, by the dates shown; `past_writer` writes what was when.

What is of a time has a date up to it. Dates that are claimed may run backwards: of the revisions, the
visibilities and the texts up to a time, the one that the log has last is in force, as it is today.
Today's visibility applies too: what is hidden today was never there, for those whom it is hidden from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from projections.reading import Page, Reader, Slice, in_order, row_maker
from projections.score import controversial, hot, wilson_lower_bound
from projections.summary import SummaryOrder, SummaryRow
from service.domain.events import Visibility
from service.domain.policy import is_listed, may_see_summary


class PastSummaryRow(SummaryRow, frozen=True):
    """A summary as it stood; the last two are of today."""

    withdrawn: bool
    visibility_today: str


# Votes whose claimed dates run backwards could take away what was not there yet: no sum is below 0.
SCORE = """
SELECT greatest(coalesce(sum(up), 0), 0) AS up, greatest(coalesce(sum(down), 0), 0) AS down
  FROM read.score_change WHERE at <= $1::timestamptz AND subject_id ="""

_THEN = f"""
SELECT s.summary_id, s.paper_id, s.author_id, s.anonymous, s.author_payload, v.visibility,
       CASE WHEN s.retracted_at <= $1 THEN s.retracted_at END AS retracted_at,
       r.number AS revision_number, r.body_payload, p.up, p.down, p.up - p.down AS net, s.top, s.hot,
       s.controversial, c.comment_count, s.created_at, r.created_at AS updated_at, s.listed,
       s.retracted_at IS NOT NULL AS withdrawn, s.visibility AS visibility_today
  FROM read.summary s
 CROSS JOIN LATERAL (
       SELECT * FROM read.revision r WHERE r.summary_id = s.summary_id AND r.created_at <= $1
        ORDER BY r.number DESC LIMIT 1) r
 CROSS JOIN LATERAL (
       SELECT * FROM read.summary_visibility v WHERE v.summary_id = s.summary_id AND v.at <= $1
        ORDER BY v.position DESC LIMIT 1) v
 CROSS JOIN LATERAL ({SCORE} s.summary_id) p
 CROSS JOIN LATERAL (
       WITH RECURSIVE thread AS (
            SELECT comment_id, created_at FROM read.comment
             WHERE summary_id = s.summary_id AND parent_id IS NULL
             UNION ALL
            SELECT c.comment_id, c.created_at
              FROM thread t JOIN read.comment c ON c.parent_id = t.comment_id)
       SELECT count(*) AS comment_count FROM thread WHERE created_at <= $1) c
 WHERE s.created_at <= $1 AND """  # noqa: S608 (ours)


async def summaries_by_id(
    conn: Reader, ids: Sequence[UUID], as_of: datetime, viewer: UUID | None
) -> list[PastSummaryRow | None]:
    """Summaries by address, as far as the viewer might see them then, and may today.

    Shape:  result[i] belongs to ids[i]; None for an unknown id, for a later one and for a hidden one.
    Source: read.summary, and for what was when read.revision, summary_visibility, score_change, comment.
    """
    records = await conn.fetch(_THEN + "s.summary_id = ANY($2::uuid[])", as_of, ids)
    rows = map(_row, records)
    return in_order(ids, ((row.summary_id, row) for row in rows if _is_visible(row, viewer)))


async def summaries_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], as_of: datetime
) -> list[list[PastSummaryRow]]:
    """All summaries of each paper that were listed then and are today, in no order: see `page_of`.

    Shape:  result[i] belongs to paper_ids[i].
    Source: as `summaries_by_id`.
    """
    records = await conn.fetch(_THEN + "s.listed AND s.paper_id = ANY($2::uuid[])", as_of, paper_ids)
    found: dict[UUID, list[PastSummaryRow]] = {paper_id: [] for paper_id in paper_ids}
    for row in map(_row, records):
        if row.listed:
            found[row.paper_id].append(row)
    return [found[paper_id] for paper_id in paper_ids]


def page_of(rows: Sequence[PastSummaryRow], page: Page, order: SummaryOrder) -> Slice[PastSummaryRow]:
    """A page of a paper's summaries in the order of then, as `summary.summaries_of_papers` has today's.

    Shape:  page.after is row.key(order), of a row of the same time.
    """
    falls = order is not SummaryOrder.OLDEST
    keyed = sorted(((row.key(order), row) for row in rows), key=lambda one: one[0], reverse=falls)
    if (after := page.after) is not None:
        keyed = [one for one in keyed if (one[0] < after if falls else one[0] > after)]
    return Slice([row for _, row in keyed[: page.first]], len(keyed) > page.first)


async def own_summary_of_papers(
    conn: Reader, paper_ids: Sequence[UUID], as_of: datetime, viewer: UUID
) -> list[PastSummaryRow | None]:
    """The viewer's own summary of each paper, unless it was retracted then.

    Shape:  result[i] belongs to paper_ids[i]; of several, the one that had changed last.
    Source: as `summaries_by_id`.
    """
    own = "s.author_id = $3 AND s.paper_id = ANY($2::uuid[]) AND coalesce(s.retracted_at > $1, true)"
    rows = [_row(record) for record in await conn.fetch(_THEN + own, as_of, paper_ids, viewer)]
    rows.sort(key=lambda row: row.key(SummaryOrder.LATEST))
    return in_order(paper_ids, ((row.paper_id, row) for row in rows))


_as_read = row_maker(PastSummaryRow)


def _row(record: Any) -> PastSummaryRow:
    row = _as_read(record)
    return replace(
        row,
        top=wilson_lower_bound(row.up, row.down),
        hot=hot(row.up, row.down, row.created_at),
        controversial=controversial(row.up, row.down),
        listed=is_listed(Visibility(row.visibility), row.retracted_at is not None),
    )


def _is_visible(row: PastSummaryRow, viewer: UUID | None) -> bool:
    then, today = Visibility(row.visibility), Visibility(row.visibility_today)
    return may_see_summary(viewer, row.author_id, then, row.retracted_at is not None) and may_see_summary(
        viewer, row.author_id, today, row.withdrawn
    )
