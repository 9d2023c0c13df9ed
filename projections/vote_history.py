"""What votes came to over time, and on which revision they were cast: sums only, never whose they were."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from projections.reading import Reader


class ScoreRow(Struct, frozen=True):
    """The sums of the votes at a time."""

    until: datetime
    up: int
    down: int


class CalendarInterval(StrEnum):
    """Of the calendar in UTC. There is none finer than a day: the moment of a vote is not told."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


async def scores_over_time(
    conn: Reader, subject_ids: Sequence[UUID], interval: CalendarInterval, last: int, as_of: datetime | None
) -> list[list[ScoreRow]]:
    """The sums at the end of each interval that changed them: the newest `last` ones, oldest first.

    Shape:  result[i] belongs to subject_ids[i], summaries or comments; as_of None is now.
    Units:  until is when the next interval begins, in UTC, but at most as_of; weeks begin on Monday.
    Source: read.score_change, built from VoteCast and VoteWithdrawn.
    """
    records = await conn.fetch(
        """
        SELECT i.n, s.up, s.down,
               least((s.began + ('1 ' || $2)::interval) AT TIME ZONE 'UTC', $4::timestamptz) AS until
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (
               SELECT c.began, sum(sum(c.up)) OVER past AS up, sum(sum(c.down)) OVER past AS down
                 FROM (SELECT date_trunc($2::text, at AT TIME ZONE 'UTC') AS began, up, down
                         FROM read.score_change
                        WHERE subject_id = i.id AND at <= coalesce($4::timestamptz, 'infinity')) c
                GROUP BY c.began HAVING sum(c.up) <> 0 OR sum(c.down) <> 0
               WINDOW past AS (ORDER BY c.began)
                ORDER BY c.began DESC LIMIT $3) s
         ORDER BY i.n, s.began
        """,
        subject_ids,
        interval.value,
        last,
        as_of,
    )
    rows: list[list[ScoreRow]] = [[] for _ in subject_ids]
    for one in records:
        rows[one["n"] - 1].append(ScoreRow(one["until"], int(one["up"]), int(one["down"])))
    return rows


async def scores_by_revision(
    conn: Reader, summary_ids: Sequence[UUID], as_of: datetime | None
) -> list[Mapping[int, tuple[int, int]]]:
    """How many of the votes in force are up and down, by the revision that was current when they were cast.

    Shape:  result[i] belongs to summary_ids[i]: by number, (up, down); as_of None is now.
    Source: read.vote and read.revision; for a time in the past the log, as read.vote has only today's votes.
    """
    if as_of is None:
        records = await conn.fetch(_BY_REVISION.format("", "read.vote"), summary_ids)
    else:
        past = _BY_REVISION.format("AND r.created_at <= $2::timestamptz", _VOTES_THEN)
        records = await conn.fetch(past, summary_ids, as_of)
    scores: list[dict[int, tuple[int, int]]] = [{} for _ in summary_ids]
    for one in records:
        scores[one["n"] - 1][one["number"]] = (one["up"], one["down"])
    return [*scores]


# A summary's revisions are numbered in the order of the log, so the place of a vote's position among
# theirs says which one it was. Claimed times may run backwards: what was voted on was there at least.
_BY_REVISION = """
WITH made AS (
     SELECT i.n, i.id, array_agg(r.position ORDER BY r.number) AS positions,
            array_agg(r.number ORDER BY r.number) AS numbers
       FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
       JOIN read.revision r ON r.summary_id = i.id {0}
      GROUP BY i.n, i.id)
SELECT m.n, m.numbers[greatest(width_bucket(v.position, m.positions), 1)] AS number,
       count(*) FILTER (WHERE v.value = 'UP') AS up, count(*) FILTER (WHERE v.value = 'DOWN') AS down
  FROM made m JOIN {1} v ON v.subject_id = m.id
 GROUP BY 1, 2
"""
_VOTES_THEN = """(
     SELECT DISTINCT ON (l.stream_id) e.subject_id, e.position,
            convert_from(l.data, 'UTF8')::json ->> 'value' AS value
       FROM read.event e JOIN events l USING (position)
      WHERE e.summary_id = ANY($1::uuid[]) AND e.subject_id = e.summary_id
        AND e.type IN ('VoteCast', 'VoteWithdrawn')
        AND coalesce(l.occurred_at, l.recorded_at) <= $2::timestamptz
      ORDER BY l.stream_id, l.version DESC)"""
