"""The runner of migrations, on real databases."""

import asyncio
from importlib import resources
from pathlib import Path
from uuid import uuid4

import pytest

from service.migrations import MigrationError, migrate, pending
from tests.postgres import execute, fetchval

BOTH = ["0001_first", "0002_second"]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two migrations, the second standing on the first."""
    (tmp_path / "0001_first.sql").write_text(
        "CREATE TABLE first (id int PRIMARY KEY); INSERT INTO first VALUES (1);"
    )
    (tmp_path / "0002_second.sql").write_text("INSERT INTO first VALUES (2);")
    (tmp_path / "README.md").write_text("not a migration")
    return tmp_path


async def test_applies_in_order_and_once(empty_database_url: str, files: Path) -> None:
    assert await pending(empty_database_url, files) == BOTH
    assert await migrate(empty_database_url, files) == BOTH
    assert await pending(empty_database_url, files) == []
    assert await migrate(empty_database_url, files) == []
    assert await fetchval(empty_database_url, "SELECT array_agg(id ORDER BY id) FROM first") == [1, 2]


async def test_asking_changes_nothing(empty_database_url: str, files: Path) -> None:
    await pending(empty_database_url, files)
    assert await fetchval(empty_database_url, "SELECT to_regclass('public.schema_migrations')") is None


async def test_a_later_file_is_applied_alone(empty_database_url: str, files: Path) -> None:
    await migrate(empty_database_url, files)
    (files / "0003_third.sql").write_text("INSERT INTO first VALUES (3);")
    assert await migrate(empty_database_url, files) == ["0003_third"]


async def test_an_edited_file_is_refused_by_name(empty_database_url: str, files: Path) -> None:
    await migrate(empty_database_url, files)
    (files / "0001_first.sql").write_text("CREATE TABLE other ();")
    (files / "0003_third.sql").write_text("CREATE TABLE third ();")
    for act in (migrate, pending):
        with pytest.raises(MigrationError, match=r"0001_first\.sql was edited.*frozen"):
            await act(empty_database_url, files)
    assert await fetchval(empty_database_url, "SELECT to_regclass('third')") is None


async def test_a_newer_database_is_refused(empty_database_url: str, files: Path) -> None:
    await migrate(empty_database_url, files)
    (files / "0002_second.sql").unlink()
    for act in (migrate, pending):
        with pytest.raises(MigrationError, match="newer than this version: it has 0002_second"):
            await act(empty_database_url, files)


async def test_a_file_put_in_between_is_refused(empty_database_url: str, files: Path) -> None:
    await migrate(empty_database_url, files)
    (files / "0001_later.sql").write_text("CREATE TABLE between ();")
    with pytest.raises(MigrationError, match=r"0001_later\.sql comes before 0002_second"):
        await migrate(empty_database_url, files)


async def test_a_failing_file_leaves_nothing_and_what_came_before_stays(
    empty_database_url: str, files: Path
) -> None:
    (files / "0002_second.sql").write_text("CREATE TABLE second (); SELECT 1 / 0;")
    with pytest.raises(MigrationError, match=r"0002_second\.sql failed.*division by zero"):
        await migrate(empty_database_url, files)
    assert await fetchval(empty_database_url, "SELECT to_regclass('second')") is None
    assert await pending(empty_database_url, files) == ["0002_second"]
    (files / "0002_second.sql").write_text("CREATE TABLE second ();")
    assert await migrate(empty_database_url, files) == ["0002_second"]


@pytest.mark.parametrize("name", ["1_short", "0001", "abcd_letters"])
async def test_a_name_without_its_number_is_refused(empty_database_url: str, files: Path, name: str) -> None:
    (files / f"{name}.sql").write_text("CREATE TABLE misnamed ();")
    with pytest.raises(MigrationError, match="NNNN_name"):
        await migrate(empty_database_url, files)
    assert await fetchval(empty_database_url, "SELECT to_regclass('public.schema_migrations')") is None


async def test_many_at_once_apply_each_file_once(empty_database_url: str, files: Path) -> None:
    (files / "0003_slow.sql").write_text("SELECT pg_sleep(0.2); INSERT INTO first VALUES (3);")
    applied = await asyncio.gather(*(migrate(empty_database_url, files) for _ in range(8)))
    assert sorted(applied) == [[]] * 7 + [[*BOTH, "0003_slow"]]
    assert await fetchval(empty_database_url, "SELECT count(*) FROM first") == 3


async def test_a_syntax_error_is_shown_with_its_line(empty_database_url: str, files: Path) -> None:
    (files / "0003_third.sql").write_text("SELECT 1;\n-- one more line\nSELEKT 2;\n")
    with pytest.raises(MigrationError, match=r"0003_third\.sql, line 3, failed.*SELEKT"):
        await migrate(empty_database_url, files)


async def test_the_lock_is_given_back_after_a_failure(empty_database_url: str, files: Path) -> None:
    (files / "0003_third.sql").write_text("nonsense")
    with pytest.raises(MigrationError, match="0003_third"):
        await migrate(empty_database_url, files)
    await execute(empty_database_url, "SELECT 1")
    assert (
        await fetchval(empty_database_url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == 0
    )


async def test_our_own_migrations_apply(empty_database_url: str) -> None:
    names = await pending(empty_database_url)
    assert await migrate(empty_database_url) == names
    assert await migrate(empty_database_url) == []


async def test_tries_before_failures_were_counted_are_failures_of_what_is_open(
    empty_database_url: str, tmp_path: Path
) -> None:
    for file in resources.files("migrations").iterdir():
        if file.name.endswith(".sql") and file.name < "0047":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    assert (await migrate(empty_database_url, tmp_path))[-1] == "0046_one_note_of_a_try"
    await execute(
        empty_database_url,
        """
        INSERT INTO outwards.deliveries (delivery_id, channel, target, position, state, attempts, next_at)
        SELECT gen_random_uuid(), 'webhook', gen_random_uuid(), position, state, attempts, now()
          FROM (VALUES (1, 'open', 3), (2, 'delivered', 2), (3, 'open', 0)) AS d(position, state, attempts)
        """,
    )
    await migrate(empty_database_url)
    failures = "SELECT array_agg(failures ORDER BY position) FROM outwards.deliveries"
    assert await fetchval(empty_database_url, failures) == [3, 0, 0]


async def test_the_fixture_is_migrated(database_url: str) -> None:
    assert await pending(database_url) == []


@pytest.mark.usefixtures("migrated_template")  # so the service's role exists, and cannot be joined
async def test_an_owner_who_may_not_make_roles_is_told_what_to_ask_for(empty_database_url: str) -> None:
    owner = f"owner_{uuid4().hex}"
    await execute(empty_database_url, f"CREATE ROLE {owner} LOGIN")
    name = await fetchval(empty_database_url, "SELECT current_database()")
    await execute(empty_database_url, f"ALTER DATABASE {name} OWNER TO {owner}")
    await execute(empty_database_url, f"ALTER SCHEMA public OWNER TO {owner}")
    plain = empty_database_url.replace("//postgres@", f"//{owner}@")
    with pytest.raises(MigrationError, match=f"GRANT shortscience_service TO {owner};"):
        await migrate(plain)
    await execute(empty_database_url, f"GRANT shortscience_service TO {owner}")
    assert "0001_log" in await migrate(plain)
