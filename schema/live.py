"""Operations for connections that stay: one message for a query or a mutation, one for each event else."""

import asyncio
from collections.abc import AsyncGenerator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

import strawberry
from graphql import GraphQLError, GraphQLFormattedError, OperationDefinitionNode
from graphql import OperationType as Kind
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from projections import following
from projections.following import Happening, Publication
from schema.context import Context, Operation, Tools, open_context
from schema.cursor import Cursor, Occasion
from schema.following import Hub, LaterHub
from schema.message import FAILURES, Asked, Message, could_not_run, message_of, unfit
from schema.opening import Opening, Shown
from schema.reading import is_away
from schema.sharing import Shared
from service.integrations import notification, outbox
from service.integrations.notification import Told

EVERYTHING = frozenset(OperationType)
REMEMBERED = 16_000_000  # characters of messages
REMEMBERED_SECONDS = 2.0  # for what changes without the log, such as proofs, and whose token it was
SMALLEST = 500  # what the shortest one counts
TOGETHER = 50  # messages at most that are made of one snapshot
COST_TOGETHER = 5_000  # what those may cost, as `schema.cost` counts
AWAY = "BUSY"  # the code of what the database could not give just now
AGAIN_SECONDS = (0.5, 2.0)  # until what could not be shown just now is made again


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


