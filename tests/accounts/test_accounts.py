import asyncio
import hashlib
import os
from dataclasses import replace
from uuid import uuid4

import asyncpg
import pytest
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError
from argon2.profiles import CHEAPEST

from service.accounts.passwords import Passwords
from service.accounts.service import Accounts
from service.accounts.sessions import LIFETIME
from service.commands.context import Context
from service.commands.user import SignUp, sign_up
from service.database import connector
from service.domain.errors import ExistsAlready, Invalid, RateLimited, Unauthenticated
from service.domain.events import UserSignedUp
from service.eventstore.model import LogBusy, LogUnavailable
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from tests.accounts.conftest import Clock, MakeAccounts

PASSWORD = "correct horse battery"
EMAIL = "ada@example.org"


async def rows(pool: asyncpg.Pool, table: str) -> int:
    count: int = await pool.fetchval(f"SELECT count(*) FROM accounts.{table}")  # noqa: S608 (a word of this file)
    return count


async def test_signing_up_is_recorded_and_signs_in(accounts: Accounts, store: PostgresStore) -> None:
    session = await accounts.sign_up("Ada", PASSWORD, "Ada Lovelace", EMAIL)
    (recorded,) = await store.read(0, 10)
    assert recorded.event == UserSignedUp(
        originator_id=session.user_id, originator_version=1, username="Ada", display_name="Ada Lovelace"
    )
    assert (recorded.actor, recorded.position) == (session.user_id, session.position)
    assert await accounts.user_of(session.token) == session.user_id


async def test_what_proves_who_someone_is_stays_out_of_the_log(
    accounts: Accounts, pool: asyncpg.Pool
) -> None:
    session = await accounts.sign_up("ada", PASSWORD, "Ada", EMAIL)
    events = await pool.fetch("SELECT actor, convert_from(data, 'UTF8') FROM events")
    payloads = await pool.fetch("SELECT convert_from(content, 'UTF8') FROM payloads")
    stored = str(events + payloads + await pool.fetch("SELECT * FROM commands, claims"))
    assert "Ada" in stored
    sessions = str(await pool.fetch("SELECT * FROM accounts.sessions"))
    for secret in (PASSWORD, EMAIL, session.token, session.token.removeprefix("ss_")):
        assert secret not in stored
        assert secret not in sessions
    assert PASSWORD not in str(await pool.fetch("SELECT * FROM accounts.passwords"))
    assert session.token not in repr(session)
    assert (
        await pool.fetchval("SELECT token_hash FROM accounts.sessions")
        == hashlib.sha256(session.token.encode()).digest()
    )


async def test_the_default_hash_is_argon2id(make_accounts: MakeAccounts, pool: asyncpg.Pool) -> None:
    await make_accounts(PasswordHasher()).sign_up("ada", PASSWORD, None, None)
    hashed = await pool.fetchval("SELECT hash FROM accounts.passwords")
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")


async def test_signing_in_in_any_case(accounts: Accounts, store: PostgresStore) -> None:
    first = await accounts.sign_up("Ada", PASSWORD, None, None)
    second = await accounts.sign_in("aDA", PASSWORD)
    assert second.user_id == first.user_id
    assert second.token != first.token
    assert second.position == (await store.head()).position
    assert await accounts.user_of(second.token) == first.user_id


async def test_a_password_is_the_same_from_every_keyboard(accounts: Accounts) -> None:
    await accounts.sign_up("ada", "cafe\u0301 au lait", None, None)
    assert await accounts.sign_in("ada", "caf\u00e9 au lait")


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("ada", "wrong horse battery"),
        ("ada", ""),
        ("ada", "x" * 1_001),
        ("ada", "\ud800" * 10),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("a\x00da", PASSWORD),
        ("\ud800", PASSWORD),
        ("imported", PASSWORD),
        ("imported", ""),
    ],
)
async def test_wrong_names_and_wrong_passwords_look_the_same(
    accounts: Accounts, store: PostgresStore, pool: asyncpg.Pool, clock: Clock, username: str, password: str
) -> None:
    await sign_up(Context(store, b"secret", clock, os.urandom, None), SignUp("imported"))
    await accounts.sign_up("ada", PASSWORD, None, None)
    with pytest.raises(Unauthenticated) as error:
        await accounts.sign_in(username, password)
    assert error.value.message == "The username or the password is wrong."
    assert await rows(pool, "sessions") == 1


async def test_a_taken_username_leaves_nothing_behind(
    accounts: Accounts, store: PostgresStore, pool: asyncpg.Pool
) -> None:
    session = await accounts.sign_up("ada", PASSWORD, None, None)
    with pytest.raises(ExistsAlready) as error:
        await accounts.sign_up("ADA", PASSWORD, None, None)
    assert (error.value.kind, error.value.existing) == ("user", session.user_id)
    assert error.value.path == ("input", "username")
    assert (await store.head()).position == await rows(pool, "passwords") == await rows(pool, "sessions") == 1


