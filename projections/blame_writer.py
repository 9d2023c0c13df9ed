"""What a batch of events changes in the blame: read what is there, compute in a thread, write."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import msgspec

from projections.reading import Reader
from projections.writing import Writer
from service.domain.events import PayloadsErased, Revising, revision_of
from service.eventstore.model import Recorded
from service.text.blame import BlameRow, Lineage, digest, last_revision
from service.text.removed import Removed

TEXTS = 20  # how many are in memory at once

Revision = tuple[int, UUID]  # its number, and the payload of its text


@dataclass(slots=True)
class Work:
    """What a batch means for one summary.

    Shape:  revisions to add, in order: to those that are there, or anew, instead of them; since is the
            last one that is there; made are (number, payload, digest, row).
    """

    summary_id: UUID
    revisions: list[Revision] = field(default_factory=list)
    anew: bool = False
    since: int = 0
    lineage: Lineage = field(default_factory=Lineage)
    made: list[tuple[int, UUID, bytes, BlameRow]] = field(default_factory=list)


async def prepare(conn: Reader, events: Sequence[Recorded]) -> list[Work]:
    """Compute what a batch changes, before its transaction.

    A text that is erased before it is read here gets no row. One that is erased later has a row when the
    event that tells so comes; then its summary's rows are made anew from the texts that survive.
    """
    works = await _works(conn, events)
    for work in works:
        await _begin(conn, work)
        for start in range(0, len(work.revisions), TEXTS):
            await _add(conn, work, work.revisions[start : start + TEXTS])
    return works


async def write(conn: Writer, works: Iterable[Work]) -> None:
    """Write the rows of a batch; removed words that are too old to be looked for are dropped."""
    for work in works:
        if work.anew:
            await conn.execute("DELETE FROM blame WHERE summary_id = $1", work.summary_id)
        await conn.execute(
            "DELETE FROM removed_words WHERE summary_id = $1 AND ($2 OR number < $3)",
            work.summary_id,
            work.anew,
            work.lineage.removed[0].number if work.lineage.removed else 0,
        )
        await _insert(conn, "blame", [_blame(work.summary_id, *one) for one in work.made])
        removed = [one for one in work.lineage.removed if one.number >= work.since]
        await _insert(conn, "removed_words", [_removed(work.summary_id, one) for one in removed])


async def _works(conn: Reader, events: Sequence[Recorded]) -> list[Work]:
    works: dict[UUID, Work] = {}
    erased: list[UUID] = []
    for one in events:
        if isinstance(one.event, PayloadsErased):
            erased += one.event.payload_ids
        elif isinstance(one.event, Revising):
            work = works.setdefault(one.event.originator_id, Work(one.event.originator_id))
            work.revisions.append((revision_of(one.event), one.payloads["body"]))
    for record in await conn.fetch(
        "SELECT summary_id FROM blame WHERE body_payload = ANY($1::uuid[])", erased
    ):
        works.setdefault(record["summary_id"], Work(record["summary_id"])).anew = True
    return list(works.values())


async def _begin(conn: Reader, work: Work) -> None:
    """Go on from the last revision that is there, or from nothing."""
    found = await conn.fetch(
        """
        SELECT b.number, p.content, b.lengths, b.origins
          FROM blame b JOIN payloads p ON p.payload_id = b.body_payload
         WHERE b.summary_id = $1 ORDER BY b.number DESC LIMIT 1
        """,
        work.summary_id,
    )
    for number, content, lengths, origins in found:
        if work.anew or content is None:  # erased just now
            await _begin_anew(conn, work)
        else:
            row = BlameRow(lengths, origins)
            last = await asyncio.to_thread(last_revision, number, content.decode(), row)
            work.since, work.lineage = number, Lineage(last, await _removed_words(conn, work.summary_id))


async def _begin_anew(conn: Reader, work: Work) -> None:
    sql = "SELECT number, body_payload FROM blame WHERE summary_id = $1 ORDER BY number"
    there = [tuple(record) for record in await conn.fetch(sql, work.summary_id)]
    work.anew, work.revisions = True, [*there, *work.revisions]


async def _removed_words(conn: Reader, summary_id: UUID) -> list[Removed]:
    sql = "SELECT number, fingerprints, origins FROM removed_words WHERE summary_id = $1 ORDER BY number"
    return [Removed(*record) for record in await conn.fetch(sql, summary_id)]


async def _add(conn: Reader, work: Work, revisions: Sequence[Revision]) -> None:
    texts = await _texts(conn, [body for _, body in revisions])
    if not work.anew:
        work.lineage.known |= await _known(conn, work.summary_id, texts.values())
    for number, body in revisions:
        if body in texts:
            row = await asyncio.to_thread(work.lineage.add, number, texts[body])
            work.made.append((number, body, digest(texts[body]), row))


async def _texts(conn: Reader, payload_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Those that are not erased."""
    sql = (
        "SELECT payload_id, content FROM payloads WHERE payload_id = ANY($1::uuid[]) AND content IS NOT NULL"
    )
    return {record["payload_id"]: record["content"].decode() for record in await conn.fetch(sql, payload_ids)}


async def _known(conn: Reader, summary_id: UUID, texts: Iterable[str]) -> Mapping[bytes, BlameRow]:
    """The blame of the revisions that have had these texts before."""
    sql = "SELECT digest, lengths, origins FROM blame WHERE summary_id = $1 AND digest = ANY($2::bytea[])"
    records = await conn.fetch(sql, summary_id, [digest(text) for text in texts])
    return {record["digest"]: BlameRow(record["lengths"], record["origins"]) for record in records}


async def _insert(conn: Writer, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await conn.execute(
            f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, $1::json)",  # noqa: S608
            msgspec.json.encode(rows).decode(),
        )


def _blame(summary_id: UUID, number: int, body: UUID, digest: bytes, row: BlameRow) -> dict[str, Any]:
    return {
        "summary_id": summary_id,
        "number": number,
        "body_payload": body,
        "digest": f"\\x{digest.hex()}",
        "lengths": row.lengths,
        "origins": row.origins,
    }


def _removed(summary_id: UUID, removed: Removed) -> dict[str, Any]:
    return {"summary_id": summary_id, **removed._asdict()}