class SignedOut(Exception):
    """The token is nobody's, or not any more."""


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
class Pace:
    """How many messages a follower has made at once: more and more while none of them is made in vain.

    They are when something has happened before they are sent, and when there is no room to remember them.
    """

    most: int
    _size: int = 1
    _left: int = 0

    def made(self, found: int) -> None:
        """So many, of which one is sent at once."""
        self._left = found - 1

    def used(self) -> None:
        """One that was there."""
        self._left -= bool(self._left)

    def size(self) -> int:
        """How many to make when one is not there."""
        self._size = max(1, self._size // 2) if self._left else min(2 * self._size, self.most)
        return self._size


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who follows. Shape: key is that of what was asked."""

    asked: Asked
    cursor: Cursor[Any]
    pace: Pace
    key: Hashable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.asked.key())


@dataclass(slots=True)
class Tally:
    """For metrics: messages of subscriptions that were sent, and who was too slow for them."""

    messages: int = 0
    let_go: int = 0


class Live:
    """Runs operations, and makes each event's message once for all who ask the same."""

    def __init__(self, schema: strawberry.Schema, tools: Tools) -> None:
        self._schema = schema
        self._tools = tools
        self._turns = asyncio.Semaphore(max(1, tools.pool.get_max_size() // 3))
        self._messages = Shared[Hashable, Message | None](REMEMBERED, _size, seconds=REMEMBERED_SECONDS)
        self.publications: Hub[Publication] = Hub(tools, following.publications, self._turns)
        self.happenings: Hub[Happening] = Hub(tools, following.happenings, self._turns)
        self.notifications: Hub[Told] = LaterHub(tools, notification.told, self._turns, of=outbox.NAME)
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

    async def open(
        self, asked: Asked, *, resume: str | None = None, allowed: frozenset[OperationType] = EVERYTHING
    ) -> Stream:
        """Carry out a query or a mutation, or begin to follow.

        Shape:  resume goes before the argument `after`; allowed are the kinds of operations.
        Errors: SignedOut, and those of the database when it is away.
        """
        opening = Opening(self.publications, self.happenings, self.notifications, resume)
        context = await self._context(asked)
        result = await self._execute(asked, context, opening, allowed)
        if opening.cursor is None:
            unbegun = context.asked is not None and context.asked.operation is Kind.SUBSCRIPTION
            position = None if unbegun else context.position_header()
            message = message_of(result, position, refused=unbegun or could_not_run(result))
            passing = unbegun and not FAILURES.isdisjoint(message.codes)
            return Stream(None, context.asked, _alone(message), message.failure if passing else None)
        begun = str(self._tools.log_position(opening.cursor.after))
        pace = Pace(max(1, min(TOGETHER, COST_TOGETHER // max(1, context.cost))))
        return Stream(begun, context.asked, self._each(Follower(asked, opening.cursor, pace)))

    async def _each(self, follower: Follower) -> AsyncGenerator[Message, None]:
        with follower.cursor.followed():
            async for occasion in follower.cursor:
                if message := await self._of(follower, occasion):
                    if message.failure is not None:
                        raise NotShown(message.failure, message.position)
                    yield message

    async def _of(self, follower: Follower, occasion: Occasion) -> Message | None:
        """None when there is nothing to show. What fails is made again: for as long as the database is away,
        and otherwise a few times.
        """
        pauses = iter(AGAIN_SECONDS)
        while True:
            message = await self._of_now(follower, occasion)
            if message is None or FAILURES.isdisjoint(message.codes):
                return message
            pause = next(pauses, None)
            if pause is None and AWAY not in message.codes:
                return message
            await asyncio.sleep(pause or AGAIN_SECONDS[-1])

    async def _of_now(self, follower: Follower, occasion: Occasion) -> Message | None:
        """Who asks later, when more is known to have happened, does not get what was made before: it may be
        hidden by now.
        """
        cursor, pace, occasions = follower.cursor, follower.pace, [occasion]
        known = max(self._tools.progress.known, cursor.known)
        if self._messages.knows((follower.key, occasion.position, known)):
            pace.used()
        else:
            occasions += cursor.ahead(pace.size() - 1)
            pace.made(len(occasions))
        wanted: dict[Hashable, Occasion] = {(follower.key, one.position, known): one for one in occasions}
        return await self._messages.get(list(wanted), partial(self._make, follower.asked, wanted))

    async def _make(
        self, asked: Asked, wanted: Mapping[Hashable, Occasion], keys: Sequence[Hashable]
    ) -> list[Message | None]:
        """Messages from the first on, as far as they are without errors: others may not have to share."""
        occasions = [wanted[key] for key in keys]
        async with self._turns:
            try:
                first, *others = await self._of_one_snapshot(asked, occasions)
                if others and _has_errors(first):
                    [first], others = await self._of_one_snapshot(asked, occasions[:1]), []
            except Exception as error:
                if is_away(error):
                    return [Message("", codes=(AWAY,))]
                raise
        return [first, *takewhile(lambda one: not _has_errors(one), others)]

    async def _of_one_snapshot(self, asked: Asked, occasions: Sequence[Occasion]) -> list[Message | None]:
        context = await self._context(asked)
        context.reading = Operation(context)
        try:
            making = (self._show(asked, context, one) for one in occasions)
            made = await asyncio.gather(*making, return_exceptions=True)
        finally:
            await context.reading.close()
        return [_given(one) for one in made]

    async def _show(self, asked: Asked, context: Context, occasion: Occasion) -> Message | None:
        shown = Shown(occasion)
        result = await self._execute(asked, context, shown, EVERYTHING)
        if shown.skipped:
            return None
        return message_of(result, str(self._tools.log_position(occasion.position)))

    async def _context(self, asked: Asked) -> Context:
        context = await open_context(self._tools, token=asked.token)
        if context.stranger:
            raise SignedOut
        return context

    async def _execute(
        self, asked: Asked, context: Context, root: object, allowed: frozenset[OperationType]
    ) -> ExecutionResult:
        try:
            return await self._schema.execute(
                asked.query, asked.variables, context, root, asked.operation_name, allowed
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError) as error:
            problem = GraphQLError(unfit(error), extensions={"code": "INVALID"})
            return ExecutionResult(None, [problem])


async def _alone(message: Message) -> AsyncGenerator[Message, None]:
    yield message


def _given(made: Message | BaseException | None) -> Message | None:
    if isinstance(made, BaseException):
        raise made
    return made


def _has_errors(message: Message | None) -> bool:
    return message is not None and bool(message.codes)


def _size(message: Message | None) -> int | None:
    """In characters; None for what may come out otherwise next time."""
    if message is None:
        return SMALLEST
    return SMALLEST + len(message.text) if FAILURES.isdisjoint(message.codes) else None
