"""The signing key in its file, and what operators do with it."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from projections import log_keys
from service.cli_keys import _rotate, _show
from service.eventstore.postgres import PostgresStore
from service.settings import Settings
from service.verification.keys import FILE, KeyFileError, signing_key
from tests.projections.history import World
from tests.projections.sealing import OTHER_KEY, seal, vkey
from tests.projections.test_tree import sign_up

MAKE = """
import sys
from pathlib import Path
from service.verification.keys import signing_key
sys.stdin.read(1)
print(signing_key(Path(sys.argv[1])).private_bytes_raw().hex())
"""


def test_it_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / FILE
    made = signing_key(path)
    assert (path.stat().st_mode & 0o777, [p.name for p in path.parent.iterdir()]) == (0o600, [FILE])
    assert signing_key(path).private_bytes_raw() == made.private_bytes_raw()
    assert signing_key(tmp_path / "another").private_bytes_raw() != made.private_bytes_raw()


def test_processes_that_make_it_at_once_get_the_same(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(tmp_path / FILE)]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        outputs = list(threads.map(lambda process: process.communicate("x", timeout=60)[0], processes))
    assert len(set(outputs)) == 1
    assert len(bytes.fromhex(outputs[0])) == 32
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def pem(encryption: KeySerializationEncryption) -> bytes:
    return OTHER_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def test_a_key_that_was_made_elsewhere(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(pem(NoEncryption()))
    assert signing_key(tmp_path / FILE).private_bytes_raw() == OTHER_KEY.private_bytes_raw()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "does not hold a private key"),
        (b"secret", "does not hold a private key"),
        (pem(BestAvailableEncryption(b"password")), "without a password"),
        (
            generate_private_key(SECP256R1()).private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            ),
            "must be Ed25519",
        ),
    ],
    ids=["empty", "text", "password", "kind"],
)
def test_what_is_no_key_is_left_alone(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(KeyFileError, match=told):
        signing_key(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == content


def test_where_no_key_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="cannot be read or made"):
        signing_key(tmp_path / "file" / FILE)
    with pytest.raises(KeyFileError, match="Is a directory"):
        signing_key(tmp_path)


async def test_show_and_rotate(
    tmp_path: Path,
    database_url: str,
    pool: asyncpg.Pool,
    store: PostgresStore,
    world: World,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path)
    log_id = (await store.head()).log_id
    own = vkey(log_id, signing_key(tmp_path / FILE))

    async def shown() -> list[str]:
        await _show(settings)
        return capsys.readouterr().out.splitlines()

    origin = f"Origin  shortscience/{log_id}"
    assert await shown() == [origin, f"Key     {own}  (of this installation; the log is not signed yet)"]

    await sign_up(world, 1)
    await seal(pool, store)  # with another key
    capsys.readouterr()  # what was logged
    first, listed, unknown = await shown()
    assert (first, listed) == (origin, f"Key     {vkey(log_id)}")
    assert unknown.startswith(f"        {own}  (of this installation: unknown to the log")

    await _rotate(settings)
    await _rotate(settings)
    added, again = capsys.readouterr().out.splitlines()
    assert added == f"The log is signed with this key, too: {own}"
    assert again == f"The log knew this key already: {own}"
    assert await log_keys.keys(pool) == [vkey(log_id), own]
    assert await shown() == [origin, f"Key     {vkey(log_id)}", f"Key     {own}  (of this installation)"]
