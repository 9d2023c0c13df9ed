"""What votes came to over time, and on which revision."""

from datetime import datetime
from enum import Enum
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError

from projections import vote_history
from schema.connections import MOST
from schema.context import Operation


@strawberry.enum(description="An interval of the calendar, in UTC.")
class CalendarInterval(Enum):
    DAY = strawberry.enum_value("DAY", description="From midnight to midnight.")
    WEEK = strawberry.enum_value("WEEK", description="From Monday to Sunday.")
    MONTH = strawberry.enum_value("MONTH", description="From its first day to its last.")
    YEAR = strawberry.enum_value("YEAR", description="From January to December.")


Interval = Annotated[
    CalendarInterval,
    strawberry.argument(description="How long each step is: not shorter than a day, for the voters' sake."),
]
Last = Annotated[int, strawberry.argument(description="How many of the newest steps, from 0 to 100.")]


@strawberry.type(description="The sums of the votes on something, at a time.")
class ScoreAt:
    until: datetime = strawberry.field(
        description="The end of the interval, which may be yet to come: all votes before it are in the sums."
    )
    up: int = strawberry.field(description="How many had voted up.")
    down: int = strawberry.field(description="How many had voted down.")
    net: int = strawberry.field(description="Up votes less down votes.")


@strawberry.type(description="The votes that were cast while a revision was the current one.")
class RevisionScore:
    revision_number: int = strawberry.field(description="The revision's number.")
    up: int = strawberry.field(description="How many of those in force are up.")
    down: int = strawberry.field(description="How many of those in force are down.")


async def over_time(
    operation: Operation, subject_id: UUID, interval: CalendarInterval, last: int, as_of: datetime | None
) -> list[ScoreAt]:
    """Errors: GraphQLError INVALID."""
    if not 0 <= last <= MOST:
        raise GraphQLError(
            f"last is {last:,}, and from 0 to {MOST} steps are shown: take a longer interval, or an earlier "
            "asOf for what was before.",
            extensions={"code": "INVALID", "argument": "last", "limit": MOST, "amount": last},
        )
    by = vote_history.CalendarInterval[interval.name]
    rows = await operation.loaders.scores_over_time.load((subject_id, by, last, as_of))
    return [ScoreAt(until=row.until, up=row.up, down=row.down, net=row.up - row.down) for row in rows]


async def by_revision(
    operation: Operation, summary_id: UUID, revisions: int, as_of: datetime | None
) -> list[RevisionScore]:
    """Of all revisions up to this number."""
    scores = await operation.loaders.scores_by_revision.load((summary_id, as_of))
    sums = ((number, scores.get(number, (0, 0))) for number in range(1, revisions + 1))
    return [RevisionScore(revision_number=number, up=up, down=down) for number, (up, down) in sums]
