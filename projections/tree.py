"""The Merkle tree over the log: grown leaf by leaf, and signed. See docs/adr/0013-verification.md."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import asyncpg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections import log_keys
from projections.follower import IDLE_SECONDS, LEASE_SECONDS, Follower, State, followed_to, move_follower
from projections.lease import LeaseLost
from projections.tree_reader import hashes_of, sealed_size
from projections.writing import on_schema
from service.eventstore.entries import Entry, encode, read_entries
from service.eventstore.model import EventStore
from service.verification.checkpoints import Checkpoint, key_name, origin
from service.verification.merkle import Frontier, leaf_hash, subtrees
from service.verification.notes import Signer

log = structlog.get_logger()

NAME = "tree"
BATCH = 2_000  # events a transaction
SIGN_SECONDS = 1.0


class KeyUnknown(LeaseLost):
    """The log is signed with other keys than that of this process, which therefore must not lead."""


class BrokenLog(Exception):
    """The events are not those that the tree goes on from; `shortscience verify` tells where."""


class Tree(Follower):
    """Grows the tree over the log and signs it: whenever it is at the head, and now and then on its way.

    What is in the tree is never read from the events again: proofs are about what was sealed, whatever has
    become of the events since. To compare the two is what `shortscience verify` does.

    Shape:  key is the signing key of this installation. The first one that signs becomes the log's; one
            that the log does not know neither signs nor leads.
    Units:  sign_seconds between two checkpoints, about; at the head, events gather for so long.
    Source: events, written as service/eventstore/entries.py does.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        store: EventStore,
        key: Ed25519PrivateKey,
        *,
        holder: str,
        batch: int = BATCH,
        lease_seconds: float = LEASE_SECONDS,
        sign_seconds: float = SIGN_SECONDS,
    ) -> None:
        super().__init__(pool, store, name=NAME, holder=holder, batch=batch, lease_seconds=lease_seconds)
        self._key = key
        self._sign_seconds = sign_seconds
        self._log: UUID | None = None
        self._refused = False
        self._frontier: Frontier | None = None  # of the checkpoint, or None: to be read
        self._at_head = False
        self._signed = 0
        self._signed_at = 0.0  # by a clock of our own: it only paces

    async def _lead_or_stand_by(self) -> None:
        if await self._may_sign():
            await super()._lead_or_stand_by()

    async def _may_sign(self) -> bool:
        vkey = (await self._signer()).vkey
        refused = not await log_keys.may_sign(self._pool, vkey)
        if refused:
            failure = f"the log does not know the key of this installation: {vkey}"
            self.state = State(False, await self._position(), (await self._store.head()).position, failure)
        if refused and not self._refused:
            log.error(
                "this installation does not seal the log, because others signed it with another key: bring "
                "their key file here, or let this key sign too with `shortscience keys rotate`",
                key=vkey,
            )
        self._refused = refused
        return not refused

    async def _signer(self) -> Signer:
        return Signer(key_name(await self._log_id()), self._key)

    async def _log_id(self) -> UUID:
        if self._log is None:
            self._log = (await self._store.head()).log_id
        return self._log

    async def _position(self) -> int:
        self._frontier, self._at_head = None, False
        return await followed_to(self._pool, NAME)

    async def _step(self, epoch: int, at: int, limit: int) -> tuple[int, int]:
        if self._at_head:
            await self._store.wait(at, IDLE_SECONDS)
            await asyncio.sleep(self._signed_at + self._sign_seconds - time.monotonic())
        entries = await read_entries(self._pool, at, limit)
        self._at_head = len(entries) < limit
        frontier = await self._frontier_at(at)
        if entries or at > self._signed:
            await self._seal(epoch, frontier, entries)
        self._frontier = frontier
        return frontier.size, frontier.size if self._at_head else (await self._store.head()).position

    async def _frontier_at(self, at: int) -> Frontier:
        """Ours for the time of a step: if that fails it is to be read again."""
        frontier, self._frontier = self._frontier, None
        if frontier is not None and frontier.size == at:
            return frontier
        if at > (head := (await self._store.head()).position):
            raise BrokenLog(f"the tree has {at:,} leaves, and the log only {head:,} events")
        self._signed = await sealed_size(self._pool)
        cover = subtrees(0, at)
        hashes = await hashes_of(self._pool, cover)
        return Frontier.of(at, [hashes[node] for node in cover])

    async def _seal(self, epoch: int, frontier: Frontier, entries: Sequence[Entry]) -> None:
        at, now = frontier.size, time.monotonic()
        sign = self._at_head or now - self._signed_at >= self._sign_seconds
        async with self._pool.acquire() as conn, on_schema(conn, "public"):
            await self._lease.renew(conn, epoch)
            await move_follower(conn, NAME, at, at + len(entries))
            await conn.copy_records_to_table("tree_nodes", records=list(grown(frontier, entries)))
            if sign:
                await self._sign(conn, frontier)
        if sign:
            self._signed, self._signed_at = frontier.size, now

    async def _sign(self, conn: asyncpg.Connection, frontier: Frontier) -> None:
        """Errors: KeyUnknown."""
        signer = await self._signer()
        await log_keys.register_first(conn, signer.vkey)
        if not await log_keys.may_sign(conn, signer.vkey):
            raise KeyUnknown(f"the log is signed with other keys than {signer.vkey}")
        epoch = await conn.fetchval("SELECT max(epoch) FROM log_epochs")
        checkpoint = Checkpoint(origin(await self._log_id(), epoch), frontier.size, frontier.root())
        await conn.execute(
            "INSERT INTO log_checkpoints (size, origin, root, note) VALUES ($1, $2, $3, $4)",
            checkpoint.size,
            checkpoint.origin,
            checkpoint.root,
            checkpoint.signed(signer),
        )


def grown(frontier: Frontier, entries: Sequence[Entry]) -> Iterator[tuple[int, int, bytes]]:
    """The rows of tree_nodes that these entries complete. Errors: BrokenLog for positions with gaps."""
    for entry in entries:
        if entry.position != frontier.size + 1:
            raise BrokenLog(f"after position {frontier.size:,} comes {entry.position:,}")
        for (level, index), made in frontier.append(leaf_hash(encode(entry))):
            yield level, index, made
