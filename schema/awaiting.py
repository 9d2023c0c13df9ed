"""Waits for what a follower of the log has not written yet, for a bounded time."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from graphql import GraphQLError

from projections.blame import blames_by_number
from projections.reading import Reader
from schema.batching import Batched
from schema.cost import check_rows
from schema.places import Places
from service.text.blame import BlameRow

Number = tuple[UUID, int]  # a summary, and the number of its revision
AGAIN_SECONDS = 0.05  # how often it is asked again
AT_ONCE = 4  # operations that wait: each keeps its snapshot, and so a connection of the pool


def blames(conn: Reader, live: Reader, places: Places, wait_seconds: float) -> Batched[Number, BlameRow]:
    """The blames of revisions whose texts survive.

    Shape:  what the snapshot of `conn` does not have yet is asked of `live`, which sees it come: a text never
            changes, so its blame fits, whenever it was made.
    Errors: GraphQLError NOT_YET_VISIBLE when the time runs out, or nobody more may wait; LIMIT_EXCEEDED for
            more spans than anybody may ask for.
    """

    async def load(numbers: list[Number]) -> list[BlameRow]:
        found = dict(zip(numbers, await blames_by_number(conn, numbers), strict=True))
        missing = [number for number in numbers if found[number] is None]
        if missing:
            found |= await _awaited(live, missing, places, wait_seconds)
        rows = [row for number in numbers if (row := found[number])]
        check_rows(sum(len(row.lengths) for row in rows))
        return rows

    return load


async def _awaited(
    live: Reader, numbers: Sequence[Number], places: Places, seconds: float
) -> dict[Number, BlameRow | None]:
    if not places.enter():
        raise _not_yet()
    try:
        async with asyncio.timeout(seconds):
            while None in (rows := await blames_by_number(live, numbers)):  # noqa: ASYNC110 (PostgreSQL tells nobody)
                await asyncio.sleep(AGAIN_SECONDS)
            return dict(zip(numbers, rows, strict=True))
    except TimeoutError as late:
        raise _not_yet() from late
    finally:
        places.leave()


def _not_yet() -> GraphQLError:
    return GraphQLError(
        "Where the words of this text come from is not worked out yet: ask again in a moment.",
        extensions={"code": "NOT_YET_VISIBLE"},
    )
