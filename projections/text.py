"""Texts: what was written, and what it looks like."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from projections.reading import Reader, in_order


@dataclass(frozen=True, slots=True)
class TextRow:
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
