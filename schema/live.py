"""Operations for connections that stay: one message for a query or a mutation, one for each event else."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import strawberry
from graphql import GraphQLFormattedError, OperationDefinitionNode, OperationType

from projections import following
from projections.following import Happening, Publication
from schema.context import Tools
from schema.executing import EVERYTHING, Executor, Kinds
from schema.following import Hub, LaterHub
from schema.making import Maker, Pace, Subscriber
from schema.message import FAILURES, Asked, Message, could_not_run, message_of
from schema.opening import Opening
from service.integrations import notification, outbox
from service.integrations.notification import Told


class NotShown(Exception):
    """An event cannot be shown, and it must not be left out.

    Shape:  message and extensions are for the client; extensions.failed is the event's position.
    """

    def __init__(self, failure: GraphQLFormattedError, position: str | None) -> None:
        super().__init__(failure["message"])
        self.message = (
            f"An event cannot be shown: {failure['message']} Resume after `position` to have it tried again, "
            "or after `failed` to leave it out."
        )
        self.extensions = {**failure.get("extensions", {}), "failed": position}


@dataclass(frozen=True, slots=True)
class Stream:
    """What comes of an operation.

    Shape:  begun is the position after which a subscription begins, None for anything else; failure is why
            one did not begin that may do so the next time. Whoever opens it closes messages.
    Errors: of messages: NotShown, SignedOut, Stopping.
    """

    begun: str | None
    operation: OperationDefinitionNode | None
    messages: AsyncGenerator[Message, None]
    failure: GraphQLFormattedError | None = None


@dataclass(slots=True)
class Tally:
    """For metrics: messages of subscriptions that were sent, and who was too slow for them."""

    messages: int = 0
    let_go: int = 0


class Live:
    """Runs operations, and makes each event's message once for all who ask the same."""

    def __init__(self, schema: strawberry.Schema, tools: Tools) -> None:
        turns = asyncio.Semaphore(max(1, tools.pool.get_max_size() // 3))
        self._tools = tools
        self._executor = Executor(schema, tools)
        self._maker = Maker(self._executor, tools, turns)
        self.publications: Hub[Publication] = Hub(tools, following.publications, turns)
        self.happenings: Hub[Happening] = Hub(tools, following.happenings, turns)
        self.notifications: Hub[Told] = LaterHub(tools, notification.told, turns, of=outbox.NAME)
        self.tally = Tally()

    @property
    def followers(self) -> int:
        """How many subscriptions are open."""
        return sum(hub.followers for hub in self._hubs)

    def stop(self) -> None:
        """All who follow get Stopping."""
        for hub in self._hubs:
            hub.stop()

    @property
    def _hubs(self) -> tuple[Hub[Any], ...]:
        return self.publications, self.happenings, self.notifications

    async def open(self, asked: Asked, *, resume: str | None = None, allowed: Kinds = EVERYTHING) -> Stream:
        """Carry out a query or a mutation, or begin to follow.

        Shape:  resume goes before the argument `after`; allowed are the kinds of operations.
        Errors: SignedOut, and those of the database when it is away.
        """
        opening = Opening(self.publications, self.happenings, self.notifications, resume)
        context = await self._executor.context(asked)
        result = await self._executor.execute(asked, context, opening, allowed)
        if opening.cursor is None:
            unbegun = context.asked is not None and context.asked.operation is OperationType.SUBSCRIPTION
            position = None if unbegun else context.position_header()
            message = message_of(result, position, refused=unbegun or could_not_run(result))
            passing = unbegun and not FAILURES.isdisjoint(message.codes)
            return Stream(None, context.asked, _alone(message), message.failure if passing else None)
        begun = str(self._tools.log_position(opening.cursor.after))
        subscriber = Subscriber(asked, opening.cursor, Pace.of_cost(context.cost))
        return Stream(begun, context.asked, self._each(subscriber))

    async def _each(self, subscriber: Subscriber) -> AsyncGenerator[Message, None]:
        with subscriber.cursor.followed():
            async for occasion in subscriber.cursor:
                if message := await self._maker.message(subscriber, occasion):
                    if message.failure is not None:
                        raise NotShown(message.failure, message.position)
                    yield message


async def _alone(message: Message) -> AsyncGenerator[Message, None]:
    yield message
