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


async def sign_up(ctx: Context, command: SignUp, *, also_known_as: str | None = None) -> Done:
    """Take a username; Done.id is the user. Needs no actor.

    Units:  also_known_as is a second claim of the user's, by which an importer finds them again.

    Errors: Invalid, ExistsAlready, KeyReused.
    """
    user_id = ctx.new_id()
    names = [user.claim_key(command.username)] + ([also_known_as] if also_known_as else [])
    claims = tuple(Claim(name, user_id) for name in names)

    async def decide() -> Decision:
        events = user.decide_sign_up(user_id, command.username, command.display_name)
        return Decision(user_id, events, takes=claims, actor=user_id)

    return await execute(ctx, command, decide, lambda _, owner: user.exists_already(owner))
