"""What a request brings with it, and what one operation of it reads with."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import strawberry
from graphql import GraphQLError, OperationDefinitionNode
from strawberry.dataloader import DataLoader

from projections import progress
from projections.progress import Progress
from schema.awaiting import AT_ONCE, blames
from schema.loaders import Loaders
from schema.past import PastLoaders
from schema.places import Places
from schema.reading import ReadSession, is_away
from schema.scalars import LogPosition, beyond_end, log_position, parsed_position, place_of
from schema.workshop import Bench, Workshop
from service.accounts.service import Accounts
from service.citation import Licence
from service.commands.context import Context as CommandContext
from service.commands.context import Done
from service.domain.errors import DomainError
from service.eventstore.codec import Codec
from service.eventstore.epochs import Epochs, Rows
from service.eventstore.model import EventStore
from service.integrations.posting import Poster

C = TypeVar("C")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Tools:
    """What every request works with; the application makes them once.

    Units:  log_id is that of the store's head; secret is the installation's; clock gives aware UTC;
            base_url has no slash at its end; wait_seconds bounds the wait for the read models;
            statement_seconds bounds each statement that reads them; epochs are those of the log;
            licence is that of the texts; witnesses are the keys of those who cosign the log; poster is
            the way to addresses that people have chosen; mailing: mail can be sent; workshop is where
            texts are compared, drafting where previews are made, waiting the places of those who
            wait for blame.
    """

    store: EventStore
    pool: asyncpg.Pool
    accounts: Accounts
    progress: Progress
    log_id: UUID
    secret: bytes
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    base_url: str
    wait_seconds: float = 5.0
    statement_seconds: float = 10.0
    epochs: Epochs = field(default_factory=Epochs)
    licence: Licence | None = None
    codec: Codec = field(default_factory=Codec)
    witnesses: tuple[str, ...] = ()
    poster: Poster = field(default_factory=Poster)
    mailing: bool = False
    workshop: Workshop = field(default_factory=Workshop)
    drafting: Workshop = field(default_factory=Workshop)
    waiting: Places = field(default_factory=lambda: Places(AT_ONCE))

    def log_position(self, position: int) -> LogPosition:
        """As clients are told."""
        return log_position(self.log_id, position, self.epochs)


@dataclass(slots=True)
class Context:
    """One request: who asks.

    Shape:  position is what its answer reflects, asked the operation that it was: None before it is
            answered; asked also when the document is not one. stranger: its token is nobody's, so only
            an operation that needs none is admitted. cost is what its operation may cost. reading is what
            several executions read with, which whoever has made it closes; None: each has its own.
    """

    tools: Tools
    viewer: UUID | None = None
    token: str | None = None
    position: int | None = None
    asked: OperationDefinitionNode | None = None
    stranger: bool = False
    admitted: bool = False
    cost: int = 0
    reading: "Operation | None" = None

    def position_header(self) -> str | None:
        """The value of the header Position; None when nothing ran, or the position cannot be known."""
        return None if self.position is None else str(self.tools.log_position(self.position))


async def open_context(tools: Tools, *, token: str | None = None, min_position: str | None = None) -> Context:
    """The context of a request with this bearer token and this header Min-Position, once it is reached.

    Shape:  the context of a token that is unknown or has expired is a stranger's, whom the schema refuses
            what is not signing up, in or out. It waits for no position.
    Errors: GraphQLError with extensions.code INVALID (Min-Position malformed, of another log, or beyond
            the end) or NOT_YET_VISIBLE.
    """
    viewer = None if token is None else await tools.accounts.user_of(token)
    if token is not None and viewer is None:
        return Context(tools, token=token, stranger=True)
    if min_position is not None:
        await reach(tools, min_position)
    return Context(tools, viewer, token)


def unknown_token() -> GraphQLError:
    """What a stranger is told, who never becomes a visitor without noticing."""
    return GraphQLError(
        "This token is unknown or has expired: sign in again, or leave the header Authorization out.",
        extensions={"code": "UNAUTHENTICATED"},
    )


async def _place(tools: Tools, found: LogPosition, rows: Rows) -> int:
    """The number of a position. Errors: as place_of."""
    if not tools.epochs.knows(found.epoch):
        await tools.epochs.refresh(rows)
    return place_of(found, tools.log_id, tools.epochs)


async def reach(tools: Tools, min_position: object) -> None:
    """Wait, within bounds, until the read models show the position that a client sent.

    Errors: GraphQLError with extensions.code INVALID (malformed, of another log, or beyond the end) or
            NOT_YET_VISIBLE.
    """
    position = await _place(tools, parsed_position(min_position), tools.pool)
    if position > (await tools.store.head()).position:
        raise beyond_end()
    if not await tools.progress.wait_for(position, tools.wait_seconds):
        raise GraphQLError(
            "This Position is recorded, but cannot be read yet: try again.",
            extensions={"code": "NOT_YET_VISIBLE", "position": str(tools.log_position(position))},
        )


class Operation:
    """One operation, found by resolvers as info.context. It reads one snapshot; after a change, a new one."""

    def __init__(self, request: Context) -> None:
        self.request = request
        self.tools = request.tools
        self.viewer = request.viewer
        self.bench, self.desk = Bench(request.tools.workshop), Bench(request.tools.drafting)
        self._renew()

    def _renew(self) -> None:
        self.bench = Bench(self.tools.workshop, self.bench.spent)
        self.desk = Bench(self.tools.drafting, self.desk.spent)
        self.session = ReadSession(self.tools.pool, self.tools.statement_seconds)
        self.loaders = Loaders(
            self.session, self.viewer, self.tools.secret, self.tools.codec, self.bench, self.tools.witnesses
        )
        self.blame = DataLoader(
            blames(self.session, self.tools.pool, self.tools.waiting, self.tools.wait_seconds)
        )
        self._past: dict[datetime, PastLoaders] = {}

    def loaders_at(self, as_of: datetime | None) -> Loaders | PastLoaders:
        """The loaders of what was at a time; None: of what is."""
        if as_of is None:
            return self.loaders
        if as_of not in self._past:
            self._past[as_of] = PastLoaders(self.session, self.viewer, self.tools.secret, as_of)
        return self._past[as_of]

    async def close(self) -> None:
        """End the snapshot, and tell the request which position it had."""
        self.bench.close()
        self.desk.close()
        await self.session.close()
        self._reflect(self.session.position)

    async def settle(self) -> None:
        """Give an answer that read nothing the position of the read models, if they say it in time."""
        if self.session.position is not None or self.request.position is not None:
            return
        try:
            async with asyncio.timeout(self.tools.wait_seconds):
                self._reflect(await progress.position(self.tools.pool))
        except Exception as error:
            if not is_away(error):
                raise

    def _reflect(self, position: int | None) -> None:
        if position is not None:
            self.request.position = max(position, self.request.position or 0)

    def log_position(self, position: int) -> LogPosition:
        return self.tools.log_position(position)

    async def place(self, found: LogPosition) -> int:
        """The number of a position that a client sent. Errors: as place_of."""
        return await _place(self.tools, found, self.session)

    async def perform(self, act: Callable[[CommandContext, C], Awaitable[Done]], command: C) -> Done:
        """Carry out a command; what is read after it is read at its position or later, if in time."""
        await self.release()
        try:
            done = await act(self.command_context(), command)
        except DomainError:
            self._reflect((await self.tools.store.head()).position)  # why it was refused is there to be read
            raise
        await self.catch_up(done.position)
        return done

    async def release(self) -> None:
        """Hold no connection while something is written: the writer may need it."""
        await self.close()
        self._renew()

    async def catch_up(self, position: int) -> None:
        """Wait, within bounds, until the read models show this position. What is recorded stays so."""
        try:
            reached = await self.tools.progress.wait_for(position, self.tools.wait_seconds)
        except Exception as error:
            if not is_away(error):
                raise
            reached = False
        if reached:
            self._reflect(position)

    def command_context(self) -> CommandContext:
        tools = self.tools
        return CommandContext(tools.store, tools.secret, tools.clock, tools.random, self.viewer)


async def changed(operation: Operation, position: LogPosition, load: Awaitable[T | None]) -> T:
    """What a mutation changed, as it is now: never as it was before.

    Errors: GraphQLError that says that the change is recorded, when it cannot be shown.
    """
    try:
        found = await load
    except Exception as error:
        if is_away(error):
            raise _unseen("NOT_YET_VISIBLE", position) from error
        raise
    if (operation.session.position or 0) < position.position:
        raise _unseen("NOT_YET_VISIBLE", position)
    if found is None:
        raise _unseen("NOT_FOUND", position)
    return found


def _unseen(code: str, position: LogPosition) -> GraphQLError:
    message = {
        "NOT_YET_VISIBLE": "The change is recorded, but cannot be read yet: read it with the header "
        "Min-Position, or send the mutation again with its idempotencyKey.",
        "NOT_FOUND": "The change is recorded, but the viewer may not see what it changed.",
    }
    return GraphQLError(
        message[code], extensions={"code": code, "position": str(position), "committed": True}
    )


Info = strawberry.Info[Operation, None]
