"""Signing up, in and out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from schema.context import Info, Operation, changed
from schema.errors import AccessError, AlreadyExists, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.scalars import LogPosition
from schema.user import User, load_user
from service.accounts.service import Session


@strawberry.input(description="AlreadyExists tells of usernames, never of e-mail addresses.")
class SignUpInput:
    username: str = strawberry.field(description="Unique, whatever its case.")
    password: str = strawberry.field(description="Kept as an argon2id hash only.")
    display_name: str | None = strawberry.field(default=ABSENT, description="The name to show.")
    email: str | None = strawberry.field(default=ABSENT, description="Shown to nobody.")


@strawberry.input(description="Who signs in.")
class SignInInput:
    username: str = strawberry.field(description="In any case.")
    password: str = strawberry.field(description="As given when signing up.")


@strawberry.type(description="Somebody is signed in.")
class SessionPayload:
    user_id: strawberry.Private[UUID]
    token: str = strawberry.field(
        description="Send it as the header 'Authorization: Bearer …'. Shown only here."
    )
    expires_at: datetime = strawberry.field(description="When the token ends.")
    position: LogPosition = strawberry.field(description="Reading from here on, the user is there.")

    @resolved(description="Who signed in.")
    async def user(self, info: Info) -> User:
        return await changed(info.context, self.position, load_user(info.context, self.user_id))


SessionResult = Annotated[
    SessionPayload | ValidationError | AccessError | AlreadyExists,
    strawberry.union("SessionResult", description="A session, or why there is none."),
]

SignUp = Annotated[SignUpInput, strawberry.argument(description="Who signs up.")]
SignIn = Annotated[SignInInput, strawberry.argument(description="Who signs in.")]


@strawberry.type
class UserMutations:
    @mutation(description="Make an account and sign in.")
    async def sign_up(self, info: Info, input: SignUp) -> SessionResult:
        await info.context.release()
        session = await info.context.tools.accounts.sign_up(
            input.username, input.password, given(input.display_name), given(input.email)
        )
        return await _payload(info.context, session)

    @mutation(description="Get a token for later requests.")
    async def sign_in(self, info: Info, input: SignIn) -> SessionResult:
        await info.context.release()
        session = await info.context.tools.accounts.sign_in(input.username, input.password)
        return await _payload(info.context, session)

    @mutation(description="End the session of this request's token. False when there was none.")
    async def sign_out(self, info: Info) -> bool:
        token = info.context.request.token
        return token is not None and await info.context.tools.accounts.sign_out(token)


async def _payload(operation: Operation, session: Session) -> SessionPayload:
    await operation.catch_up(session.position)
    return SessionPayload(
        user_id=session.user_id,
        token=session.token,
        expires_at=session.expires_at,
        position=operation.log_position(session.position),
    )
