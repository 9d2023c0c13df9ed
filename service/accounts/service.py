"""Accounts: signing up, in and out. Nothing of it but the username and the name shown enters the log."""

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import asyncpg

from service.accounts import sessions
from service.accounts.passwords import Passwords, check_email, check_password, is_possible
from service.accounts.throttle import Throttle
from service.domain import ids, user
from service.domain.errors import Unauthenticated
from service.domain.events import UserSignedUp
from service.eventstore.model import Append, Appended, Claim, ClaimTaken, EventStore, LogBusy

SALT_BYTES = 16
NOBODY = UUID(int=0)

INSERT = "INSERT INTO accounts.passwords (user_id, hash, email, changed_at) VALUES ($1, $2, $3, $4)"
DELETE = "DELETE FROM accounts.passwords WHERE user_id = $1"
HASH = "SELECT hash FROM accounts.passwords WHERE user_id = $1"
REHASH = "UPDATE accounts.passwords SET hash = $3 WHERE user_id = $1 AND hash = $2"


@dataclass(frozen=True, slots=True)
class Session:
    """position: reading from there on, the user is found."""

    user_id: UUID
    token: str = field(repr=False)
    expires_at: datetime
    position: int


class Accounts:
    """Who someone is. One object for a process: it remembers failed sign-ins.

    Errors: of asyncpg when the database cannot be reached, and LogBusy and LogUnavailable.
    Source: accounts.passwords, accounts.sessions and the claims on usernames.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        clock: Callable[[], datetime],
        random: Callable[[int], bytes],
        passwords: Passwords | None = None,
    ) -> None:
        self._pool = pool
        self._store = store
        self._clock = clock
        self._random = random
        self._passwords = passwords or Passwords()
        self._throttle = Throttle()

    async def sign_up(
        self, username: str, password: str, display_name: str | None, email: str | None
    ) -> Session:
        """A new user, signed in. Errors: Invalid, ExistsAlready, RateLimited."""
        user_id = ids.uuid7(self._clock(), self._random(10))
        (signed_up,) = user.decide_sign_up(user_id, username, display_name)
        check_password(password, username)
        check_email(email)
        if owner := await self._owner(username):
            raise user.exists_already(owner)  # before the slow part; the append has the last word
        await self._keep_password(user_id, password, email)
        appended = await self._append(signed_up)
        return await self._open(user_id, appended.position)

    async def sign_in(self, username: str, password: str) -> Session:
        """Errors: Unauthenticated, the same for a wrong name and a wrong password; RateLimited."""
        name = username if user.USERNAME.fullmatch(username) else ""
        started = self._throttle.begin(name.casefold(), self._clock())
        try:
            user_id = await self._verified(name, password)
        except Exception:
            self._throttle.undecided(started)
            raise
        if user_id is None:
            raise Unauthenticated("The username or the password is wrong.", path=("input", "password"))
        self._throttle.succeeded(started.name)
        return await self._open(user_id, (await self._store.head()).position)

    async def sign_out(self, token: str) -> bool:
        """End the session. False when there was none."""
        return await sessions.close_session(self._pool, token, self._clock())

    async def user_of(self, token: str) -> UUID | None:
        """Whose session it is; None when it is unknown, malformed or has ended. One statement."""
        return await sessions.user_of(self._pool, token, self._clock())

    async def good_tokens(self, tokens: Collection[str]) -> set[str]:
        """Those whose sessions have not ended. One statement."""
        return await sessions.good_ones(self._pool, tokens, self._clock())

    async def _owner(self, username: str) -> UUID | None:
        key = user.claim_key(username)
        return (await self._store.owners([key])).get(key)

    async def _keep_password(self, user_id: UUID, password: str, email: str | None) -> None:
        """Before the append, so that nobody signs up without a password.

        A crash in between leaves a row that nobody finds: sign-in looks a name up in the log's claims.
        """
        hashed = await self._passwords.hash(password, self._random(SALT_BYTES))
        await self._pool.execute(INSERT, user_id, hashed, email, self._clock())

    async def _append(self, signed_up: UserSignedUp) -> Appended:
        """When it is sure that nothing was recorded, the password goes; when in doubt, it stays."""
        user_id = signed_up.originator_id
        try:
            return await self._store.append(
                Append(
                    command_id=ids.uuid7(self._clock(), self._random(10)),
                    request_hash=hashlib.sha256(user_id.bytes).digest(),
                    subject=user_id,
                    events=(signed_up,),
                    takes=(Claim(user.claim_key(signed_up.username), user_id),),
                    actor=user_id,
                )
            )
        except (ClaimTaken, LogBusy) as refused:
            await self._pool.execute(DELETE, user_id)
            if isinstance(refused, ClaimTaken) and refused.owner is not None:
                raise user.exists_already(refused.owner) from refused
            raise

    async def _verified(self, username: str, password: str) -> UUID | None:
        """The same work whether the user exists or not."""
        user_id = await self._owner(username)
        stored: str | None = await self._pool.fetchval(HASH, user_id or NOBODY)
        offered = password if is_possible(password) else ""
        if stored is None:
            await self._passwords.hash(offered, self._random(SALT_BYTES))
            return None
        if user_id is None or not await self._passwords.verify(stored, offered):
            return None
        await self._rehash(user_id, stored, offered)
        return user_id

    async def _rehash(self, user_id: UUID, stored: str, password: str) -> None:
        if self._passwords.is_outdated(stored):
            renewed = await self._passwords.hash(password, self._random(SALT_BYTES))
            await self._pool.execute(REHASH, user_id, stored, renewed)

    async def _open(self, user_id: UUID, position: int) -> Session:
        token = sessions.new_token(self._random(sessions.TOKEN_BYTES))
        expires_at = await sessions.open_session(self._pool, token, user_id, self._clock())
        return Session(user_id, token, expires_at, position)
