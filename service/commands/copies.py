"""The text of a revision that is to go: held for as long as it takes to find who repeats it."""

from uuid import UUID

from service.commands.context import Context
from service.domain import policy
from service.domain.events import Revising, revision_of
from service.domain.summary import summary_from


async def text_held(ctx: Context, summary_id: UUID, number: int) -> str | None:
    """A revision's text, for its summary's author, from the log as it is now.

    Shape:  None for everybody else, and when there is no such revision or its text is gone.
    """
    recorded = await ctx.store.load(summary_id, contents="latest")
    state = summary_from(item.event for item in recorded)
    if state is None or not policy.is_own(ctx.actor, state.author_id):
        return None
    of_number = [
        one.payloads["body"]
        for one in recorded
        if isinstance(one.event, Revising) and revision_of(one.event) == number
    ]
    found = await ctx.store.contents(of_number)
    return next((text.decode() for text in found.values() if text is not None), None)
