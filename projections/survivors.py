"""Which revisions still have their texts: what is compared steps over those that were redacted."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from projections.reading import Reader, in_order


class Version(NamedTuple):
    """A revision's text: the revision's number, and the payload that holds it."""

    number: int
    payload: UUID


async def survivors_before(
    conn: Reader, numbers: Sequence[tuple[UUID, int]], as_of: datetime | None = None
) -> list[Version | None]:
    """For revisions by (summary_id, number): the nearest one before each whose text survives.

    As of a time: of those that were there, by their dates, which may run backwards.

    Shape:  result[i] belongs to numbers[i]; None when there is none.
    Source: read.revision; payloads, for what survives.
    """
    records = await conn.fetch(
        """
        SELECT i.summary_id, i.number AS of, before.*
          FROM unnest($1::uuid[], $2::int[]) AS i(summary_id, number)
         CROSS JOIN LATERAL (
               SELECT r.number, r.body_payload
                 FROM read.revision r
                 JOIN payloads p ON p.payload_id = r.body_payload AND p.content IS NOT NULL
                WHERE r.summary_id = i.summary_id AND r.number < i.number
                  AND ($3::timestamptz IS NULL OR r.created_at <= $3)
                ORDER BY r.number DESC LIMIT 1) before
        """,
        *_arrays(numbers),
        as_of,
    )
    return in_order(numbers, (((one["summary_id"], one["of"]), _version(one)) for one in records))


async def survivors_near(conn: Reader, numbers: Sequence[tuple[UUID, int]], most: int) -> list[list[Version]]:
    """For revisions by (summary_id, number): those of its summary's nearest ones whose texts survive.

    Shape:  result[i] belongs to numbers[i], with the revision itself, by number.
    Units:  most is how many revisions are looked at, redacted ones among them.
    Source: read.revision; payloads, for what survives.
    """
    records = await conn.fetch(
        """
        SELECT i.n, near.*
          FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS i(summary_id, number, n)
         CROSS JOIN LATERAL (
               SELECT r.number, r.body_payload
                 FROM read.revision r
                WHERE r.summary_id = i.summary_id
                ORDER BY abs(r.number - i.number), r.number LIMIT $3) near
          JOIN payloads p ON p.payload_id = near.body_payload AND p.content IS NOT NULL
         ORDER BY i.n, near.number
        """,
        *_arrays(numbers),
        most,
    )
    found: list[list[Version]] = [[] for _ in numbers]
    for one in records:
        found[one["n"] - 1].append(_version(one))
    return found


def _arrays(numbers: Sequence[tuple[UUID, int]]) -> tuple[list[UUID], list[int]]:
    return [summary_id for summary_id, _ in numbers], [number for _, number in numbers]


def _version(record: Any) -> Version:
    return Version(record["number"], record["body_payload"])
