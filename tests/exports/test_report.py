"""What a verification says: how far each key signed, and nothing more."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from service.eventstore.postgres import PostgresStore
from service.exports.database import check_database
from service.exports.errors import Tampered
from service.exports.lines import read_header
from service.exports.report import report
from service.exports.trust import key_text, parse_key
from service.verification.cosigning import Cosigner
from service.verification.notes import Verifier, parse_note
from tests.exports.exported import about, complete, key_of, lines, proved, public
from tests.projections.history import World
from tests.projections.projecting import project_all
from tests.projections.sealing import OTHER_KEY, seal, vkey

WITNESS = Cosigner("witness.example", Ed25519PrivateKey.from_private_bytes(b"\5" * 32))
WITNESS_KEY = parse_key(WITNESS.vkey)
LOG = UUID(int=1)


async def cosign(pool: asyncpg.Pool) -> int:
    """The newest checkpoint; its size."""
    size, note = await pool.fetchrow("SELECT size, note FROM log_checkpoints ORDER BY size DESC LIMIT 1")
    line = WITNESS.cosign(parse_note(note)[0], 1_700_000_000)
    sql = "INSERT INTO log_cosignatures (size, witness, line, cosigned_at) VALUES ($1, $2, $3, $4)"
    await pool.execute(sql, size, WITNESS.vkey, line, datetime.fromtimestamp(1_700_000_000, UTC))
    return int(size)


@pytest.fixture
async def ahead(pool: asyncpg.Pool, store: PostgresStore, world: World) -> tuple[int, int, int]:
    """A log; how far a witness signed, how far it signed itself, and where it ends."""
    await world.publish(await world.register("x/y"), await world.sign_up("ada"))
    await seal(pool, store)
    cosigned = await cosign(pool)
    await world.register("x/z")
    await seal(pool, store)
    signed = world.position
    await world.register("x/w")
    await world.register("x/v")
    await project_all(pool, store)
    return cosigned, signed, world.position


def told(data: bytes, keys: Sequence[Verifier], outside: str | None = None) -> tuple[list[str], list[str]]:
    """What is proved, and what not."""
    header = read_header(lines(data)[0])
    said = list(report(LOG, header, proved(data, *keys, outside=outside), header.size, keys))
    start = said.index("It holds. Proved:") + 1
    end = said.index("Not proved:") if "Not proved:" in said else len(said)
    assert end + 1 != len(said)  # no heading without something below
    return [line.strip() for line in said[start:end]], [line.strip() for line in said[end + 1 :]]


async def test_each_key_as_far_as_it_signed(
    ahead: tuple[int, int, int], store: PostgresStore, conn: asyncpg.Connection
) -> None:
    cosigned, signed, end = ahead
    own, data = await key_of(store), await complete(conn)
    by_log = [f"positions 1 to {signed} are as {key_text(own)} signed: "]
    by_witness = f"positions 1 to {cosigned} are as {key_text(WITNESS_KEY)} signed: 1 checkpoint"
    unsealed = f"positions {signed + 1} to {end}: no checkpoint covers that yet"

    yes, no = told(data, [own, WITNESS_KEY])
    assert any(line.startswith(by_log[0]) for line in yes)
    assert by_witness in yes
    assert unsealed in no
    assert f"that others see the same log after position {cosigned}: no witness of yours signed more" in no
    assert not [line for line in no if "keys that you did not give" in line]

    yes, no = told(data, [WITNESS_KEY])
    assert by_witness in yes
    assert not [line for line in yes if key_text(own) in line]
    assert f"position {signed}: signed only with keys that you did not give" in no
    assert unsealed in no
    assert proved(data, WITNESS_KEY).covered == cosigned

    yes, no = told(data, [own])
    assert not [line for line in yes if WITNESS.name in line]
    assert "that others see the same log: give the key of a witness you trust as --key" in no
    yes, no = told(data, [])
    assert any(line.startswith(by_log[0]) for line in yes)
    assert any(line.startswith("whose the keys are: ") for line in no)


async def test_a_key_that_signed_nothing(
    ahead: tuple[int, int, int], store: PostgresStore, conn: asyncpg.Connection
) -> None:
    own, data = await key_of(store), await complete(conn)
    stranger = parse_key(Cosigner("stranger.example", OTHER_KEY).vkey)
    _, no = told(data, [own, WITNESS_KEY, stranger])
    assert f"anything by {key_text(stranger)}: it signed nothing here" in no
    unknown = parse_key(vkey((await store.head()).log_id, OTHER_KEY))
    note = await conn.fetchval("SELECT note FROM log_checkpoints LIMIT 1")
    for keys in ([stranger], [unknown], [unknown, WITNESS_KEY]):
        with pytest.raises(Tampered, match="signed with the key that you gave"):
            proved(data, *keys)
        with pytest.raises(Tampered, match="signed with the key that you gave"):
            await check_database(conn, keys)
    assert proved(data, stranger, outside=note).outside  # which the reader kept


async def test_everything_is_proved(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    """Then there is no heading for what is not. A file about one summary never proves that it is all."""
    summary = await world.publish(await world.register("x/y"), await world.sign_up("ada"), vote=False)
    await project_all(pool, store)
    await seal(pool, store)
    await cosign(pool)
    own = await key_of(store)
    yes, no = told(await public(conn), [own, WITNESS_KEY])
    assert (len(yes), no) == (4, [])
    yes, no = told(await about(conn, summary.id), [WITNESS_KEY])
    assert f"the tree is as {key_text(WITNESS_KEY)} signed: 1 checkpoint" in yes
    assert no == ["that these are all events about the summary"]
    log, held = await check_database(conn, [own, WITNESS_KEY])
    *_, heading, rest = report(log, None, held, held.events, [own, WITNESS_KEY])
    assert (heading, "no checkpoint speaks of them" in rest) == ("Not proved:", True)
