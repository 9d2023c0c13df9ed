"""The tree over the log: the one that RFC 6962 describes, signed, and never taken back."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import asyncpg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from projections import log_keys, tree_reader
from projections.tree import BrokenLog, Tree
from service.eventstore.postgres import PostgresStore
from service.verification.checkpoints import Checkpoint, opened
from service.verification.errors import ProofError
from service.verification.merkle import (
    EMPTY_ROOT,
    Frontier,
    leaf_hash,
    root_of_inclusion,
    verify_consistency,
)
from tests.postgres import execute
from tests.projections.history import World
from tests.projections.sealing import (
    KEY,
    OTHER_KEY,
    lines,
    seal,
    sealed,
    sealing,
    size,
    until,
    verifiers,
    vkey,
)
from tests.verification.test_merkle import naive_root

CHANGES = [
    change
    for table in ("tree_nodes", "log_checkpoints", "log_cosignatures", "log_keys")
    for change in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE")  # noqa: S608 (ours)
] + [
    "UPDATE tree_nodes SET hash = hash",
    "UPDATE log_checkpoints SET note = note",
    "UPDATE log_cosignatures SET line = line",
    "UPDATE log_keys SET vkey = vkey",
]
UNLOCK = "ALTER TABLE events DISABLE TRIGGER USER"


async def sign_up(world: World, count: int) -> None:
    """So many events."""
    for _ in range(count):
        await world.sign_up(f"u{world.position}")


async def is_whole(pool: asyncpg.Pool, entries: Sequence[bytes]) -> bool:
    """Whether the nodes are exactly those of the tree over these entries."""
    frontier = Frontier()
    expected = {node: made for one in entries for node, made in frontier.append(leaf_hash(one))}
    rows = await pool.fetch("SELECT * FROM tree_nodes")
    assert len(rows) == len(expected)
    return {(row["level"], row["index"]): row["hash"] for row in rows} == expected


async def checkpoints(pool: asyncpg.Pool) -> list[Checkpoint]:
    """All that were signed, by a key of the log."""
    trusted = await verifiers(pool)
    rows = await pool.fetch("SELECT * FROM log_checkpoints ORDER BY size")
    found = [opened(row["note"], *trusted) for row in rows]
    assert found == [(row["origin"], row["size"], row["root"]) for row in rows]
    return found


async def test_it_seals_what_is_there_and_what_comes(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 10)
    async with sealing(pool, store, batch=4) as tree:
        await sealed(pool, 10)
        await sign_up(world, 3)
        await sealed(pool, 13)
        assert (tree.state.leading, tree.state.position, tree.state.head) == (True, 13, 13)
    entries = await lines(pool)
    assert await is_whole(pool, entries)
    signed = await checkpoints(pool)
    log_id = (await store.head()).log_id
    assert signed[-1] == (f"shortscience/{log_id}", 13, naive_root(entries))
    for checkpoint in signed:
        assert checkpoint.root == naive_root(entries[: checkpoint.size])


async def test_the_last_state_is_signed_though_the_last_batch_was_full(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 8)
    async with sealing(pool, store, batch=4, sign_seconds=0.5):
        await sealed(pool, 8)
    assert [one.size for one in await checkpoints(pool)] == [4, 8]


async def test_events_gather_before_they_are_sealed(
    pool: asyncpg.Pool, store: PostgresStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time until the next checkpoint is when others write."""
    await sign_up(world, 1)
    tree = Tree(pool, store, KEY, holder="by hand", sign_seconds=60.0)
    await by_hand(tree, 100, 1)

    async def sleep(seconds: float) -> None:
        assert 0 < seconds <= 60
        await sign_up(world, 19)

    monkeypatch.setattr("projections.tree.asyncio", SimpleNamespace(sleep=sleep))
    await sign_up(world, 1)
    epoch = await tree._lease.take()
    assert epoch
    assert await tree._step(epoch, 1, 100) == (21, 21)
    assert [one.size for one in await checkpoints(pool)] == [1, 21]


@settings(max_examples=15)
@given(steps=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5), st.booleans()), min_size=1, max_size=8))
async def test_batches_and_restarts_make_no_difference(
    database_url: str,
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    steps: list[tuple[int, int, bool]],
) -> None:
    """Every step: so many events, in batches of so many, by a tree that goes on or a new one."""
    tree = Tree(pool, store, KEY, holder="by hand", sign_seconds=0.0)
    for events, batch, restarts in steps:
        await sign_up(world, events)
        if restarts:
            tree = Tree(pool, store, KEY, holder="by hand", sign_seconds=0.0)
        await by_hand(tree, batch, world.position)
    entries = await lines(pool)
    assert await is_whole(pool, entries)
    assert {one.size for one in await checkpoints(pool)} >= {len(entries)}


async def by_hand(tree: Tree, batch: int, to: int) -> None:
    epoch = await tree._lease.take()
    assert epoch
    at = await tree._position()
    while at < to or tree._signed < to:
        at, _ = await tree._step(epoch, at, batch)


