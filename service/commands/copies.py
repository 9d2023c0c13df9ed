"""Which revisions repeat what another one says: asked before that one is redacted."""

import asyncio
from uuid import UUID

from service.commands.context import Context
from service.domain import policy
from service.domain.events import Revising, revision_of
from service.domain.summary import summary_from
from service.text.copies import copies, nearest


async def copies_of(ctx: Context, summary_id: UUID, number: int) -> list[int]:
    """Numbers of other revisions that still have the words which this one said anew.

    Shape:  for its author, from the log as it is now, of the nearest revisions; empty for everybody else,
            and when there is no such revision or its text is gone.
    """
    recorded = await ctx.store.load(summary_id, contents="latest")
    state = summary_from(item.event for item in recorded)
    if state is None or not policy.is_own(ctx.actor, state.author_id):
        return []
    bodies = {
        revision_of(one.event): one.payloads["body"] for one in recorded if isinstance(one.event, Revising)
    }
    near = nearest(list(bodies), number)
    contents = await ctx.store.contents([bodies[one] for one in near])
    texts = {one: text.decode() for one in near if (text := contents[bodies[one]]) is not None}
    return await asyncio.to_thread(copies, texts, number)
