"""Which events a webhook is asked to tell of."""

from uuid import UUID

import strawberry
from strawberry import ID

from schema.event import checked_types, subject_of
from schema.fields import ABSENT, given, text_given
from schema.ids import uuid_of
from service.domain import limits
from service.domain.errors import Invalid
from service.integrations.webhooks import PUBLISHED, WITHDRAWN, Wanted

PAPERS = 100
IN_FILTER = ("input", "filter")


@strawberry.input(
    description="Events that are all of what is given, as far as the owner may see them when they are sent. "
    "Without anything: all events."
)
class WebhookFilter:
    types: list[str] | None = strawberry.field(
        default=ABSENT,
        description="Of one of these types: those of Event, such as SummaryRevised; summary.published, where "
        "a summary became public, by whichever event; and summary.withdrawn, where one left the lists.",
    )
    subject: ID | None = strawberry.field(default=ABSENT, description="As in EventFilter.")
    papers: list[ID] | None = strawberry.field(
        default=ABSENT,
        description="Of one of these papers, at most 100: with their summaries and what belongs to those.",
    )
    venue_key: str | None = strawberry.field(
        default=ABSENT, description="Of papers of this venue, by its exact key."
    )
    year: int | None = strawberry.field(default=ABSENT, description="Of papers of this year.")
    keyword: str | None = strawberry.field(
        default=ABSENT, description="Of papers with this whole keyword, in any case."
    )
    username: str | None = strawberry.field(
        default=ABSENT,
        description="Of summaries by this user, in any case, and all that belongs to them; never of those "
        "that they wrote anonymously.",
    )


def wanted_from(filter: WebhookFilter | None) -> Wanted:
    """Errors: Invalid."""
    if (asked := given(filter)) is None:
        return Wanted()
    types, subject = given(asked.types), given(asked.subject)
    return Wanted(
        types=None if types is None else checked_types(types, (*IN_FILTER, "types"), (PUBLISHED, WITHDRAWN)),
        subject=None if subject is None else subject_of(subject, (*IN_FILTER, "subject")),
        paper_ids=_papers(given(asked.papers)),
        venue_key=_text(asked.venue_key, limits.VENUE_KEY, "venueKey"),
        year=given(asked.year),
        keyword=_text(asked.keyword, limits.KEYWORD, "keyword"),
        username=_text(asked.username, limits.NAME, "username"),
    )


def _papers(values: list[ID] | None) -> tuple[UUID, ...] | None:
    if values is None:
        return None
    path = (*IN_FILTER, "papers")
    limits.check_count(len(values), PAPERS, path)
    if not values:
        raise Invalid("papers names none: leave it out for all.", path=path)
    return tuple(uuid_of(one, (*path, str(at)), "Paper") for at, one in enumerate(values))


def _text(value: str | None, most: int, name: str) -> str | None:
    text = text_given(value, *IN_FILTER, name)
    if text is not None:
        limits.check_length(text, most, (*IN_FILTER, name))
    return text
