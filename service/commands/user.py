"""Signing people up without a password, as importers do. With one: `service.accounts`."""

from dataclasses import dataclass

from service.commands.context import Context, Decision, Done, execute
from service.domain import user
from service.eventstore.model import Claim


@dataclass(frozen=True, slots=True)
class SignUp:
    username: str
    display_name: str | None = None
    idempotency_key: str | None = None


async def sign_up(ctx: Context, command: SignUp) -> Done:
    """Take a username; Done.id is the user. Needs no actor.

    Errors: Invalid, ExistsAlready, KeyReused.
    """
    user_id = ctx.new_id()
    claim = Claim(user.claim_key(command.username), user_id)

    async def decide() -> Decision:
        events = user.decide_sign_up(user_id, command.username, command.display_name)
        return Decision(user_id, events, takes=(claim,), actor=user_id)

    return await execute(ctx, command, decide, lambda _, owner: user.exists_already(owner))
