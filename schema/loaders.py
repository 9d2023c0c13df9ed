"""Batches everything that one operation reads from one snapshot: a loader for each kind of question."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import comment, feed, paper, papers, revision, summary, text, user, venue, vote
from projections.reading import Page, Reader, Slice
from schema.cost import check_rows
from service.domain import ids

K = TypeVar("K")
V = TypeVar("V")
Batched = Callable[[list[K]], Awaitable[list[V]]]


class Loaders:
    """What a viewer may see of one snapshot. Made anew with each snapshot: it remembers what it read."""

    def __init__(self, conn: Reader, viewer: UUID | None, secret: bytes) -> None:
        self._viewer, self._secret = viewer, secret
        self.paper = DataLoader(_bound(paper.papers_by_id, conn))
        self.paper_of_identifier = DataLoader(_bound(paper.papers_by_identifier, conn))
        self.identifiers = DataLoader(_bound(paper.identifiers_of, conn))
        self.user = DataLoader(_bound(user.users_by_id, conn))
        self.user_of_name = DataLoader(_bound(user.users_by_username, conn))
        self.text = DataLoader(_bound(text.texts_by_payload, conn))
        self.note = DataLoader(_bound(text.sources_by_payload, conn))
        self._vote = DataLoader(_bound(vote.votes_by_id, conn))

        self.summary = DataLoader(_bound(summary.summaries_by_id, conn, viewer))
        self.summaries_of_paper = DataLoader(_paged(summary.summaries_of_papers, conn))
        self.count_of_paper = DataLoader(_bound(summary.count_of_papers, conn))
        self.summaries_of_user = DataLoader(_paged(summary.summaries_of_users, conn, viewer))
        self.count_of_user = DataLoader(_bound(summary.count_of_users, conn, viewer))
        self._own_summary = DataLoader(_bound(summary.own_summary_of_papers, conn, viewer))
        self.revision = DataLoader(_bound(revision.revisions_by_number, conn))
        self.revisions_of_summary = DataLoader(_paged(revision.revisions_of, conn))

        self.feed = DataLoader(_each(feed.feed, conn))
        self.count_feed = DataLoader(_each(feed.count_feed, conn))
        self.papers = DataLoader(_each(papers.papers, conn))
        self.count_papers = DataLoader(_each(papers.count_papers, conn))
        self.papers_of_author = DataLoader(_paged(papers.papers_of_authors, conn))
        self.count_of_author = DataLoader(_bound(papers.count_of_authors, conn))

        self.venue = DataLoader(_bound(venue.venues_by_key, conn))
        self.venues = DataLoader(_each(venue.venues, conn))
        self.count_venues = DataLoader(_each(venue.count_venues, conn))
        self.editions_of_venue = DataLoader(_bound(venue.editions_of, conn))
        self.papers_of_venue = DataLoader(_paged(venue.papers_of_venues, conn))
        self.count_of_venue = DataLoader(_alike(venue.count_of_venues, conn))

        self.comment = DataLoader(_bound(comment.comments_by_id, conn, viewer))
        self.comments_of_summary = DataLoader(_paged(comment.comments_of_summaries, conn))
        self.count_of_summary = DataLoader(_bound(comment.count_of_summaries, conn))
        self.replies_of_comment = DataLoader(_paged(comment.replies_of, conn))
        self.count_of_replies = DataLoader(_bound(comment.count_of_replies, conn))

    async def viewer_vote(self, subject_id: UUID) -> str | None:
        """UP or DOWN; None when the viewer did not vote, or is nobody."""
        if self._viewer is None:
            return None
        value: str | None = await self._vote.load(ids.vote_id(self._secret, subject_id, self._viewer))
        return value

    async def own_summary(self, paper_id: UUID) -> summary.SummaryRow | None:
        """The viewer's summary of a paper, whatever its visibility."""
        return None if self._viewer is None else await self._own_summary.load(paper_id)


def _bound(read: Callable[..., Awaitable[list[V]]], conn: Reader, *last: Any) -> Batched[Any, V]:
    """For readers (conn, keys, …): result[i] belongs to keys[i]."""

    async def load(keys: list[Any]) -> list[V]:
        return await read(conn, keys, *last)

    return load


def _alike(read: Callable[..., Awaitable[list[V]]], conn: Reader, *last: Any) -> Batched[tuple[Any, ...], V]:
    """For readers (conn, ids, more, …) and keys (id, more, …): one read for all ids with the same more."""

    async def load(keys: list[tuple[Any, ...]]) -> list[V]:
        groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for of, *more in keys:
            groups[tuple(more)].append(of)
        found: dict[tuple[Any, ...], V] = {}
        for same, of_all in groups.items():
            values = await read(conn, of_all, *same, *last)
            found |= {(of, *same): one for of, one in zip(of_all, values, strict=True)}
        return [found[key] for key in keys]

    return load


def _paged(
    read: Callable[..., Awaitable[list[Slice[V]]]], conn: Reader, *last: Any
) -> Batched[tuple[Any, ...], Slice[V]]:
    """As `_alike`, for keys (id, page, …). Errors: GraphQLError for more rows than anyone may ask for."""

    async def bounded(conn: Reader, of_all: list[Any], page: Page, *more: Any) -> list[Slice[V]]:
        check_rows(len(of_all) * page.first)
        return await read(conn, of_all, page, *more)

    return _alike(bounded, conn, *last)


def _each(read: Callable[..., Awaitable[V]], conn: Reader) -> Batched[tuple[Any, ...], V]:
    """For readers (conn, …) of lists of which there is only one: a read for each different key (…)."""

    async def load(keys: list[tuple[Any, ...]]) -> list[V]:
        return [await read(conn, *key) for key in keys]

    return load
