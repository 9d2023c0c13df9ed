import asyncio

from service.commands.context import Context
from service.commands.user import SignUp, sign_up
from service.domain.errors import ExistsAlready, Invalid
from service.domain.events import UserSignedUp
from service.eventstore.model import EventStore
from tests.commands.acting import events, refused, topics


async def test_a_username_is_taken_once_in_any_case(store: EventStore, visitor: Context) -> None:
    first = await sign_up(visitor, SignUp("Ada", "Ada Lovelace"))
    error = await refused(store, sign_up(visitor, SignUp("aDA")), ExistsAlready, "input", "username")
    assert (error.kind, error.existing) == ("user", first.id)
    (event,) = await events(store)
    assert event == UserSignedUp(
        originator_id=first.id, originator_version=1, username="Ada", display_name="Ada Lovelace"
    )


async def test_of_two_at_once_one_wins(store: EventStore, visitor: Context) -> None:
    outcomes = await asyncio.gather(
        *(sign_up(visitor, SignUp(name)) for name in ("ada", "ADA")), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Done", "ExistsAlready"]
    assert await topics(store) == ["UserSignedUp"]


async def test_a_key_gives_the_first_user_again(visitor: Context) -> None:
    command = SignUp("ada", idempotency_key="import ada")
    first, again = await sign_up(visitor, command), await sign_up(visitor, command)
    assert (again.id, again.replayed) == (first.id, True)


async def test_a_bad_username_is_refused(store: EventStore, visitor: Context) -> None:
    await refused(store, sign_up(visitor, SignUp("a\ud800b")), Invalid, "input", "username")
