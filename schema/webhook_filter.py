"""Which events a webhook is asked to tell of."""

from uuid import UUID

import strawberry
from strawberry import ID

from schema.context import Operation
from schema.event import LISTED, checked_types, subject_of
from schema.fields import ABSENT, given, text_given
from schema.ids import uuid_of
from schema.venue import load_venue
from service.domain import limits
from service.domain.errors import Invalid, NotFound
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
        description=f"Of one of these types: those of events, {LISTED}, of which docs/events.md says what "
        "each is; summary.published, where a summary became public, by whichever event; and "
        "summary.withdrawn, where one that had been public may not be read any more.",
    )
    subject: ID | None = strawberry.field(default=ABSENT, description="As in EventFilter.")
    papers: list[ID] | None = strawberry.field(
        default=ABSENT,
        description="Of one of these papers, at most 100: with their summaries and what belongs to those.",
    )
    venue_key: str | None = strawberry.field(
        default=ABSENT, description="Of papers of this venue, by its exact key, which some paper must have."
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


async def wanted_from(operation: Operation, filter: WebhookFilter | None) -> Wanted:
    """Errors: Invalid; NotFound for a venue or a user that is not there."""
    if (asked := given(filter)) is None:
        return Wanted()
    types, subject = given(asked.types), given(asked.subject)
    return Wanted(
        types=None if types is None else checked_types(types, (*IN_FILTER, "types"), (PUBLISHED, WITHDRAWN)),
        subject=None if subject is None else subject_of(subject, (*IN_FILTER, "subject")),
        paper_ids=_papers(given(asked.papers)),
        venue_key=await _venue(operation, asked.venue_key),
        year=_year(given(asked.year)),
        keyword=_keyword(asked.keyword),
        username=await _user(operation, asked.username),
    )


def _papers(values: list[ID] | None) -> tuple[UUID, ...] | None:
    if values is None:
        return None
    path = (*IN_FILTER, "papers")
    limits.check_count(len(values), PAPERS, path)
    if not values:
        raise Invalid("papers names none: leave it out for all.", path=path)
    return tuple(uuid_of(one, (*path, str(at)), "Paper") for at, one in enumerate(values))


def _year(value: int | None) -> int | None:
    if value is not None:
        limits.check_year(value, (*IN_FILTER, "year"))
    return value


def _keyword(value: str | None) -> str | None:
    text = _text(value, limits.KEYWORD, "keyword")
    return None if text is None else limits.text(text, limits.KEYWORD, (*IN_FILTER, "keyword"), optional=True)


async def _venue(operation: Operation, value: str | None) -> str | None:
    key = _text(value, limits.VENUE_KEY, "venueKey")
    if key is not None and await load_venue(operation, key) is None:
        raise NotFound("No paper has this venue.", path=(*IN_FILTER, "venueKey"))
    return key


async def _user(operation: Operation, value: str | None) -> str | None:
    username = _text(value, limits.NAME, "username")
    if username is not None and await operation.loaders.user_of_name.load(username) is None:
        raise NotFound("Nobody has this username.", path=(*IN_FILTER, "username"))
    return username


def _text(value: str | None, most: int, name: str) -> str | None:
    text = text_given(value, *IN_FILTER, name)
    if text is not None:
        limits.check_length(text, most, (*IN_FILTER, name))
    return text
