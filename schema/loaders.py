"""Batches everything that one operation reads from one snapshot: a loader for each kind of question."""

from collections.abc import Sequence
from uuid import UUID

from strawberry.dataloader import DataLoader

from projections import (
    comment,
    event,
    feed,
    paper,
    papers,
    proof,
    revision,
    summary,
    survivors,
    text,
    user,
    venue,
    vote,
    vote_history,
)
from projections.reading import Reader
from schema.batching import alike, bound, each, paged
from schema.comparing import differences, patches
from schema.workshop import Bench
from service.domain import ids
from service.eventstore.codec import Codec
from service.integrations import follows, mail_preferences, notification, webhooks
from service.text.copies import NEAREST


class Loaders:
    """What a viewer may see of one snapshot. Made anew with each snapshot: it remembers what it read."""

    def __init__(
        self,
        conn: Reader,
        viewer: UUID | None,
        secret: bytes,
        codec: Codec,
        bench: Bench,
        witnesses: Sequence[str] = (),
    ) -> None:
        self._viewer, self._secret = viewer, secret
        self.paper = DataLoader(bound(paper.papers_by_id, conn))
        self.paper_of_identifier = DataLoader(bound(paper.papers_by_identifier, conn))
        self.identifiers = DataLoader(bound(paper.identifiers_of, conn))
        self.user = DataLoader(bound(user.users_by_id, conn))
        self.user_of_name = DataLoader(bound(user.users_by_username, conn))
        self.text = DataLoader(bound(text.texts_by_payload, conn))
        self.source = DataLoader(bound(text.sources_by_payload, conn))
        self._vote = DataLoader(bound(vote.votes_by_id, conn))

        self.summary = DataLoader(bound(summary.summaries_by_id, conn, viewer))
        self.summaries_of_paper = DataLoader(paged(summary.summaries_of_papers, conn))
        self.count_of_paper = DataLoader(bound(summary.count_of_papers, conn))
        self.summaries_of_user = DataLoader(paged(summary.summaries_of_users, conn, viewer))
        self.count_of_user = DataLoader(bound(summary.count_of_users, conn, viewer))
        self._own_summary = DataLoader(bound(summary.own_summary_of_papers, conn, viewer))
        self.revision = DataLoader(bound(revision.revisions_by_number, conn))
        self.revisions_of_summary = DataLoader(paged(revision.revisions_of, conn))
        self.survivor_before = DataLoader(bound(survivors.survivors_before, conn))
        self.survivors_near = DataLoader(bound(survivors.survivors_near, conn, NEAREST))
        self.difference = DataLoader(differences(self.source, bench))
        self.unified = DataLoader(patches(self.source, bench))

        self.feed = DataLoader(each(feed.feed, conn))
        self.count_feed = DataLoader(each(feed.count_feed, conn))
        self.papers = DataLoader(each(papers.papers, conn))
        self.count_papers = DataLoader(each(papers.count_papers, conn))
        self.papers_of_author = DataLoader(paged(papers.papers_of_authors, conn))
        self.count_of_author = DataLoader(bound(papers.count_of_authors, conn))

        self.venue = DataLoader(bound(venue.venues_by_key, conn))
        self.venues = DataLoader(each(venue.venues, conn))
        self.count_venues = DataLoader(each(venue.count_venues, conn))
        self.editions_of_venue = DataLoader(bound(venue.editions_of, conn))
        self.papers_of_venue = DataLoader(paged(venue.papers_of_venues, conn))
        self.count_of_venue = DataLoader(alike(venue.count_of_venues, conn))

        self.comment = DataLoader(bound(comment.comments_by_id, conn, viewer))
        self.comments_of_summary = DataLoader(paged(comment.comments_of_summaries, conn))
        self.count_of_summary = DataLoader(bound(comment.count_of_summaries, conn))
        self.replies_of_comment = DataLoader(paged(comment.replies_of, conn))
        self.count_of_replies = DataLoader(bound(comment.count_of_replies, conn))

        self.follows = DataLoader(each(follows.follows, conn))
        self.count_of_follows = DataLoader(each(follows.count, conn))
        self.notification = DataLoader(bound(notification.notifications_by_id, conn, viewer))
        self.notifications = DataLoader(each(notification.notifications, conn))
        self.count_of_notifications = DataLoader(each(notification.count, conn))
        self.mail_preferences = DataLoader(each(mail_preferences.preferences_of, conn))

        self.webhook = DataLoader(bound(webhooks.webhooks_by_id, conn, viewer))
        self.webhooks_of = DataLoader(each(webhooks.webhooks_of, conn))
        self.delivery = DataLoader(bound(webhooks.deliveries_by_id, conn, viewer))
        self.deliveries_of = DataLoader(paged(webhooks.deliveries_of, conn))
        self.count_of_deliveries = DataLoader(alike(webhooks.count_of_deliveries, conn))
        self.waiting_for = DataLoader(bound(webhooks.waiting_for, conn))

        self.proof = DataLoader(bound(proof.proofs_of, conn, witnesses))
        self.events = DataLoader(each(event.events, conn, viewer, codec))
        self.event_at = DataLoader(alike(event.events_at, conn, viewer, codec))
        self.events_of_paper = DataLoader(paged(event.events_of_papers, conn, viewer, codec))
        self.events_of_summary = DataLoader(paged(event.events_of_summaries, conn, viewer, codec))
        self.head = DataLoader(each(event.head, conn))
        self.scores_over_time = DataLoader(alike(vote_history.scores_over_time, conn))
        self.scores_by_revision = DataLoader(alike(vote_history.scores_by_revision, conn))

    async def viewer_vote(self, subject_id: UUID) -> str | None:
        """UP or DOWN; None when the viewer did not vote, or is nobody."""
        if self._viewer is None:
            return None
        value: str | None = await self._vote.load(ids.vote_id(self._secret, subject_id, self._viewer))
        return value

    async def own_summary(self, paper_id: UUID) -> summary.SummaryRow | None:
        """The viewer's summary of a paper, whatever its visibility."""
        return None if self._viewer is None else await self._own_summary.load(paper_id)
