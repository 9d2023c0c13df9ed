"""The catch-up loop: one process leads and projects what the log gets, the others stand by."""

import asyncio
from dataclasses import dataclass, replace

import asyncpg
import structlog
from eventsourcing.persistence import OperationalError

from projections import core, text
from projections.lease import Lease, LeaseLost
from projections.progress import Progress, position
from projections.writing import CheckpointMoved, on_schema
from service.eventstore.model import EventStore

log = structlog.get_logger()

BATCH = 2_000  # events a transaction
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
    """What /readyz shows. head - position is the lag; failure says what holds the runner up, if anything."""

    leading: bool = False
    position: int = 0
    head: int = 0
    failure: str | None = None


class Runner:
    """Projects the log into the core read models: each event once, whatever dies when.

    Rows, checkpoint and the check that we still lead are one transaction. After any failure it starts
    again from the checkpoint. An event that cannot be projected is never skipped: it is logged with its
    position and tried again until a better version of this code comes.

    Shape:  holder names this runner, and no other in the world, to whoever looks at projection_leases.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        progress: Progress,
        *,
        holder: str,
        render: text.Render = text.render_text,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._pool = pool
        self._store = store
        self._progress = progress
        self._render = render
        self._batch = batch
        self._standby_seconds = lease_seconds / 6
        self._lease = Lease(pool, "core", holder, lease_seconds)
        self._failures = 0
        self.state = State()

    async def run(self) -> None:
        """Until cancelled; then another can lead at once."""
        while True:
            try:
                await self._lead_or_stand_by()
            except* Exception as group:
                self._failed(group.exceptions[0])
                log.warning("projection interrupted", error=self.state.failure)
            await asyncio.sleep(self._pause(LONGEST_PAUSE) if self._failures else self._standby_seconds)

    async def _lead_or_stand_by(self) -> None:
        epoch = await self._lease.take()
        if epoch is None:
            at, head = await position(self._pool), await self._store.head()
            self._failures, self.state = 0, State(False, at, head.position)
            return
        log.info("projection leads", epoch=epoch)
        try:
            async with self._lease.held(epoch):
                await self._lead(epoch)
        finally:
            self._progress.left()
            self.state = replace(self.state, leading=False)

    async def _lead(self, epoch: int) -> None:
        at, limit = await position(self._pool), self._batch
        self._succeeded(at, (await self._store.head()).position)
        while True:
            try:
                at, head = await self._step(epoch, at, limit)
            except Exception as error:
                if _is_away(error):
                    raise
                await self._stuck(at, limit, error)
                limit = max(1, limit // 2)
            else:
                self._succeeded(at, head)
                limit = min(limit * 2, self._batch)

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        """One batch, or a wait for one: the new checkpoint, and the head that we know of."""
        events = await self._store.read(at, limit, contents="none")
        if not events:
            await self._store.wait(at, IDLE_SECONDS)
            return at, at
        async with self._pool.acquire() as conn:
            rendered = await text.prepare(conn, events, self._render)
            async with on_schema(conn, "read"):
                await self._lease.renew(conn, epoch)
                at = await core.apply(conn, at, events, rendered)
        return at, at if len(events) < limit else (await self._store.head()).position

    def _succeeded(self, at: int, head: int) -> None:
        self._failures = 0
        self.state = State(True, at, max(at, head))
        self._progress.reached(at)

    async def _stuck(self, at: int, limit: int, error: Exception) -> None:
        """Halve the batch until the event that fails is alone; then wait before each try."""
        if limit > 1:
            return
        self._failed(error, f"position {at + 1}: ")
        log.error("an event cannot be projected", position=at + 1, exc_info=error)
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
