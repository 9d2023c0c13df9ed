"""What the log signs, and proofs against it."""

import base64
from datetime import datetime
from typing import Annotated

import strawberry

from projections import log_keys
from projections.proof import ProofRow
from projections.tree_reader import CheckpointRow, consistency_proof, latest_checkpoint
from schema.context import Info, Operation
from schema.fields import resolved
from schema.scalars import LogPosition, named
from service.domain.errors import Invalid
from service.verification.merkle import leaf_hash

Earlier = Annotated[
    LogPosition, strawberry.argument(description="The position of a checkpoint that was seen before.")
]


@strawberry.type(
    description="What the log says of itself, signed: that it has these events, in this order, and no "
    "others. Hashes are SHA-256 in base64; the tree is that of RFC 6962."
)
class LogCheckpoint:
    row: strawberry.Private[CheckpointRow]
    position: LogPosition = strawberry.field(description="Of the last event in it: as many leaves as events.")
    origin: str = strawberry.field(description="Which log, and which history of it after a restore.")
    root_hash: str = strawberry.field(description="The root of the tree over all events up to there.")
    signed_at: datetime = strawberry.field(description="When it was signed.")
    note: str = strawberry.field(
        description="The signed text (c2sp.org/tlog-checkpoint), with the cosignatures of witnesses."
    )

    @resolved(description="The keys with which this log signs (c2sp.org/signed-note), the oldest first.")
    async def keys(self, info: Info) -> list[str]:
        return await log_keys.keys(info.context.session)

    @resolved(
        description="The proof that an earlier checkpoint is the beginning of this one (RFC 6962, 2.1.2)."
    )
    async def consistency(self, info: Info, since: Earlier) -> list[str]:
        with named(argument="since"):
            first = await info.context.place(since)
        if not 1 <= first <= self.row.size:
            raise Invalid(
                "since lies beyond this checkpoint, or before all: take an earlier one's.", path=("since",)
            )
        return [written(one) for one in await consistency_proof(info.context.session, first, self.row.size)]


@strawberry.type(
    description="How to check that a revision's text is what the log has held since it was recorded: "
    "SHA-256(salt ‖ text in UTF-8) is the commitment to `body` in the entry; SHA-256(0x00 ‖ entry) is the "
    "leaf; the path leads from the leaf to the checkpoint's root."
)
class RevisionProof:
    entry: str = strawberry.field(description="The event as the tree has it, byte for byte in UTF-8.")
    salt: str | None = strawberry.field(description="Hexadecimal. Null when the revision was redacted.")
    leaf_hash: str = strawberry.field(description="Base64.")
    leaf_index: int = strawberry.field(description="Counted from 0.")
    path: list[str] = strawberry.field(description="Hashes in base64, from the leaf's neighbour up.")
    checkpoint: LogCheckpoint = strawberry.field(description="The tree that it is in.")


def checkpoint_from(row: CheckpointRow, operation: Operation) -> LogCheckpoint:
    return LogCheckpoint(
        row=row,
        position=operation.log_position(row.size),
        origin=row.origin,
        root_hash=written(row.root),
        signed_at=row.signed_at,
        note=row.note,
    )


def proof_from(row: ProofRow, position: int, operation: Operation) -> RevisionProof:
    return RevisionProof(
        entry=row.entry.decode(),
        salt=None if row.salt is None else row.salt.hex(),
        leaf_hash=written(leaf_hash(row.entry)),
        leaf_index=position - 1,
        path=[written(one) for one in row.path],
        checkpoint=checkpoint_from(row.checkpoint, operation),
    )


async def load_checkpoint(operation: Operation) -> LogCheckpoint | None:
    """The newest; None before the first."""
    row = await latest_checkpoint(operation.session, operation.tools.witnesses)
    return None if row is None else checkpoint_from(row, operation)


def written(value: bytes) -> str:
    """As signed notes write hashes."""
    return base64.b64encode(value).decode()
