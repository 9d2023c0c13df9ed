"""Asking witnesses to cosign what this log says of itself, so that it cannot show two histories."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import asyncpg
import httpx
import structlog

from projections.tree import Tree
from projections.tree_reader import CheckpointRow, consistency_proof, latest_checkpoint
from service.verification.addresses import WitnessAddress
from service.verification.cosigning import SIZE_TYPE, AddCheckpoint, cosignatures
from service.verification.encoding import from_decimal
from service.verification.notes import parse_note

log = structlog.get_logger()

SECONDS = 5.0  # between two questions to a witness
LONGEST_PAUSE = 60.0  # seconds, when it does not answer as it should
LONGEST_ANSWER = 65_536  # bytes
TIMEOUT = 20.0  # seconds, for all of a question
CLOCKS_APART = 86_400  # seconds


class WitnessError(Exception):
    """A witness did not cosign; the message says why."""


class Witnesses:
    """Shows each new checkpoint to each witness, from the process that seals the log.

    Each is asked on its own, and none is waited for: one that is away, slow or wrong is logged, once for
    each reason, and asked again after a pause about what is then the newest checkpoint.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        tree: Tree,
        addresses: Sequence[WitnessAddress],
        *,
        seconds: float = SECONDS,
    ) -> None:
        self._pool = pool
        self._tree = tree
        self._addresses = addresses
        self._seconds = seconds

    async def run(self) -> None:
        """Until cancelled."""
        async with http_client() as client, asyncio.TaskGroup() as group:
            for address in self._addresses:
                group.create_task(self._keep_asking(client, address), name=f"witness {address.url}")

    async def _keep_asking(self, client: httpx.AsyncClient, address: WitnessAddress) -> None:
        failures, told = 0, ""
        while True:
            await asyncio.sleep(min(self._seconds * float(2 ** min(failures, 10)), LONGEST_PAUSE))
            if not self._tree.state.leading:
                continue
            try:
                async with asyncio.timeout(TIMEOUT):
                    await ask(self._pool, client, address)
                failures, told = 0, ""
            except Exception as error:
                reason = f"{type(error).__name__}: {error}".rstrip(": ")
                if reason != told:
                    log.warning("a witness does not cosign", witness=address.url, error=reason)
                failures, told = failures + 1, reason


def http_client() -> httpx.AsyncClient:
    """Follows no redirects, and takes answers as they are: nothing to unpack."""
    headers = {"Accept-Encoding": "identity", "User-Agent": "shortscience"}
    return httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, headers=headers)


async def ask(pool: asyncpg.Pool, client: httpx.AsyncClient, address: WitnessAddress) -> None:
    """Have the newest checkpoint cosigned, if there is one and it is not yet.

    Errors: WitnessError, VerificationError, those of httpx and of asyncpg.
    """
    checkpoint = await latest_checkpoint(pool)
    if checkpoint is None:
        return
    known = await _cosigned(pool, address, checkpoint.origin)
    if known == checkpoint.size:
        return
    line = await _cosignature(pool, client, address, checkpoint, known)
    await _keep(pool, address, checkpoint, line)


async def _cosigned(pool: asyncpg.Pool, address: WitnessAddress, origin: str) -> int:
    """The size of the last checkpoint of this origin that the witness cosigned, as far as we know."""
    size: int = await pool.fetchval(
        """
        SELECT coalesce(max(size), 0) FROM log_cosignatures JOIN log_checkpoints USING (size)
         WHERE witness = $1 AND origin = $2
        """,
        address.vkey,
        origin,
    )
    return size


async def _cosignature(
    pool: asyncpg.Pool,
    client: httpx.AsyncClient,
    address: WitnessAddress,
    checkpoint: CheckpointRow,
    known: int,
) -> str:
    """The answer of the witness, which may know of another size than we think."""
    for _ in range(2):
        status, kind, body = await _post(pool, client, address, checkpoint, known)
        if status != httpx.codes.CONFLICT or kind != SIZE_TYPE:
            break
        known, thought = from_decimal(body.removesuffix("\n"), "the size that the witness knows"), known
        if known == thought == checkpoint.size:
            raise WitnessError(f"it knows another tree of {known} leaves: the log has two histories")
        if known > checkpoint.size:
            raise WitnessError(
                f"it knows a tree of {known} leaves, and ours has {checkpoint.size}: the log was set back"
            )
    if status != httpx.codes.OK:
        raise WitnessError(f"it answers {status}: {body[:200].strip()}")
    return body


async def _post(
    pool: asyncpg.Pool,
    client: httpx.AsyncClient,
    address: WitnessAddress,
    checkpoint: CheckpointRow,
    known: int,
) -> tuple[int, str, str]:
    """Status, content type and body of its answer."""
    proof = await consistency_proof(pool, known, checkpoint.size)
    request = AddCheckpoint(known, proof, checkpoint.note).body()
    async with client.stream("POST", f"{address.url}/add-checkpoint", content=request.encode()) as response:
        body = b""
        async for part in response.aiter_raw(4_096):
            body += part
            if len(body) > LONGEST_ANSWER:
                raise WitnessError(f"its answer is longer than {LONGEST_ANSWER:,} bytes")
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    return response.status_code, kind, body.decode("utf-8", "replace")


async def _keep(pool: asyncpg.Pool, address: WitnessAddress, checkpoint: CheckpointRow, body: str) -> None:
    """Check what the witness answered, and keep its line."""
    text, _ = parse_note(checkpoint.note)
    lines = cosignatures(body)
    seconds = address.key.cosigned_at(text, lines)
    if abs(seconds - time.time()) > CLOCKS_APART:
        raise WitnessError(f"its clock is wrong: it cosigned at {seconds} seconds after 1970")
    await pool.execute(
        """
        INSERT INTO log_cosignatures (size, witness, line, cosigned_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING -- it said the same before
        """,
        checkpoint.size,
        address.vkey,
        max(address.key.own(lines), key=lambda one: one.value[:8]).line(),  # the newest
        datetime.fromtimestamp(seconds, UTC),
    )
