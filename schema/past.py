"""The page as it stood: which times can be asked for, and the loaders of one of them."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry.dataloader import DataLoader

from projections import past, past_comment, past_paper, past_revision, past_vote, summary, survivors
from projections.past import PastSummaryRow
from projections.reading import Page, Reader, Slice
from schema.batching import bound, paged
from schema.cost import check_rows
from schema.fields import given
from service.domain import ids

TOLERANCE = timedelta(minutes=1)  # of clients' clocks

AsOf = Annotated[
    datetime | None,
    strawberry.argument(
        description="The page as it stood then, by the dates shown (createdAt, updatedAt): the paper, its "
        "summaries and their comments, texts, revisions, order and scores. A paper is there from its "
        "createdAt on, or from that of the first of its summaries that the viewer may see then. What is "
        "hidden, removed or erased today stays so, and what the viewer may do is of today; so are users, "
        "venues and lists of other papers. Ids are those of today: keep what was apart from what a cache has "
        "of now. Not a time that is yet to come."
    ),
]


def time_asked(as_of: datetime | None, now: datetime) -> datetime | None:
    """The time that a client asked for; None for now. Errors: GraphQLError INVALID for a later one."""
    if (asked := given(as_of)) is not None and asked > now + TOLERANCE:
        raise GraphQLError(
            "asOf is yet to come: ask for a time that has passed, or leave it out.",
            extensions={"code": "INVALID", "argument": "asOf"},
        )
    return asked


class PastLoaders:
    """What a viewer may see of one time, in one snapshot; named as in `Loaders`, which has all the rest."""

    def __init__(self, conn: Reader, viewer: UUID | None, secret: bytes, as_of: datetime) -> None:
        self._viewer, self._secret = viewer, secret
        self._vote = DataLoader(bound(past_vote.votes_by_id, conn, as_of))
        self.paper = DataLoader(bound(past_paper.papers_by_id, conn, as_of, viewer))

        self.summary = DataLoader(bound(past.summaries_by_id, conn, as_of, viewer))
        self._listed = DataLoader(bound(past.summaries_of_papers, conn, as_of))
        self.summaries_of_paper = DataLoader(self._pages)
        self.count_of_paper = DataLoader(self._counts)
        self._own_summary = DataLoader(bound(past.own_summary_of_papers, conn, as_of, viewer))
        self.revision = DataLoader(bound(past_revision.by_number, conn, as_of))
        self.survivor_before = DataLoader(bound(survivors.survivors_before, conn, as_of))
        self.revisions_of_summary = DataLoader(paged(past_revision.revisions_of, conn, as_of))
        self.count_of_revisions = DataLoader(bound(past_revision.count_of_revisions, conn, as_of))

        self.comment = DataLoader(bound(past_comment.comments_by_id, conn, as_of, viewer))
        self.comments_of_summary = DataLoader(paged(past_comment.comments_of_summaries, conn, as_of))
        self.count_of_summary = DataLoader(bound(past_comment.count_of_summaries, conn, as_of))
        self.replies_of_comment = DataLoader(paged(past_comment.replies_of, conn, as_of))
        self.count_of_replies = DataLoader(bound(past_comment.count_of_replies, conn, as_of))

    async def viewer_vote(self, subject_id: UUID) -> str | None:
        """UP or DOWN; None when the viewer had not voted, or is nobody."""
        if self._viewer is None:
            return None
        value: str | None = await self._vote.load(ids.vote_id(self._secret, subject_id, self._viewer))
        return value

    async def own_summary(self, paper_id: UUID) -> PastSummaryRow | None:
        """The viewer's summary of a paper, whatever its visibility."""
        return None if self._viewer is None else await self._own_summary.load(paper_id)

    async def _pages(
        self, keys: list[tuple[UUID, Page, summary.SummaryOrder]]
    ) -> list[Slice[PastSummaryRow]]:
        check_rows(sum(page.first for _, page, _ in keys))
        found = await self._listed.load_many([paper_id for paper_id, _, _ in keys])
        return [past.page_of(rows, page, by) for rows, (_, page, by) in zip(found, keys, strict=True)]

    async def _counts(self, paper_ids: list[UUID]) -> list[int]:
        return [len(rows) for rows in await self._listed.load_many(paper_ids)]
