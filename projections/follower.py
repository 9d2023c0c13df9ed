"""Following the log: one process leads and makes something of each event, the others stand by."""

import asyncio
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import asyncpg
import structlog
from eventsourcing.persistence import OperationalError

from projections.lease import Lease, LeaseLost
from projections.progress import Progress
from projections.reading import Reader
from projections.writing import CheckpointMoved, Writer
from service.eventstore.model import EventStore

log = structlog.get_logger()

LEASE_SECONDS = 3.0
IDLE_SECONDS = 1.0  # how often the log is asked when no wake-up comes
LONGEST_PAUSE = 1.0  # while the database is away
LONGEST_STUCK_PAUSE = 10.0

_AWAY = (  # the database, or our place as leader, is not there just now
    LeaseLost,
    CheckpointMoved,
    OSError,
    OperationalError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InvalidTransactionStateError,
    asyncpg.TransactionRollbackError,
    asyncpg.UndefinedTableError,  # a rebuild has just switched
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # also when a connection dies just as it is to be used
)


@dataclass(frozen=True, slots=True)
class State:
    """What /readyz shows. head - position is the lag; failure says what holds it up, if anything."""

    leading: bool = False
    position: int = 0
    head: int = 0
    failure: str | None = None


class Follower(ABC):
    """Handles each event of the log once, in order, whatever dies when.

    What a step makes, its checkpoint and the check that we still lead (`self._lease.renew`) are one
    transaction. After any failure it starts again from the checkpoint. An event that cannot be handled is
    never skipped: it is logged with its position and tried again until a better version of this code comes.

    Shape:  name is the lease's; holder names this process, and no other in the world, to whoever looks at
            projection_leases; progress, if any, is told how far what this process makes has come.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        *,
        name: str,
        holder: str,
        batch: int,
        lease_seconds: float = LEASE_SECONDS,
        progress: Progress | None = None,
    ) -> None:
        self._pool = pool
        self._progress = progress
        self._store = store
        self.name = name
        self._batch = self._limit = batch
        self._standby_seconds = lease_seconds / 6
        self._lease = Lease(pool, name, holder, lease_seconds)
        self._failures = 0
        self.state = State()

    @abstractmethod
    async def _position(self) -> int:
        """The checkpoint."""

    @abstractmethod
    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        """Up to limit events after the checkpoint, or a wait for some: the new checkpoint, and the head."""

    async def run(self) -> None:
        """Until cancelled; then another can lead at once."""
        while True:
            try:
                await self._lead_or_stand_by()
            except* Exception as group:
                self._failed(group.exceptions[0])
                log.warning("interrupted", follower=self.name, error=self.state.failure)
            await asyncio.sleep(self._pause(LONGEST_PAUSE) if self._failures else self._standby_seconds)

    async def _lead_or_stand_by(self) -> None:
        epoch = await self._lease.take()
        if epoch is None:
            at, head = await self._position(), await self._store.head()
            self._failures, self.state = 0, State(False, at, head.position)
            return
        log.info("leads", follower=self.name, epoch=epoch)
        try:
            async with self._lease.held(epoch):
                await self._lead(epoch)
        finally:
            if self._progress:
                self._progress.left()
            self.state = replace(self.state, leading=False)

    async def _lead(self, epoch: int) -> None:
        at = await self._position()
        self._succeeded(at, (await self._store.head()).position)
        while True:
            try:
                at, head = await self._step(epoch, at, self._limit)
            except Exception as error:
                limit, self._limit = self._limit, max(1, self._limit // 2)  # it may also have been too much
                if _is_away(error):
                    raise
                await self._stuck(at, limit, error)
            else:
                self._succeeded(at, head)
                self._limit = min(self._limit * 2, self._batch)

    def _succeeded(self, at: int, head: int) -> None:
        self._failures = 0
        self.state = State(True, at, max(at, head))
        if self._progress:
            self._progress.reached(at)

    async def _stuck(self, at: int, limit: int, error: Exception) -> None:
        """Halve the batch until the event that fails is alone; then wait before each try."""
        if limit > 1:
            return
        self._failed(error, f"position {at + 1}: ")
        log.error("an event cannot be handled", follower=self.name, position=at + 1, exc_info=error)
        self.state = replace(self.state, head=(await self._store.head()).position)
        await asyncio.sleep(self._pause(LONGEST_STUCK_PAUSE))

    def _failed(self, error: BaseException, where: str = "") -> None:
        self._failures += 1
        self.state = replace(self.state, failure=f"{where}{type(error).__name__}: {error}")

    def _pause(self, longest: float) -> float:
        return min(0.1 * float(2 ** min(self._failures, 10)), longest)


def _is_away(error: Exception) -> bool:
    """Whether the same batch may succeed by itself later: no fault of an event."""
    return isinstance(error, _AWAY) and not isinstance(error, ValueError)  # asyncpg's "invalid input" is both


async def followed_to(conn: Reader, name: str) -> int:
    """The checkpoint of a follower other than the core's; 0 before its first step.

    Source: follower_checkpoints.
    """
    records = await conn.fetch("SELECT position FROM follower_checkpoints WHERE name = $1", name)
    return int(records[0]["position"]) if records else 0


async def move_follower(conn: Writer, name: str, after: int, to: int) -> None:
    """Move such a checkpoint: the first statement of a step, since it keeps others away until the commit.

    Errors: CheckpointMoved when it is not at `after`.
    """
    sql = """
        INSERT INTO follower_checkpoints AS c (name, position) VALUES ($1, $3)
        ON CONFLICT (name) DO UPDATE SET position = excluded.position WHERE c.position = $2
    """
    if await conn.execute(sql, name, after, to) != "INSERT 0 1":
        raise CheckpointMoved(f"the checkpoint of {name} is not at {after}")
