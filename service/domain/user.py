"""Users: their public names. What proves who someone is lives in service.accounts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from service.domain import limits
from service.domain.errors import ExistsAlready, Invalid
from service.domain.events import DomainEvent, UserSignedUp

UserEvent = UserSignedUp
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{2,38}")
NOT_OF_A_USERNAME = re.compile(r"[^A-Za-z0-9_-]")
USERNAME_PATH = ("input", "username")
RESERVED = frozenset(
    {"admin", "administrator", "anonymous", "api", "graphql", "me", "moderator", "root", "search", "settings"}
    | {"shortscience", "signin", "signout", "signup", "staff", "support", "system", "viewer"}
)


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    version: int
    username: str


def evolve(state: User | None, event: UserEvent) -> User:
    match event:
        case UserSignedUp():
            return User(event.originator_id, event.originator_version, event.username)
        case _:
            assert_never(event)


def user_from(events: Iterable[DomainEvent]) -> User | None:
    """A user's state; None for an empty stream, or for that of another thing."""
    state: User | None = None
    for event in events:
        if not isinstance(event, UserEvent):
            return None
        state = evolve(state, event)
    return state


def decide_sign_up(user_id: UUID, username: str, display_name: str | None) -> tuple[UserSignedUp, ...]:
    """Take a username, in the spelling given. Errors: Invalid."""
    _check_username(username)
    shown = display_name
    if shown is not None:
        shown = limits.line(shown, limits.NAME, ("input", "displayName"), optional=True)
    return (UserSignedUp(originator_id=user_id, originator_version=1, username=username, display_name=shown),)


def claim_key(username: str) -> str:
    """The claim on a username: Ada and ada are the same."""
    return f"username:{username.casefold()}"


def exists_already(user_id: UUID) -> ExistsAlready:
    return ExistsAlready("This username is taken: choose another one.", "user", user_id, path=USERNAME_PATH)


def _what_is_wrong(username: str) -> str:
    if not 3 <= len(username) <= 39:
        return f"this one has {len(username):,} characters"
    if other := NOT_OF_A_USERNAME.search(username):
        return f"this one has the character U+{ord(other.group()):04X}"
    return f"this one begins with '{username[0]}'"


def _check_username(username: str) -> None:
    if not USERNAME.fullmatch(username):
        raise Invalid(
            "A username has 3 to 39 letters (A–Z), digits, '-' and '_', and begins with a letter or a digit: "
            f"{_what_is_wrong(username)}.",
            path=USERNAME_PATH,
        )
    if username.casefold() in RESERVED:
        raise Invalid("This username is reserved: choose another one.", path=USERNAME_PATH)
