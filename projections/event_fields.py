"""What of each type of event is shown. A field that is not listed here is read by nobody.

Never: who voted, who wrote anonymously, and where contents are kept.
"""

from collections.abc import Mapping
from types import MappingProxyType

from service.domain.events import (
    EVENTS,
    CommentEdited,
    CommentPosted,
    CommentRemoved,
    DomainEvent,
    PaperRegistered,
    PayloadsErased,
    RevisionRedacted,
    SummaryPublished,
    SummaryRestored,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    UserSignedUp,
    VoteCast,
    VoteWithdrawn,
)

SHOWN: Mapping[type[DomainEvent], tuple[str, ...]] = MappingProxyType(
    {
        PaperRegistered: (
            "bibtex_key", "title", "authors", "abstract", "venue_key", "venue_name", "year", "published_on",
            "keywords", "doi", "arxiv_id", "url", "source",
        ),
        UserSignedUp: ("username", "display_name"),
        SummaryPublished: ("paper_id", "author_id", "visibility", "body", "note"),
        SummaryRevised: ("revision", "body", "note"),
        SummaryRestored: ("revision", "restored", "body", "note"),
        RevisionRedacted: ("revision", "reason"),
        SummaryVisibilitySet: ("visibility",),
        SummaryRetracted: ("reason",),
        CommentPosted: ("summary_id", "author_id", "on_revision", "parent_id", "body"),
        CommentEdited: ("body",),
        CommentRemoved: (),
        VoteCast: ("subject_id", "subject_kind", "value"),
        VoteWithdrawn: ("subject_id", "subject_kind"),
        PayloadsErased: ("subject_id",),
    }
)  # fmt: skip

# Who registered a paper is not shown: it may well be who then writes about it anonymously.
ACTOR_SHOWN = frozenset(one for one in SHOWN if one.category != "paper" and not one.hides_actor)

# Papers and users are seen by everybody.
OF_EVERYBODY = tuple(one.__name__ for one in EVENTS if one.category in ("paper", "user"))
