"""What all commands share: keys, races, and how often they are tried."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, make_dataclass
from uuid import UUID, uuid4

import pytest

from service.commands.context import TRIES, Context, Decision, execute
from service.domain.errors import KeyReused, RevisedMeanwhile
from service.domain.events import UserSignedUp
from service.eventstore.model import EventStore, LogBusy
from tests.commands.acting import position, unchanged


@dataclass(frozen=True, slots=True)
class Wave:
    at: str
    idempotency_key: str | None = None


def deciding(decision: Decision) -> Callable[[], Awaitable[Decision]]:
    async def decide() -> Decision:
        return decision

    return decide


async def test_a_race_that_is_always_lost_ends_as_busy(store: EventStore, ada: Context) -> None:
    tries = 0

    async def decide() -> Decision:
        nonlocal tries
        tries += 1
        late = UserSignedUp(originator_id=UUID(int=tries), originator_version=2, username="x")
        return Decision(late.originator_id, (late,))

    async with unchanged(store):
        with pytest.raises(LogBusy):
            await execute(ada, Wave("sea"), decide)
    assert tries == TRIES


async def test_what_refuses_a_request_may_be_the_same_request(store: EventStore, ada: Context) -> None:
    command, subject = Wave("sea", idempotency_key="k"), uuid4()

    async def decide() -> Decision:
        """The same request overtakes this one, which then finds its effect in its way."""
        await execute(ada, command, deciding(Decision(subject)))
        raise RevisedMeanwhile(2)

    done = await execute(ada, command, decide)
    assert (done.id, done.replayed) == (subject, True)


async def test_a_new_optional_field_makes_no_other_request_of_an_old_one(
    store: EventStore, ada: Context
) -> None:
    later = make_dataclass(
        "Wave", [("at", str), ("idempotency_key", str | None), ("loud", bool, False)], frozen=True
    )
    decide = deciding(Decision(uuid4()))
    await execute(ada, Wave("sea", "k"), decide)
    assert (await execute(ada, later("sea", "k"), decide)).replayed
    with pytest.raises(KeyReused):
        await execute(ada, later("sea", "k", loud=True), decide)


async def test_without_a_key_each_request_is_its_own(store: EventStore, ada: Context) -> None:
    decide = deciding(Decision(uuid4()))
    first, second = [await execute(ada, Wave("sea"), decide) for _ in range(2)]
    assert not first.replayed
    assert not second.replayed
    assert first.position == second.position == await position(store)
