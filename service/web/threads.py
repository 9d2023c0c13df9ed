"""Summaries with everything that a page shows of them, in a fixed number of reads for each level."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from projections import past_comment
from projections.comment import CommentRow, comments_of_summaries, replies_of
from projections.reading import Page, Reader, Slice
from projections.revision import revisions_by_number
from projections.summary import SummaryRow
from projections.text import TextRow, texts_by_payload
from projections.user import UserRow, users_by_id

COMMENTS = 50  # shown at each place of a thread; the API has all of them
LEVELS = 8  # of replies to replies


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and its replies, of which there may be more than are shown."""

    row: CommentRow
    replies: list["Thread"] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shown:
    """A summary and its threads.

    Shape:  cut: there are more than are shown; imported_at: when it was recorded, if it claims to be older.
    """

    row: SummaryRow
    threads: list[Thread]
    cut: bool
    imported_at: datetime | None


@dataclass(frozen=True, slots=True)
class Contents:
    """What rows refer to: texts by payload (absent when erased) and users."""

    texts: dict[UUID, TextRow]
    users: dict[UUID, UserRow]


async def shown(
    conn: Reader, rows: Sequence[SummaryRow], as_of: datetime | None = None
) -> tuple[list[Shown], Contents]:
    """The summaries with their comments, and the texts and people in all of them; as_of None is now."""
    slices = await _tops(conn, [row.summary_id for row in rows], as_of)
    tops = [[Thread(row) for row in one.rows] for one in slices]
    comments = await _grow([thread for one in tops for thread in one], conn, as_of)
    imported = await _imported(conn, rows)
    result = [
        Shown(row, top, one.has_next, at)
        for row, top, one, at in zip(rows, tops, slices, imported, strict=True)
    ]
    return result, await contents(conn, [*rows, *comments])


async def _imported(conn: Reader, rows: Sequence[SummaryRow]) -> list[datetime | None]:
    """When each one was recorded; None for those that are as old as they say."""
    firsts = await revisions_by_number(conn, [(row.summary_id, 1) for row in rows])
    return [one.recorded_at if one and one.recorded_at != one.created_at else None for one in firsts]


async def contents(conn: Reader, rows: Sequence[SummaryRow | CommentRow]) -> Contents:
    """Texts and authors of rows; not the texts of removed comments."""
    payloads = [row.body_payload for row in rows if not (isinstance(row, CommentRow) and row.removed)]
    authors = {row.author_id if isinstance(row, CommentRow) else row.named_author_id for row in rows}
    people = [author for author in authors if author is not None]
    texts = await texts_by_payload(conn, payloads)
    users = await users_by_id(conn, people)
    return Contents(
        {payload: text for payload, text in zip(payloads, texts, strict=True) if text},
        {user.user_id: user for user in users if user},
    )


async def _tops(conn: Reader, summary_ids: list[UUID], as_of: datetime | None) -> list[Slice[CommentRow]]:
    if as_of is None:
        return await comments_of_summaries(conn, summary_ids, Page(COMMENTS))
    return await past_comment.comments_of_summaries(conn, summary_ids, Page(COMMENTS), as_of)


async def _replies(conn: Reader, comment_ids: list[UUID], as_of: datetime | None) -> list[Slice[CommentRow]]:
    if as_of is None:
        return await replies_of(conn, comment_ids, Page(COMMENTS))
    return await past_comment.replies_of(conn, comment_ids, Page(COMMENTS), as_of)


async def _grow(threads: list[Thread], conn: Reader, as_of: datetime | None) -> list[CommentRow]:
    """Hang replies under threads, level by level; all comments of all levels."""
    rows = [thread.row for thread in threads]
    for _ in range(LEVELS if threads else 0):
        slices = await _replies(conn, [thread.row.comment_id for thread in threads], as_of)
        threads = _hang(threads, slices)
        rows += [thread.row for thread in threads]
        if not threads:
            break
    return rows


def _hang(parents: Sequence[Thread], slices: Sequence[Slice[CommentRow]]) -> list[Thread]:
    for parent, one in zip(parents, slices, strict=True):
        parent.replies.extend(Thread(row) for row in one.rows)
    return [reply for parent in parents for reply in parent.replies]
