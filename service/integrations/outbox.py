"""The one way outwards: the words that channels share. See docs/adr/0015-outwards.md.

A channel says where each event is to go (`plan`), and brings it there (`send`). `planner`, with `planning`,
and `sender`, with `claims` and `turns`, do the rest: each event is planned once, in order; each delivery is
tried until it is known how it ended.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid5

from msgspec import Struct

from projections.writing import Writer

NAME = "outbox"  # of the follower that plans, and of its checkpoint
TRY_SECONDS = 30.0  # for one try of a channel that is quick


class Happened(Struct, frozen=True):
    """An event as it is planned.

    Shape:  as read.event has it. actor did it, and is for choosing whom to tell: it is shown to nobody.
    Units:  claimed_at is None for what was not imported.
    """

    position: int
    event_id: UUID
    type: str
    subject_id: UUID | None
    summary_id: UUID | None
    paper_id: UUID | None
    publishes: bool
    withdraws: bool
    actor: UUID | None
    recorded_at: datetime
    claimed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Planned:
    """An event is to go to a target.

    Shape:  by_address: to somebody who named its subject, and so knows its address.
    Units:  not_before None is at once.
    """

    target: UUID
    position: int
    subject_id: UUID | None = None
    not_before: datetime | None = None
    by_address: bool = False


class Delivery(Struct, frozen=True):
    """What is to be sent now.

    Shape:  delivery_id is the same in every try, whichever process makes it and whenever it is planned.
            by_address is as it was planned.
    Units:  failures are its tries since it was to be sent last, before this one.
    """

    delivery_id: UUID
    channel: str
    target: UUID
    position: int
    subject_id: UUID | None
    failures: int
    created_at: datetime
    by_address: bool = False


@dataclass(frozen=True, slots=True)
class Delivered:
    """It arrived."""

    status: int | None = None
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Skip:
    """It is not to be sent any more: such as what may not be seen any more."""

    why: str


@dataclass(frozen=True, slots=True)
class Wait:
    """It was not even tried, which is no failure.

    Units:  it is not time for so many seconds, and what failed before is forgiven; None: try in a moment.
    """

    why: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """It may arrive later. Units: after at least so many seconds; None: as the backoff says."""

    why: str
    after: float | None = None
    status: int | None = None
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It never will, and the next one may."""

    why: str
    status: int | None = None
    response: str | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing will arrive there any more: the target is disabled, for its owner to see why."""

    why: str
    status: int | None = None
    response: str | None = None


Outcome = Delivered | Skip | Wait | Retry | Refused | GiveUp


class Channel(Protocol):
    """A way outwards.

    Shape:  ordered: a target gets its deliveries in the order of the log, and nothing else while one
            waits to be tried again. It is asked when a target is planned for the first time.
            What is sent twice has the same delivery_id. A process can die at any moment of a try: a channel
            that must not repeat one notes that it begins, and looks there first.
    Units:  a try takes at most so many seconds. What could not be sent for dropped_after seconds is dropped,
            and its target is not to blame; None: the target is disabled, when the backoff says.
    """

    @property
    def name(self) -> str: ...

    @property
    def ordered(self) -> bool: ...

    @property
    def seconds(self) -> float: ...

    @property
    def dropped_after(self) -> float | None: ...

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        """Where each of these events is to go, in the transaction that moves the checkpoint.

        Shape:  only names targets to plan for; None is all. At most one Planned for target and position.
        """
        ...

    async def send(self, delivery: Delivery) -> Outcome:
        """Bring it there. No connection of the pool is held meanwhile.

        Whether it may be seen is to be looked at again. Errors are as Retry.
        """
        ...


def delivery_id(channel: str, target: UUID, event_id: UUID) -> UUID:
    """The id of what is sent to a target about an event, whenever it is planned."""
    return uuid5(target, f"{channel} {event_id}")