async def test_a_failed_step_leaves_nothing_and_is_made_again(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 5)
    tree = Tree(pool, store, KEY, holder="by hand", sign_seconds=0.0)
    await by_hand(tree, 5, 5)
    epoch = await tree._lease.take()
    assert epoch
    await sign_up(world, 3)
    await execute(database_url, "ALTER TABLE log_checkpoints RENAME TO hidden")
    with pytest.raises(asyncpg.UndefinedTableError):
        await tree._step(epoch, 5, 100)
    await execute(database_url, "ALTER TABLE hidden RENAME TO log_checkpoints")
    assert await size(pool) == 5
    assert await tree._step(epoch, 5, 100) == (8, 8)
    assert await is_whole(pool, await lines(pool))


async def test_two_compete_and_each_event_is_sealed_once(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """They lose their lease again and again while the log grows."""

    async def steal() -> None:
        while True:
            await pool.execute("UPDATE projection_leases SET epoch = epoch + 1, expires_at = '-infinity'")
            await asyncio.sleep(0.05)

    thief = asyncio.create_task(steal())
    quick = {"batch": 3, "lease_seconds": 0.3}
    async with sealing(pool, store, holder="one", **quick), sealing(pool, store, holder="two", **quick):
        for _ in range(20):
            await sign_up(world, 5)
            await asyncio.sleep(0.02)
        thief.cancel()
        await sealed(pool, 100)
    assert await is_whole(pool, await lines(pool))
    assert await log_keys.keys(pool) == [vkey((await store.head()).log_id)]


async def test_lost_connections_lose_and_repeat_nothing(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 60)
    admin = await asyncpg.connect(database_url)

    async def cut() -> None:
        while True:
            await admin.execute(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                 WHERE datname = current_database() AND pid <> pg_backend_pid()
                   AND (query LIKE '%tree_nodes%' OR query LIKE '%log_checkpoints%')
                """
            )
            await asyncio.sleep(0.02)

    cutting = asyncio.create_task(cut())
    async with sealing(pool, store, batch=2):
        await asyncio.sleep(1.0)
        cutting.cancel()
        await asyncio.gather(cutting, return_exceptions=True)
        await sealed(admin, 60)  # the pool may have a connection that was just cut
    await admin.close()
    assert await is_whole(pool, await lines(pool))


async def test_what_was_sealed_stays(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 3)
    await seal(pool, store)
    for change in CHANGES:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="what was sealed stays"):
            await execute(database_url, change)  # as the owner
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await pool.execute(change)


async def test_a_changed_past_is_not_accepted(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """The tree goes on from what it knows, so the changed event is in no proof."""
    await sign_up(world, 5)
    await seal(pool, store)
    before = await lines(pool)
    await execute(database_url, UNLOCK)
    await execute(database_url, "UPDATE events SET type = 'Forged' WHERE position = 2")
    await sign_up(world, 2)
    await seal(pool, store)
    after = await lines(pool)
    assert await is_whole(pool, [*before, *after[5:]])
    [forged] = [i for i in range(5) if before[i] != after[i]]
    [path] = await tree_reader.inclusion_proofs(pool, [forged + 1], 7)
    root = await tree_reader.root_of(pool, 7)
    assert root_of_inclusion(leaf_hash(before[forged]), forged, 7, path) == root
    assert root_of_inclusion(leaf_hash(after[forged]), forged, 7, path) != root


async def test_a_log_that_lost_events_is_not_gone_on_with(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 5)
    await seal(pool, store)
    await execute(database_url, UNLOCK)
    await execute(database_url, "DELETE FROM events WHERE position > 3; UPDATE log_head SET position = 3")
    tree = Tree(pool, store, KEY, holder="next")
    with pytest.raises(BrokenLog, match="the tree has 5 leaves, and the log only 3 events"):
        await tree._step(1, await tree._position(), 100)


async def test_events_with_a_gap_are_not_sealed(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 5)
    await execute(database_url, UNLOCK)
    await execute(database_url, "DELETE FROM events WHERE position = 3")
    tree = Tree(pool, store, KEY, holder="next")
    epoch = await tree._lease.take()
    assert epoch
    with pytest.raises(BrokenLog, match="after position 2 comes 4"):
        await tree._step(epoch, 0, 100)
    assert await size(pool) == 0


async def test_another_key_neither_leads_nor_signs(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 2)
    await seal(pool, store)
    await sign_up(world, 2)
    log_id = (await store.head()).log_id
    with capture_logs() as logs:
        async with sealing(pool, store, OTHER_KEY, holder="other", lease_seconds=0.3) as other:
            await until(lambda: other.state.failure is not None)
            await asyncio.sleep(0.3)
            assert not other.state.leading
            assert (other.state.position, other.state.head) == (2, 4)
            assert len([line for line in logs if "keys rotate" in line["event"]]) == 1
            assert await log_keys.add(pool, vkey(log_id, OTHER_KEY))
            assert not await log_keys.add(pool, vkey(log_id, OTHER_KEY))
            await sealed(pool, 4)
            assert other.state.failure is None
    assert await log_keys.keys(pool) == [vkey(log_id), vkey(log_id, OTHER_KEY)]
    assert [one.size for one in await checkpoints(pool)][-1] == 4


async def test_two_first_keys_do_not_both_become_the_logs(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 1)
    slow = Tree(pool, store, OTHER_KEY, holder="slow")
    assert await slow._may_sign()
    await seal(pool, store)
    await sign_up(world, 1)
    epoch = await slow._lease.take()
    assert epoch
    with pytest.raises(Exception, match="signed with other keys"):
        await slow._step(epoch, await slow._position(), 100)
    assert not await slow._may_sign()
    assert (await size(pool), len(await log_keys.keys(pool))) == (1, 1)


async def test_a_later_epoch_has_an_origin_of_its_own(
    database_url: str, pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 2)
    await seal(pool, store)
    await execute(
        database_url, "INSERT INTO log_epochs (epoch, base, place) VALUES (1785000000, 2, 'elsewhere')"
    )
    await sign_up(world, 1)
    await seal(pool, store)
    log_id = (await store.head()).log_id
    assert [one[:2] for one in await checkpoints(pool)] == [
        (f"shortscience/{log_id}", 2),
        (f"shortscience/{log_id}/1785000000", 3),
    ]


async def test_proofs(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    await sign_up(world, 21)
    await seal(pool, store)
    entries = await lines(pool)
    for total in (1, 2, 7, 16, 21):
        root = naive_root(entries[:total])
        assert await tree_reader.root_of(pool, total) == root
        paths = await tree_reader.inclusion_proofs(pool, range(1, total + 1), total)
        for i, path in enumerate(paths):
            assert root_of_inclusion(leaf_hash(entries[i]), i, total, path) == root
        for first in range(1, total + 1):
            proof = await tree_reader.consistency_proof(pool, first, total)
            verify_consistency(first, total, proof, naive_root(entries[:first]), root)
    assert await tree_reader.root_of(pool, 0) == EMPTY_ROOT
    assert await tree_reader.consistency_proof(pool, 0, 21) == []
    assert await tree_reader.inclusion_proofs(pool, [], 21) == []
    assert await tree_reader.leaf_hashes(pool, [21, 1, 22, 1]) == [
        leaf_hash(entries[20]),
        leaf_hash(entries[0]),
        None,
        leaf_hash(entries[0]),
    ]


@pytest.mark.parametrize(
    ("positions", "total", "told"),
    [
        ([0], 5, "no leaf -1"),
        ([6], 5, "no leaf 5"),
        ([1], 6, "not sealed up to 6"),
        ([1], 2**62, "not sealed up to"),
    ],
)
async def test_what_cannot_be_proved(
    pool: asyncpg.Pool, store: PostgresStore, world: World, positions: list[int], total: int, told: str
) -> None:
    await sign_up(world, 5)
    await seal(pool, store)
    with pytest.raises(ProofError, match=told):
        await tree_reader.inclusion_proofs(pool, positions, total)
    for first, second in ((2, 6), (3, 2), (-1, 2), (1, 2**62), (5, 7)):
        with pytest.raises(ProofError):
            await tree_reader.consistency_proof(pool, first, second)


async def test_proofs_are_one_statement_however_many(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    await sign_up(world, 30)
    await seal(pool, store)
    statements: list[str] = []
    for positions in ([1], list(range(1, 31))):
        async with pool.acquire() as conn:
            await tree_reader.inclusion_proofs(conn, positions, 30)  # asyncpg asks for types once
            with conn.query_logger(lambda query: statements.append(query.query)):
                await tree_reader.inclusion_proofs(conn, positions, 30)
    assert len(statements) == 2


async def test_checkpoints_by_size_and_the_latest(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    assert await tree_reader.latest_checkpoint(pool) is None
    assert await tree_reader.sealed_size(pool) == 0
    for _ in range(3):
        await sign_up(world, 2)
        await seal(pool, store)
    await cosign(pool, 2, "w1", "— w1 A")
    await cosign(pool, 4, "w2", "— w2 B")
    await cosign(pool, 4, "w1", "— w1 C")
    trusted = await verifiers(pool)

    async def latest(*witnesses: str, least: int = 0) -> int | None:
        found = await tree_reader.latest_checkpoint(pool, witnesses, least=least)
        return found and found.size

    assert [await latest(), await latest("w1"), await latest("w2", "w1"), await latest("w3")] == [6, 4, 4, 6]
    assert [await latest("w1", least=n) for n in (2, 4, 5, 6, 7)] == [4, 4, 6, 6, None]
    four, none, six = await tree_reader.checkpoints_by_size(pool, [4, 3, 6])
    assert none is None
    assert four
    assert six
    assert (four.cosignatures, six.cosignatures) == (2, 0)
    assert four.note.endswith("\n— w2 B\n— w1 C\n")
    assert opened(six.note, *trusted) == (six.origin, 6, six.root)


async def cosign(pool: asyncpg.Pool, size: int, witness: str, line: str) -> None:
    sql = "INSERT INTO log_cosignatures VALUES ($1, $2, $3, clock_timestamp())"
    await pool.execute(sql, size, witness, line)
