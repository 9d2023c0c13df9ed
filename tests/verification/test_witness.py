"""What a witness signs, what it refuses, and that it never forgets."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from service.verification.checkpoints import Checkpoint, key_name, origin
from service.verification.cosigning import AddCheckpoint, WitnessKey
from service.verification.merkle import EMPTY_ROOT
from service.verification.notes import Signer, Verifier, parse_note
from service.witness import Memory, Refused, StateFileError, Witness
from tests.verification.test_merkle import leaves, naive_proof, naive_root
from tests.verification.watching import COSIGNER, watching

LOG = UUID("0190163d-8694-739b-aea5-966c26f8ad91")
SIGNER = Signer.from_private(key_name(LOG), b"\1" * 32)
KEY = WitnessKey.from_vkey(COSIGNER.vkey)
ENTRIES = leaves(20)
KEY_OF_LOG = Verifier.from_vkey(SIGNER.vkey)
OTHERS = [*leaves(4), b"another", *leaves(20)[5:]]


def asking(
    old: int, size: int, entries: Sequence[bytes] = ENTRIES, signer: Signer = SIGNER, epoch: int = 0
) -> AddCheckpoint:
    """A right request."""
    proof = naive_proof(old, entries[:size]) if 0 < old < size else []
    checkpoint = Checkpoint(origin(LOG, epoch), size, naive_root(entries[:size]))
    return AddCheckpoint(old, proof, checkpoint.signed(signer))


async def post(url: str, body: str | bytes) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{url}/add-checkpoint", content=body)


async def shown(url: str) -> str:
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).text


async def test_it_cosigns_a_log_that_grows(tmp_path: Path) -> None:
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        for old, size in ((0, 3), (3, 3), (3, 8), (8, 20), (20, 20)):
            request = asking(old, size)
            answer = await post(witness.url, request.body())
            assert answer.status_code == 200, answer.text
            assert answer.text.endswith("\n")
            assert KEY.cosigned_at(parse_note(request.note)[0], answer.text.splitlines()) > 1_700_000_000
        expected = f"{COSIGNER.vkey}\n\n{parse_note(request.note)[0]}\n— {SIGNER.name} "
        assert (await shown(witness.url)).startswith(expected)


FLIPPED = AddCheckpoint(3, naive_proof(3, ENTRIES[:8])[::-1], asking(3, 8).note)


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        (b"", 400, "a request is"),
        (b"\xff", 400, "not UTF-8"),
        (b"x" * 300_001, 413, "300,000 bytes"),
        (b"old 3\n\nno note", 400, "a signed note is"),
        (asking(3, 8).body().replace("8\n", "08\n", 1).encode(), 400, "as it should be written"),
        (AddCheckpoint(9, [], asking(3, 8).note), 400, "larger than the new one"),
        (asking(3, 8, signer=Signer.from_private(key_name(LOG), b"\2" * 32)), 403, "no trusted key"),
        (AddCheckpoint(3, [], asking(3, 8).note.replace(f"{LOG}\n", f"{LOG}/7\n")), 403, "does not fit"),
        (AddCheckpoint(3, [], asking(3, 8).note.replace(str(LOG), str(UUID(int=1)))), 404, "does not know"),
        (asking(0, 8), 409, "3"),
        (asking(2, 8), 409, "3"),
        (asking(0, 0), 409, "3"),
        (asking(3, 3, [*leaves(2), b"another"]), 409, "3"),
        (asking(3, 8, [b"another", *ENTRIES[1:]]), 422, "another root"),
        (AddCheckpoint(3, [], asking(3, 8).note), 422, "0 hashes"),
        (AddCheckpoint(3, naive_proof(3, ENTRIES[:8])[1:], asking(3, 8).note), 422, "hashes"),
        (FLIPPED, 422, "another root"),
        (AddCheckpoint(3, [b"short"], asking(3, 8).note), 422, "hashes"),
        (AddCheckpoint(3, [EMPTY_ROOT], asking(3, 3).note), 422, "must have 0"),
    ],
)
async def test_it_refuses_everything_else_and_stays_as_it_was(
    tmp_path: Path, body: AddCheckpoint | bytes, status: int, told: str
) -> None:
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        assert (await post(witness.url, asking(0, 3).body())).status_code == 200
        before = (tmp_path / "state").read_bytes()
        answer = await post(witness.url, body if isinstance(body, bytes) else body.body())
        assert (answer.status_code, told in answer.text) == (status, True), answer.text
        if status == 409:
            assert (answer.text, answer.headers["Content-Type"]) == ("3\n", "text/x.tlog.size")
        assert (tmp_path / "state").read_bytes() == before
        assert (await post(witness.url, asking(3, 8).body())).status_code == 200


async def test_the_empty_tree_has_one_root(tmp_path: Path) -> None:
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        wrong = Checkpoint(origin(LOG, 0), 0, b"\0" * 32).signed(SIGNER)
        assert (await post(witness.url, AddCheckpoint(0, [], wrong).body())).status_code == 409
        assert (await post(witness.url, asking(0, 0).body())).status_code == 200


async def test_it_remembers_over_a_restart(tmp_path: Path) -> None:
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        assert (await post(witness.url, asking(0, 3).body())).status_code == 200
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        assert (await post(witness.url, asking(0, 8, OTHERS).body())).text == "3\n"
        assert (await post(witness.url, asking(3, 8).body())).status_code == 200
        assert (await post(witness.url, asking(8, 20, OTHERS).body())).status_code == 422


async def test_an_epoch_is_a_history_of_its_own(tmp_path: Path) -> None:
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        assert (await post(witness.url, asking(0, 8).body())).status_code == 200
        assert (await post(witness.url, asking(0, 5, OTHERS, epoch=1785000000).body())).status_code == 200
        assert (await post(witness.url, asking(8, 9).body())).status_code == 200


async def test_of_many_at_once_one_history_is_cosigned(tmp_path: Path) -> None:
    """Two histories race: the one that is first is the one."""
    async with watching(tmp_path / "state", [SIGNER.vkey]) as witness:
        requests = [asking(0, size, history) for size in range(5, 21) for history in (ENTRIES, OTHERS)]
        answers = await asyncio.gather(*(post(witness.url, request.body()) for request in requests))
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 31
        [winner] = [r for r, answer in zip(requests, answers, strict=True) if answer.status_code == 200]
        assert parse_note(winner.note)[0] in await shown(witness.url)


def test_a_signature_is_given_after_it_is_remembered(tmp_path: Path) -> None:
    state = tmp_path / "folder" / "state"
    state.parent.mkdir()
    with Memory.opened(state) as memory:
        witness = Witness(COSIGNER, [KEY_OF_LOG], memory)
        witness.add_checkpoint(asking(0, 3).body())
        state.parent.rename(tmp_path / "away")
        with pytest.raises(FileNotFoundError):
            witness.add_checkpoint(asking(3, 8).body())
        (tmp_path / "away").rename(state.parent)
        witness.add_checkpoint(asking(3, 5).body())
        with pytest.raises(Refused, match="5"):
            witness.add_checkpoint(asking(3, 8).body())
    assert [*json.loads(state.read_text())] == [origin(LOG, 0)]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Memory.opened(tmp_path / "state"), pytest.raises(StateFileError, match="another witness runs"):
        Memory.opened(tmp_path / "state").__enter__()
    with Memory.opened(tmp_path / "state") as memory:
        assert memory.notes == {}


def test_a_memory_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="cannot be written: No such file"):
        Memory.opened(tmp_path / "no folder" / "state").__enter__()
    with pytest.raises(StateFileError, match="cannot be read: Is a directory"):
        Memory.opened(tmp_path).__enter__()
    with pytest.raises(ConnectionError), Memory.opened(tmp_path / "state"):
        raise ConnectionError  # of the body, and no fault of the file


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', '{"a": "no note"}', "\x00"])
def test_a_damaged_memory_is_not_taken_for_an_empty_one(tmp_path: Path, content: str) -> None:
    (tmp_path / "state").write_text(content)
    with pytest.raises(StateFileError, match="is not what a witness writes"):
        Memory.opened(tmp_path / "state").__enter__()
    assert (tmp_path / "state").read_text() == content
