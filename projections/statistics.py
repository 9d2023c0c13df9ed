"""How much there is of everything."""

from msgspec import Struct

from projections.reading import Reader, row_maker
from projections.summary_writer import Changes
from projections.writing import Writer


class StatisticsRow(Struct, frozen=True):
    """Listed summaries; papers; comments on listed summaries, removed ones too; users."""

    public_summary_count: int
    paper_count: int
    comment_count: int
    user_count: int


_statistics = row_maker(StatisticsRow)


async def statistics(conn: Reader) -> StatisticsRow:
    """Counts of the whole site. Source: read.statistics, built from all events."""
    [record] = await conn.fetch("SELECT * FROM read.statistics")
    return _statistics(record)


async def apply(conn: Writer, papers: int, users: int, changes: Changes) -> None:
    """Write what a batch adds."""
    more = (changes.summaries, papers, changes.comments, users)
    if any(more):
        await conn.execute(
            """
            UPDATE statistics
               SET public_summary_count = public_summary_count + $1, paper_count = paper_count + $2,
                   comment_count = comment_count + $3, user_count = user_count + $4
            """,
            *more,
        )
