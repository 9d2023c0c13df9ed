"""What viewers are answered while a history plays, to be asked again as of then."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from schema.context import Context
from schema.ids import NodeId
from schema.scalars import written_date_time
from tests.projections.history import Action, World, play
from tests.schema.people import Api

# Nothing of it is of today: not what the viewer may do, and no names of people, which can be erased.
WHOLE = """
fragment Who on Actor { __typename ... on User { id } }
fragment Said on Comment {
  id body bodyHtml onRevision createdAt editedAt summary { id } parent { id } author { ...Who }
  score { net up down viewerVote }
}
fragment Whole on Summary {
  id body bodyHtml excerpt visibility retractedAt createdAt updatedAt commentCount permalink revisionNumber
  score { net up down viewerVote } author { ...Who } paper { id } mentions { id }
  revisions(first: 30) {
    totalCount nodes { id number note body createdAt recordedAt position summary { id } }
  }
  second: revision(number: 2) { body }
  comments(first: 8) { totalCount pageInfo { hasNextPage } nodes { ...Said
    replies(first: 6) { totalCount nodes { ...Said replies(first: 3) { totalCount nodes { ...Said } } } } } }
}
"""
PAPER = (
    WHOLE
    + """
query ($id: ID!, $asOf: DateTime) { paper(by: {id: $id}, asOf: $asOf) {
  id title createdAt viewerSummary { id body }
  TOP: summaries(first: 6) { totalCount pageInfo { hasNextPage } nodes { ...Whole } }
  LATEST: summaries(first: 50, orderBy: LATEST) { totalCount nodes { id updatedAt } }
  OLDEST: summaries(first: 50, orderBy: OLDEST) { totalCount nodes { id createdAt } }
} }
"""
)
LISTS = """
query ($id: ID!, $asOf: DateTime) { paper(by: {id: $id}, asOf: $asOf) {
  id title createdAt
  TOP: summaries(first: 50) { totalCount nodes { id } }
  LATEST: summaries(first: 50, orderBy: LATEST) { totalCount nodes { id } }
  OLDEST: summaries(first: 50, orderBy: OLDEST) { totalCount nodes { id } }
} }
"""
SUMMARY = WHOLE + "query ($id: ID!, $asOf: DateTime) { summary(id: $id, asOf: $asOf) { ...Whole } }"

Question = tuple[UUID | None, str, str]  # viewer, query, id


@dataclass
class Witness:
    """Plays a history, and keeps what each viewer was answered after each step."""

    api: Api
    world: World
    moments: dict[str, dict[Question, Any]] = field(default_factory=dict)  # by when the log took the step

    async def ask(self, question: Question, as_of: str | None = None) -> Any:
        """The paper or summary, None if there is none."""
        viewer, query, id = question
        context = Context(self.api.tools, viewer)
        result = await self.api.schema.execute(query, {"id": id, "asOf": as_of}, context)
        assert result.errors is None, result.errors
        assert result.data is not None
        [found] = result.data.values()
        return found

    async def play(self, actions: Sequence[Action], *queries: str) -> None:
        for action in actions:
            await play(self.world, [action])
            await self.settle()
            at = written_date_time(await self.recorded_at())
            self.moments[at] = {one: await self.ask(one) for one in self.questions(*queries)}

    def questions(self, *queries: str) -> list[Question]:
        """About all that there is, by a visitor and the first two users."""
        papers = [str(NodeId("Paper", one)) for one in self.world.papers]
        summaries = [str(NodeId("Summary", one.id)) for one in self.world.summaries]
        about = {PAPER: papers, LISTS: papers, SUMMARY: summaries}
        viewers = (None, *self.world.users[:2])
        return [(viewer, query, id) for query in queries for id in about[query] for viewer in viewers]

    async def settle(self) -> None:
        assert await self.api.tools.progress.wait_for(self.world.position, 20)

    async def recorded_at(self) -> datetime:
        found: datetime = await self.api.tools.pool.fetchval("SELECT max(recorded_at) FROM events")
        return found


async def witness(api: Api) -> Witness:
    """With two users and two papers. The ids of votes are derived under the secret of `World`."""
    world = World(api.tools.store)
    for _ in range(2):
        await world.sign_up(f"u{uuid4().hex}", "Someone")
        await world.register(f"key/{uuid4().hex}")
    return Witness(replace(api, tools=replace(api.tools, secret=b"secret")), world)
