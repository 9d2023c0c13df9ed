"""Texts: what was written, and what it looks like."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct

from projections.reading import Reader, in_order
from projections.writing import Writer, on_schema
from service.domain.events import PayloadsErased
from service.eventstore.model import Recorded
from service.text import RENDERER_VERSION, Rendered, render


class TextRow(Struct, frozen=True):
    """source is byte for byte as written; references are papers that it links to, (scheme, value)."""

    source: str
    html: str
    plain: str
    references: tuple[tuple[str, str], ...]


async def texts_by_payload(conn: Reader, payload_ids: Sequence[UUID]) -> list[TextRow | None]:
    """Texts of summaries, revisions and comments, as the newest renderer has shown them.

    Shape:  result[i] belongs to payload_ids[i]; None when erased.
    Errors: LookupError for a text that no projection has rendered.
    Source: payloads and rendered.
    """
    records = await conn.fetch(
        """
        SELECT p.payload_id, p.content, r.html, r.plain, r.reference_schemes, r.reference_values
          FROM payloads p
          LEFT JOIN LATERAL (SELECT * FROM rendered r WHERE r.payload_id = p.payload_id
                              ORDER BY r.renderer_version DESC LIMIT 1) r ON true
         WHERE p.payload_id = ANY($1::uuid[]) AND p.content IS NOT NULL
        """,
        payload_ids,
    )
    return in_order(payload_ids, ((record["payload_id"], _text(record)) for record in records))


async def sources_by_payload(conn: Reader, payload_ids: Sequence[UUID]) -> list[str | None]:
    """Plain texts, such as the notes of revisions.

    Shape:  result[i] belongs to payload_ids[i]; None when erased.
    Source: payloads.
    """
    records = await conn.fetch(
        """
        SELECT payload_id, content FROM payloads WHERE payload_id = ANY($1::uuid[]) AND content IS NOT NULL
        """,
        payload_ids,
    )
    return in_order(payload_ids, ((record["payload_id"], record["content"].decode()) for record in records))


def _text(record: Any) -> TextRow:
    if record["html"] is None:
        raise LookupError(f"text {record['payload_id']} was not rendered")
    references = zip(record["reference_schemes"], record["reference_values"], strict=True)
    return TextRow(record["content"].decode(), record["html"], record["plain"], tuple(references))


Render = Callable[[str, UUID], Rendered]
_LOCK = 0x53_53_74_65_78_74  # any number will do; all who write `rendered` take the same one


def render_text(source: str, payload_id: UUID) -> Rendered:
    """The text's HTML; ids of its footnotes begin with its payload's."""
    return render(source, anchor=payload_id.hex)


async def prepare(
    conn: asyncpg.Connection, events: Sequence[Recorded], render_one: Render = render_text
) -> dict[UUID, Rendered]:
    """Render the texts of a batch that have no HTML of this version yet, in a thread, before its transaction.

    Shape:  by payload; without those erased already. The events' own contents are not looked at.
    """
    bodies = [one.payloads["body"] for one in events if "body" in one.payloads]
    texts = await _not_rendered(conn, bodies) if bodies else {}
    return await asyncio.to_thread(_render_all, texts, render_one) if texts else {}


async def apply(conn: Writer, events: Sequence[Recorded], rendered: Mapping[UUID, Rendered]) -> None:
    """Keep what was rendered, and drop what was erased.

    A text may be erased between its rendering and here. Who stores takes a lock shared, looks after
    that whether the text is still there, and commits; who drops takes it alone, so after all of them.
    """
    erased = [i for one in events if isinstance(one.event, PayloadsErased) for i in one.event.payload_ids]
    if erased:
        await conn.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
    elif rendered:
        await conn.execute("SELECT pg_advisory_xact_lock_shared($1)", _LOCK)
    if rendered:
        await _store(conn, rendered)
    if erased:
        await conn.execute("DELETE FROM rendered WHERE payload_id = ANY($1::uuid[])", erased)


async def _not_rendered(conn: asyncpg.Connection, payload_ids: Sequence[UUID]) -> dict[UUID, str]:
    async with on_schema(conn, "public"):
        records = await conn.fetch(
            """
            SELECT p.payload_id, p.content FROM payloads p
             WHERE p.payload_id = ANY($1::uuid[]) AND p.content IS NOT NULL
               AND NOT EXISTS (SELECT FROM rendered r
                                WHERE r.payload_id = p.payload_id AND r.renderer_version = $2)
            """,
            payload_ids,
            RENDERER_VERSION,
        )
    return {record["payload_id"]: record["content"].decode() for record in records}


def _render_all(texts: Mapping[UUID, str], render_one: Render) -> dict[UUID, Rendered]:
    return {payload_id: render_one(source, payload_id) for payload_id, source in texts.items()}


async def _store(conn: Writer, rendered: Mapping[UUID, Rendered]) -> None:
    await conn.execute(  # in the order of ids: another process may store the same ones now
        """
        INSERT INTO rendered
        SELECT r.* FROM json_populate_recordset(NULL::rendered, $1::json) AS r
          JOIN payloads p ON p.payload_id = r.payload_id AND p.content IS NOT NULL
         ORDER BY r.payload_id
        ON CONFLICT DO NOTHING
        """,
        msgspec.json.encode([_record(*item) for item in rendered.items()]).decode(),
    )


def _record(payload_id: UUID, rendered: Rendered) -> dict[str, Any]:
    return {
        "payload_id": payload_id,
        "renderer_version": RENDERER_VERSION,
        "html": rendered.html,
        "plain": rendered.plain,
        "reference_schemes": [one.scheme for one in rendered.references],
        "reference_values": [one.value for one in rendered.references],
    }
