"""What there is to announce of a summary."""

from datetime import datetime
from uuid import UUID

from projections.paper import papers_by_id
from projections.reading import Reader
from projections.summary import SummaryRow
from projections.text import texts_by_payload
from projections.user import users_by_id
from service.integrations.wording import Announcement


async def announcement_of(conn: Reader, row: SummaryRow, base_url: str) -> Announcement | None:
    """What is told of a summary. None when its text was erased."""
    [text] = await texts_by_payload(conn, [row.body_payload])
    [paper] = await papers_by_id(conn, [row.paper_id])
    author = None
    if row.named_author_id is not None:
        [author] = await users_by_id(conn, [row.named_author_id])
    if text is None or paper is None:
        return None
    return Announcement(
        author=author.display_name if author else None,
        title=paper.title,
        year=paper.year,
        text=text.plain,
        permalink=f"{base_url}/summaries/{row.summary_id}",
    )


async def last_public(conn: Reader, summary_id: UUID) -> tuple[int, datetime] | None:
    """Where and when a summary became public the last time. Source: read.event, events."""
    found = await conn.fetch(
        """
        SELECT e.position, l.recorded_at FROM read.event e JOIN events l USING (position)
         WHERE e.summary_id = $1 AND e.publishes ORDER BY e.position DESC LIMIT 1
        """,
        summary_id,
    )
    return (found[0]["position"], found[0]["recorded_at"]) if found else None
