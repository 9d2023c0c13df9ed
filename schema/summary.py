"""Summaries of papers."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry
from graphql import GraphQLError
from strawberry import ID

from projections.summary import SummaryRow
from projections.text import TextRow
from schema.blame import BlameSpan, blame_of
from schema.comment import Comment, comments_of
from schema.connections import After, Connection, First, Order, Source, page
from schema.context import Info, Operation
from schema.diff import Diff, diff_between
from schema.enums import Visibility
from schema.event import AfterPosition, EventConnection, EventsOnly, events_of
from schema.fields import ABSENT, resolved
from schema.ids import NodeId
from schema.mentions import mentioned_papers
from schema.node import Node
from schema.paper import Paper, load_paper
from schema.past import PastLoaders
from schema.revision import Revision, load_revision, revision_from
from schema.scalars import HTML
from schema.score import RevisionScore, by_revision
from schema.user import Actor, load_actor
from schema.vote import Votable, score_of
from service.domain.policy import may_edit_summary
from service.text import excerpt

LONGEST_EXCERPT = 5_000
OF_SUMMARY = Order("summary.revisions", (int,))

Length = Annotated[int, strawberry.argument(description="How many characters at most, from 1 to 5000.")]
Number = Annotated[int, strawberry.argument(description="The revision's number, from 1.")]
From = Annotated[
    int, strawberry.argument(name="from", description="The number of the older text's revision.")
]
To = Annotated[int, strawberry.argument(description="The number of the newer text's revision.")]


@strawberry.type(description="What a person wrote about a paper.")
class Summary(Node, Votable):
    row: strawberry.Private[SummaryRow]
    as_of: strawberry.Private[datetime | None] = None  # shown as it stood then; None: as it is
    visibility: Visibility = strawberry.field(description="Who sees it.")
    retracted_at: datetime | None = strawberry.field(
        description="Set when the author withdrew it: only the author still sees it."
    )
    created_at: datetime = strawberry.field(
        description="As claimed by an import, otherwise when it was recorded."
    )
    updated_at: datetime = strawberry.field(description="When the text last changed.")
    comment_count: int = strawberry.field(
        description="All comments of all threads. A removed one keeps its place, and counts."
    )
    permalink: str = strawberry.field(description="The address of its page.")
    viewer_can_edit: bool = strawberry.field(
        description="Whether the viewer may revise it, retract it and set its visibility."
    )
    revision_number: int = strawberry.field(description="The number of the current revision; the first is 1.")

    @resolved(description="The paper that it is about.")
    async def paper(self, info: Info) -> Paper:
        found = await load_paper(info.context, self.row.paper_id, self.as_of)
        if found is None:
            raise LookupError(f"summary of paper {self.row.paper_id}, which is not there")
        return found

    @resolved(description="Who wrote it.")
    async def author(self, info: Info) -> Actor:
        return await load_actor(info.context, self.row.named_author_id)

    @resolved(
        description="Markdown with $inline$, $$display$$, \\(…\\) and \\[…\\] LaTeX, byte for byte as "
        "written. Null when the current text was redacted."
    )
    async def body(self, info: Info) -> str | None:
        text = await self._text(info.context)
        return None if text is None else text.source

    @resolved(description="The text to show. Null when the current text was redacted.")
    async def body_html(self, info: Info) -> HTML | None:
        text = await self._text(info.context)
        return None if text is None else HTML(text.html)

    @resolved(description="Plain text, cut at a word boundary. Empty when the text was redacted.")
    async def excerpt(self, info: Info, length: Length = 280) -> str:
        if not 1 <= length <= LONGEST_EXCERPT:
            raise GraphQLError(
                f"length is {length:,}, and an excerpt has from 1 to {LONGEST_EXCERPT:,} characters.",
                extensions={
                    "code": "INVALID",
                    "argument": "length",
                    "limit": LONGEST_EXCERPT,
                    "amount": length,
                },
            )
        text = await self._text(info.context)
        return "" if text is None else excerpt(text.plain, length)

    @resolved(description="The top of its threads of comments, oldest first.")
    def comments(self, info: Info, first: First = 20, after: After = ABSENT) -> Connection[Comment]:
        return comments_of(info.context, self.row.summary_id, first, after, self.as_of)

    @resolved(
        description="Papers that the text links to, by \\cite{key}, a paper page link, an arXiv or "
        "a DOI link."
    )
    async def mentions(self, info: Info) -> list[Paper]:
        text = await self._text(info.context)
        return [] if text is None else await mentioned_papers(info.context, text.references, self.as_of)

    @resolved(description="Every version of the text, the first one first.")
    def revisions(self, info: Info, first: First = 20, after: After = ABSENT) -> Connection[Revision]:
        order = OF_SUMMARY.narrowed(self.row.summary_id).narrowed(self.as_of)
        loaders, asked = info.context.loaders_at(self.as_of), page(order, first, after)
        return Connection(
            source=Source(
                load=lambda: loaders.revisions_of_summary.load((self.row.summary_id, asked)),
                count=lambda: self._revision_count(info.context),
                node=lambda row: revision_from(row, info.context, self.as_of),
                cursor=lambda row: order.cursor(row.key()),
                page=asked,
            )
        )

    @resolved(description="One version of the text; null if there is none of this number.")
    async def revision(self, info: Info, number: Number) -> Revision | None:
        return await load_revision(info.context, self.row.summary_id, number, self.as_of)

    @resolved(
        description="Votes in force, by the revision that was the current one when they were cast: who voted "
        "is never shown. All revisions in order; together they are the score."
    )
    async def score_by_revision(self, info: Info) -> list[RevisionScore]:
        row = self.row
        return await by_revision(info.context, row.summary_id, row.revision_number, self.as_of)

    @resolved(
        description="The log of the summary, its comments and all votes on these, oldest first; whole, also "
        "on a view of the past."
    )
    async def events(
        self, info: Info, first: First = 100, after: AfterPosition = ABSENT, filter: EventsOnly = ABSENT
    ) -> EventConnection:
        of, loaders = self.row.summary_id, info.context.loaders
        return await events_of(
            info.context, first, after, filter, lambda *asked: loaders.events_of_summary.load((of, *asked))
        )

    @resolved(
        description="From one revision's text to another's, in whichever order. When one of them was "
        "redacted, nothing is compared, and `redacted` says so."
    )
    async def diff(self, info: Info, from_: From, to: To) -> Diff:
        return await diff_between(info.context, self.row.summary_id, from_, to, self.as_of)

    @resolved(
        description="The current text cut into spans, in order, each with the revision that introduced it; "
        "empty when it was redacted. One of the last moments may come late: then this waits, in the end with "
        "the error NOT_YET_VISIBLE."
    )
    async def blame(self, info: Info) -> list[BlameSpan]:
        row = self.row
        number = (row.summary_id, row.revision_number)
        return await blame_of(info.context, number, row.body_payload, self.as_of)

    async def _revision_count(self, operation: Operation) -> int:
        loaders = operation.loaders_at(self.as_of)
        if isinstance(loaders, PastLoaders):
            return int(await loaders.count_of_revisions.load(self.row.summary_id))
        return self.row.revision_number  # they are numbered from 1 without gaps

    async def _text(self, operation: Operation) -> TextRow | None:
        text: TextRow | None = await operation.loaders.text.load(self.row.body_payload)
        return text


def summary_from(row: SummaryRow, operation: Operation, as_of: datetime | None = None) -> Summary:
    return Summary(
        id=ID(str(NodeId("Summary", row.summary_id))),
        row=row,
        as_of=as_of,
        score=score_of(row.summary_id, row.up, row.down, as_of),
        visibility=Visibility[row.visibility],
        retracted_at=row.retracted_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        comment_count=row.comment_count,
        permalink=f"{operation.tools.base_url}/summaries/{row.summary_id}",
        viewer_can_edit=may_edit_summary(operation.viewer, row.author_id, row.withdrawn),
        revision_number=row.revision_number,
    )


async def load_summary(
    operation: Operation, summary_id: UUID, as_of: datetime | None = None
) -> Summary | None:
    row = await operation.loaders_at(as_of).summary.load(summary_id)
    return None if row is None else summary_from(row, operation, as_of)
