"""Following, and not any more."""

from typing import Annotated

import strawberry
from strawberry import ID, UNSET

from projections.paper import folded_keyword
from schema.context import Info, Operation
from schema.errors import AccessError, NotFoundError, ValidationError
from schema.fields import mutation
from schema.follow import Follow, follow_from
from schema.ids import uuid_of
from schema.paper import load_paper
from schema.venue import load_venue
from service.domain import identifiers, limits
from service.domain.errors import Invalid, NotFound
from service.integrations import follows
from service.integrations.follows import Kind


@strawberry.input(one_of=True, description="Exactly one thing to hear of.")
class FollowInput:
    paper_id: ID | None = strawberry.field(default=UNSET, description="Summaries of this paper.")
    username: str | None = strawberry.field(
        default=UNSET, description="Summaries by this user, but not those written anonymously."
    )
    venue_key: str | None = strawberry.field(
        default=UNSET, description="Summaries of papers of the venue with exactly this key."
    )
    keyword: str | None = strawberry.field(
        default=UNSET, description="Summaries of papers with this whole keyword, in any case."
    )


@strawberry.type(description="It is followed.")
class FollowPayload:
    follow: Follow = strawberry.field(description="What is followed, and since when.")


@strawberry.type(description="It is not followed.")
class UnfollowPayload:
    unfollowed: bool = strawberry.field(description="Whether it was followed before.")


FollowResult = Annotated[
    FollowPayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("FollowResult", description="What is followed, or why it is not."),
]
UnfollowResult = Annotated[
    UnfollowPayload | ValidationError | NotFoundError | AccessError,
    strawberry.union("UnfollowResult", description="That it is not followed, or why that is not known."),
]
What = Annotated[FollowInput, strawberry.argument(description="What.")]


@strawberry.type
class FollowMutations:
    @mutation(
        description="Be told of summaries that become public. Again changes nothing. Nobody else learns of "
        "it; at most 1,000 things."
    )
    async def follow(self, info: Info, input: What) -> FollowResult:
        operation, command = info.context, info.context.command_context()
        user_id = command.signed_in()
        kind, subject = await _subject(operation, input, must_exist=True)
        if (kind, subject) == ("USER", str(user_id)):
            raise Invalid("This is you: nobody is told of their own summaries.", path=("input", "username"))
        await operation.release()
        row = await follows.follow(
            operation.tools.pool, user_id, kind, subject, command.new_id(), command.clock()
        )
        return FollowPayload(follow=follow_from(row))

    @mutation(description="Not be told any more. What one was told stays.")
    async def unfollow(self, info: Info, input: What) -> UnfollowResult:
        operation = info.context
        user_id = operation.command_context().signed_in()
        kind, subject = await _subject(operation, input, must_exist=False)
        await operation.release()
        return UnfollowPayload(
            unfollowed=await follows.unfollow(operation.tools.pool, user_id, kind, subject)
        )


async def _subject(operation: Operation, asked: FollowInput, *, must_exist: bool) -> tuple[Kind, str]:
    """Errors: Invalid, NotFound."""
    if isinstance(asked.paper_id, str):
        paper_id = uuid_of(asked.paper_id, ("input", "paperId"), "Paper")
        if must_exist and await load_paper(operation, paper_id) is None:
            raise NotFound("There is no such paper.", path=("input", "paperId"))
        return "PAPER", str(paper_id)
    if isinstance(asked.username, str):
        limits.check_characters(asked.username, ("input", "username"))
        user_id = await operation.loaders.user_of_name.load(asked.username)
        if user_id is None:
            raise NotFound("Nobody has this username.", path=("input", "username"))
        return "USER", str(user_id)
    if isinstance(asked.venue_key, str):
        key = identifiers.venue_key(asked.venue_key, ("input", "venueKey"))
        if must_exist and await load_venue(operation, key) is None:
            raise NotFound("No paper has this venue.", path=("input", "venueKey"))
        return "VENUE", key
    if isinstance(asked.keyword, str):
        keyword = limits.line(asked.keyword, limits.KEYWORD, ("input", "keyword"))
        return "KEYWORD", folded_keyword(keyword)
    raise Invalid("Give one of paperId, username, venueKey and keyword.", path=("input",))