async def test_of_many_signing_up_at_once_one_wins_and_only_its_password_works(
    accounts: Accounts, store: PostgresStore, pool: asyncpg.Pool
) -> None:
    passwords = [f"the password of number {n}" for n in range(6)]
    outcomes = await asyncio.gather(
        *(accounts.sign_up("ada", password, None, None) for password in passwords), return_exceptions=True
    )
    (winner,) = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    assert sum(isinstance(outcome, ExistsAlready) for outcome in outcomes) == 5
    assert (await store.head()).position == await rows(pool, "passwords") == 1
    for n, password in enumerate(passwords):
        if n == winner:
            assert await accounts.sign_in("ada", password)
        else:
            with pytest.raises(Unauthenticated):
                await accounts.sign_in("ada", password)


async def test_a_full_queue_leaves_nothing_behind(
    pool: asyncpg.Pool, database_url: str, clock: Clock
) -> None:
    hasher = PasswordHasher.from_parameters(CHEAPEST)
    async with PostgresStore.open(pool, connector(database_url), limits=Limits(queue=0)) as full:
        with pytest.raises(LogBusy):
            await Accounts(pool, full, clock, os.urandom, Passwords(hasher)).sign_up(
                "ada", PASSWORD, None, None
            )
    assert await rows(pool, "passwords") == await rows(pool, "sessions") == 0


async def test_a_password_stays_when_it_is_unknown_whether_its_user_was_recorded(
    pool: asyncpg.Pool, clock: Clock
) -> None:
    async def nowhere() -> asyncpg.Connection:
        return await asyncpg.connect("postgresql://127.0.0.1:1/nothing", timeout=1)

    hasher = PasswordHasher.from_parameters(CHEAPEST)
    async with PostgresStore.open(pool, nowhere, limits=Limits(give_up_after=0)) as lost:
        accounts = Accounts(pool, lost, clock, os.urandom, Passwords(hasher))
        with pytest.raises(LogUnavailable):
            await accounts.sign_up("ada", PASSWORD, None, None)
    assert await rows(pool, "passwords") == 1
    assert await rows(pool, "sessions") == 0


async def test_a_password_whose_user_was_never_recorded_opens_nothing(
    accounts: Accounts, pool: asyncpg.Pool
) -> None:
    session = await accounts.sign_up("ada", PASSWORD, None, None)
    await pool.execute(  # as a crash between the two leaves it
        "INSERT INTO accounts.passwords SELECT $2, hash FROM accounts.passwords WHERE user_id = $1",
        session.user_id,
        uuid4(),
    )
    with pytest.raises(Unauthenticated):
        await accounts.sign_in("eve", PASSWORD)
    assert (await accounts.sign_up("eve", PASSWORD + "!", None, None)).user_id != session.user_id
    with pytest.raises(Unauthenticated):
        await accounts.sign_in("eve", PASSWORD)


@pytest.mark.parametrize(
    ("username", "password", "display_name", "email", "name"),
    [
        ("a", PASSWORD, None, None, "username"),
        ("admin", PASSWORD, None, None, "username"),
        ("ada", "x" * 9, None, None, "password"),
        ("ada", "x" * 1_001, None, None, "password"),
        ("ada", "\ud800" * 10, None, None, "password"),
        ("ada-lovelace", "Ada-Lovelace", None, None, "password"),
        ("ada", PASSWORD, " ", None, "displayName"),
        ("ada", PASSWORD, None, "", "email"),
        ("ada", PASSWORD, None, "ada", "email"),
        ("ada", PASSWORD, None, "ada@", "email"),
        ("ada", PASSWORD, None, "a da@example.org", "email"),
        ("ada", PASSWORD, None, "ada@example.org\r\nBcc: x@example.org", "email"),
        ("ada", PASSWORD, None, "a" * 250 + "@b.org", "email"),
    ],
)
async def test_bad_input_is_refused_and_leaves_nothing_behind(
    accounts: Accounts,
    store: PostgresStore,
    pool: asyncpg.Pool,
    username: str,
    password: str,
    display_name: str | None,
    email: str | None,
    name: str,
) -> None:
    with pytest.raises(Invalid) as error:
        await accounts.sign_up(username, password, display_name, email)
    assert error.value.path == ("input", name)
    assert not email or email not in error.value.message
    assert password not in error.value.message
    assert (await store.head()).position == await rows(pool, "passwords") == await rows(pool, "sessions") == 0


