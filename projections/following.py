"""What followers of the log are told of: where summaries became public, and where anything happened.

Each is a place in the log with what filters ask for. Whether it may be shown is decided when it is sent.
"""

from collections.abc import Sequence
from uuid import UUID

from msgspec import Struct

from projections import event
from projections.event import EventFilter
from projections.feed import FeedFilter
from projections.paper import folded_keyword
from projections.papers import PaperFilter, spelled
from projections.reading import Reader, row_maker


class Publication(Struct, frozen=True):
    """A summary became public here.

    Shape:  keywords as registered; username is folded, and None for an anonymous one.
    """

    position: int
    summary_id: UUID
    venue_key: str | None
    year: int | None
    keywords: Sequence[str]
    username: str | None

    def is_asked(self, filter: FeedFilter) -> bool:
        """As `publications` selects."""
        return (
            filter.venue_key in (None, self.venue_key)
            and filter.year in (None, self.year)
            and (filter.keyword is None or _folded(filter.keyword) in map(folded_keyword, self.keywords))
            and (filter.username is None or filter.username.casefold() == self.username)
        )


class Happening(Struct, frozen=True):
    """Something happened here, to this subject, which belongs to this paper if it does."""

    position: int
    type: str
    subject_id: UUID | None
    paper_id: UUID | None

    def is_asked(self, filter: EventFilter) -> bool:
        """As `happenings` selects."""
        return (
            (filter.types is None or self.type in filter.types)
            and (filter.subject is None or filter.subject[1] == self.subject_id)
            and (filter.paper_id is None or filter.paper_id == self.paper_id)
        )


EVERY_SUMMARY = FeedFilter()
_publication, _happening = row_maker(Publication), row_maker(Happening)
_AUTHOR = "NOT s.anonymous AND u.folded_username = ${}::text"


async def publications(
    conn: Reader, after: int, limit: int, filter: FeedFilter = EVERY_SUMMARY
) -> list[Publication]:
    """Where summaries became public, after a position, in order; also those that are hidden again.

    Source: read.event, read.summary, read.paper, read.user.
    """
    table, conditions, values = PaperFilter(filter.venue_key, filter.year, filter.keyword).selected(3)
    if filter.username is not None:
        conditions.append(_AUTHOR.format(3 + len(values)))
        values.append(filter.username.casefold())
    where = " AND ".join(["e.publishes AND e.position > $1", *conditions])
    records = await conn.fetch(
        f"""
        SELECT e.position, s.summary_id, p.venue_key, p.year, p.keywords,
               CASE WHEN NOT s.anonymous THEN u.folded_username END AS username
          FROM read.event e
          JOIN read.summary s USING (summary_id)
          JOIN {table} ON p.paper_id = s.paper_id
          LEFT JOIN read."user" u ON u.user_id = s.author_id
         WHERE {where} ORDER BY e.position LIMIT $2
        """,  # noqa: S608 (ours)
        after,
        limit,
        *values,
    )
    return [_publication(record) for record in records]


async def happenings(
    conn: Reader, after: int, limit: int, filter: EventFilter = event.ALL
) -> list[Happening]:
    """Where anything happened, after a position, in order, whoever may see it. Source: read.event."""
    conditions, values = event.selected(filter, 3)
    where = " AND ".join(["e.position > $1", *conditions])
    records = await conn.fetch(
        f"""
        SELECT e.position, e.type, e.subject_id, e.paper_id
          FROM read.event e WHERE {where} ORDER BY e.position LIMIT $2
        """,  # noqa: S608 (ours)
        after,
        limit,
        *values,
    )
    return [_happening(record) for record in records]


def _folded(keyword: str) -> str:
    return folded_keyword(spelled(keyword))
