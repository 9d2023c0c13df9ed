"""Who asks, with which tools, and the one way in which every command is carried out."""

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from service.domain import ids, limits
from service.domain.errors import DomainError, KeyReused, Unauthenticated
from service.domain.events import DomainEvent
from service.eventstore.model import (
    Append,
    Claim,
    ClaimTaken,
    CommandReused,
    EventStore,
    LogBusy,
    StaleVersion,
)

TRIES = 32  # each lost race means that someone else's change was recorded, so this is contention, not a loop


@dataclass(frozen=True, slots=True)
class Context:
    """One request: who asks, and the tools.

    Units:  clock gives aware UTC; random gives that many bytes; actor is the signed-in user;
            occurred_at is the claimed time, set by importers and by nobody else.
    """

    store: EventStore
    secret: bytes
    clock: Callable[[], datetime]
    random: Callable[[int], bytes]
    actor: UUID | None
    occurred_at: datetime | None = None

    def new_id(self) -> UUID:
        return ids.uuid7(self.clock(), self.random(10))

    def signed_in(self) -> UUID:
        """The actor. Errors: Unauthenticated."""
        if self.actor is None:
            raise Unauthenticated(
                "Sign in first: send the token of signIn as the header 'Authorization: Bearer …'."
            )
        return self.actor


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome: what it is about, and the position to read from. replayed: it was done before."""

    id: UUID
    position: int
    replayed: bool


class Command(Protocol):
    """What is asked for: a frozen dataclass."""

    @property
    def idempotency_key(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Decision:
    """What a command comes to, given what was loaded. Without events nothing changes."""

    subject: UUID
    events: tuple[DomainEvent, ...] = ()
    takes: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    actor: UUID | None = None  # None: who asks
    unnamed: bool = False  # true: the log does not say who did it
    erases: tuple[UUID, ...] = ()  # payloads to destroy


Decide = Callable[[], Awaitable[Decision]]
Refuse = Callable[[str, UUID], DomainError]


async def execute(ctx: Context, command: Command, decide: Decide, refuse: Refuse | None = None) -> Done:
    """Decide, and append what was decided: all of it, or nothing.

    Shape:  decide loads and decides, afresh after each lost race; refuse says what it means that
            somebody else holds a claim.
    Errors: those of decide; KeyReused; LogBusy when the race is lost too often; LogUnavailable.
    """
    command_id, request_hash = _command_id(ctx, command), _request_hash(ctx.secret, command)
    if known := await _outcome(ctx, command, command_id, request_hash):
        return known
    try:
        return await _until_recorded(ctx, decide, refuse, command_id, request_hash)
    except CommandReused as reused:
        raise KeyReused from reused
    except DomainError:
        # The same request, sent twice at once: what refuses this one may be the other one's effect.
        if known := await _outcome(ctx, command, command_id, request_hash):
            return known
        raise


async def _until_recorded(
    ctx: Context, decide: Decide, refuse: Refuse | None, command_id: UUID, request_hash: bytes
) -> Done:
    for _ in range(TRIES):
        try:
            return await _attempt(ctx, await decide(), command_id, request_hash)
        except StaleVersion:
            continue
        except ClaimTaken as taken:
            if refuse is None or taken.owner is None:
                raise
            raise refuse(taken.key, taken.owner) from taken
    raise LogBusy("Others kept changing the same thing at the same time: nothing was taken, try again.")


async def _attempt(ctx: Context, decision: Decision, command_id: UUID, request_hash: bytes) -> Done:
    appended = await ctx.store.append(
        Append(
            command_id=command_id,
            request_hash=request_hash,
            subject=decision.subject,
            events=decision.events,
            takes=decision.takes,
            releases=decision.releases,
            actor=None if decision.unnamed else decision.actor or ctx.actor,
            occurred_at=ctx.occurred_at,
            erases=decision.erases,
        )
    )
    return Done(appended.subject, appended.position, appended.replayed)


async def _outcome(ctx: Context, command: Command, command_id: UUID, request_hash: bytes) -> Done | None:
    if command.idempotency_key is None:
        return None  # the id is new
    try:
        known = await ctx.store.outcome(command_id, request_hash)
    except CommandReused as reused:
        raise KeyReused from reused
    return None if known is None else Done(known.subject, known.position, replayed=True)


def _command_id(ctx: Context, command: Command) -> UUID:
    """Derived from actor and key, under the secret; without a key, a new one."""
    key = command.idempotency_key
    if key is None:
        return ctx.new_id()
    limits.text(key, limits.IDEMPOTENCY_KEY, ("input", "idempotencyKey"))
    return ids.derived_id(ctx.secret, b"command", ctx.actor.bytes if ctx.actor else b"", key.encode())


def _request_hash(secret: bytes, command: Command) -> bytes:
    """What was asked for, so that nobody without the secret can try out what it may have been."""
    request = [type(command).__name__, _canonical(command)]
    return hmac.digest(secret, json.dumps(request, sort_keys=True).encode(), hashlib.sha256)


def _canonical(value: Any) -> Any:
    """As JSON knows it. Fields at their defaults are left out, so a new optional field changes no hash."""
    if is_dataclass(value):
        named = ((f, getattr(value, f.name)) for f in fields(value) if f.name != "idempotency_key")
        return {f.name: _canonical(held) for f, held in named if held != f.default}
    if isinstance(value, tuple):
        return [_canonical(item) for item in value]
    return value if value is None or isinstance(value, int) else str(value)