async def test_an_e_mail_address_is_never_told_to_be_known(accounts: Accounts) -> None:
    await accounts.sign_up("ada", PASSWORD, None, EMAIL)
    assert await accounts.sign_up("eve", PASSWORD, None, EMAIL)


async def test_a_session_ends(accounts: Accounts, clock: Clock, pool: asyncpg.Pool) -> None:
    session = await accounts.sign_up("ada", PASSWORD, None, None)
    assert session.expires_at == clock.now + LIFETIME
    clock.turn(days=30, seconds=-1)
    assert await accounts.user_of(session.token) == session.user_id
    clock.turn(seconds=1)
    assert await accounts.user_of(session.token) is None
    assert await accounts.sign_out(session.token) is False
    await accounts.sign_in("ada", PASSWORD)
    await accounts.sign_in("ada", PASSWORD)
    assert await rows(pool, "sessions") == 2  # the one that ended was swept away


async def test_signing_out_ends_one_session(accounts: Accounts) -> None:
    first = await accounts.sign_up("ada", PASSWORD, None, None)
    second = await accounts.sign_in("ada", PASSWORD)
    assert await accounts.sign_out(first.token) is True
    assert await accounts.sign_out(first.token) is False
    assert await accounts.user_of(first.token) is None
    assert await accounts.user_of(second.token) == second.user_id


@pytest.mark.parametrize(
    "token", ["", "ss_", "ss_" + "A" * 43, "x" * 10_000, "ss_\x00", "\ud800", "ss_é" + "A" * 42]
)
async def test_other_tokens_are_nobodys(accounts: Accounts, token: str) -> None:
    await accounts.sign_up("ada", PASSWORD, None, None)
    assert await accounts.user_of(token) is None
    assert await accounts.sign_out(token) is False


async def test_a_token_lives_through_a_new_start(accounts: Accounts, make_accounts: MakeAccounts) -> None:
    session = await accounts.sign_up("ada", PASSWORD, None, None)
    assert await make_accounts(PasswordHasher()).user_of(session.token) == session.user_id


async def test_a_hash_is_renewed_when_the_parameters_change(
    accounts: Accounts, make_accounts: MakeAccounts, pool: asyncpg.Pool
) -> None:
    await accounts.sign_up("ada", PASSWORD, None, EMAIL)
    stronger = make_accounts(PasswordHasher.from_parameters(replace(CHEAPEST, time_cost=2)))
    with pytest.raises(Unauthenticated):
        await stronger.sign_in("ada", "wrong horse battery")
    assert "t=1" in await pool.fetchval("SELECT hash FROM accounts.passwords")
    await stronger.sign_in("ada", PASSWORD)
    assert "t=2" in await pool.fetchval("SELECT hash FROM accounts.passwords")
    assert await stronger.sign_in("ada", PASSWORD)
    assert await accounts.sign_in("ada", PASSWORD)


async def test_guessing_is_braked_even_all_at_once(accounts: Accounts, clock: Clock) -> None:
    await accounts.sign_up("ada", PASSWORD, None, None)
    await accounts.sign_up("eve", PASSWORD, None, None)
    guesses = (accounts.sign_in(name, "wrong horse battery") for name in ("ada", "ADA") * 15)
    errors = await asyncio.gather(*guesses, return_exceptions=True)
    kinds = [type(error) for error in errors]
    assert (kinds.count(Unauthenticated), kinds.count(RateLimited)) == (10, 20)
    with pytest.raises(RateLimited):
        await accounts.sign_in("ada", PASSWORD)
    assert await accounts.sign_in("eve", PASSWORD)
    clock.turn(minutes=5)
    assert await accounts.sign_in("ada", PASSWORD)


async def test_signing_in_forgets_the_failures_before(accounts: Accounts) -> None:
    await accounts.sign_up("ada", PASSWORD, None, None)
    for _ in range(3):
        for _ in range(9):
            with pytest.raises(Unauthenticated):
                await accounts.sign_in("ada", "wrong horse battery")
        assert await accounts.sign_in("ada", PASSWORD)


async def test_a_try_that_ended_in_an_error_does_not_count(accounts: Accounts, pool: asyncpg.Pool) -> None:
    await accounts.sign_up("ada", PASSWORD, None, None)
    hashed = await pool.fetchval("SELECT hash FROM accounts.passwords")
    await pool.execute("UPDATE accounts.passwords SET hash = 'torn'")
    for _ in range(12):
        with pytest.raises(InvalidHashError):
            await accounts.sign_in("ada", PASSWORD)
    await pool.execute("UPDATE accounts.passwords SET hash = $1", hashed)
    assert await accounts.sign_in("ada", PASSWORD)
