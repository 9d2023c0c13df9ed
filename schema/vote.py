"""Votes: only their sums are shown, and to viewers their own."""

from datetime import datetime
from uuid import UUID

import strawberry

from schema.context import Info, Operation
from schema.enums import VoteValue
from schema.fields import later, resolved
from schema.score import CalendarInterval, Interval, Last, ScoreAt, over_time


@strawberry.type(description="The sums of the votes on something. Who voted is never shown.")
class Score:
    subject_id: strawberry.Private[UUID]
    as_of: strawberry.Private[datetime | None] = None
    net: int = strawberry.field(description="Up votes less down votes.")
    up: int = strawberry.field(description="How many voted up.")
    down: int = strawberry.field(description="How many voted down.")

    @resolved(description="The viewer's own vote; null without one.")
    def viewer_vote(self, info: Info) -> VoteValue | None:
        return None if info.context.viewer is None else later(self._vote_of_viewer(info.context))

    @resolved(
        description="The sums at the end of each day, week, month or year that changed them, oldest first. "
        "On a view of the past, up to its time."
    )
    async def over_time(
        self, info: Info, interval: Interval = CalendarInterval.DAY, last: Last = 100
    ) -> list[ScoreAt]:
        return await over_time(info.context, self.subject_id, interval, last, self.as_of)

    async def _vote_of_viewer(self, operation: Operation) -> VoteValue | None:
        value = await operation.loaders_at(self.as_of).viewer_vote(self.subject_id)
        return None if value is None else VoteValue[value]


@strawberry.interface(description="Anything that can be voted on.")
class Votable:
    id: strawberry.ID = strawberry.field(description="Globally unique and opaque.")
    score: Score = strawberry.field(description="The sums of its votes.")


def score_of(subject_id: UUID, up: int, down: int, as_of: datetime | None = None) -> Score:
    return Score(subject_id=subject_id, as_of=as_of, net=up - down, up=up, down=down)
