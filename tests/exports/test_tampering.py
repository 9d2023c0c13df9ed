"""Whatever is done to a file, verification finds it, and says where if anybody can."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.exports.checking import checked
from service.exports.errors import ExportError, Tampered
from service.exports.files import lines_of
from service.verification.checkpoints import Checkpoint
from service.verification.merkle import Frontier, leaf_hash
from service.verification.notes import Signer, Verifier
from tests.conftest import GRANT_AGAIN
from tests.exports.exported import (
    about,
    complete,
    joined,
    key_of,
    lines,
    live,
    opened,
    packed,
    proved,
    public,
)
from tests.postgres import execute, fresh_database
from tests.projections.history import World
from tests.projections.sealing import OTHER_KEY

LONGEST = """
SELECT summary_id FROM read.event JOIN read.summary USING (summary_id)
 WHERE listed GROUP BY summary_id ORDER BY count(*) DESC LIMIT 1
"""
KINDS = pytest.mark.parametrize("kind", ["complete", "public", "summary"])


class Exports(NamedTuple):
    """Files of one log, and the key that signed it."""

    complete: bytes
    public: bytes
    summary: bytes
    key: Verifier

    def of(self, kind: str) -> bytes:
        data: bytes = getattr(self, kind)
        return data


@pytest.fixture(scope="module")
def exports(cluster_dsn: str, migrated_template: str) -> Exports:
    """Made once: nothing here changes them."""
    with ThreadPoolExecutor(1) as thread:  # a loop of its own, away from the tests' loop
        return thread.submit(asyncio.run, _exports(cluster_dsn, migrated_template)).result()


async def _exports(dsn: str, template: str) -> Exports:
    async with fresh_database(dsn, template) as url:
        await execute(url, GRANT_AGAIN)
        async with opened(url) as (pool, store), pool.acquire() as conn:
            await live(pool, store, World(store))
            longest = await pool.fetchval(LONGEST)
            files = await complete(conn), await public(conn), await about(conn, longest)
            return Exports(*files, await key_of(store))


def found(data: bytes, *keys: Verifier) -> Tampered:
    with pytest.raises(Tampered) as caught:
        proved(data, *keys)
    return caught.value


def events(data: bytes) -> list[int]:
    """Indexes of the lines of events."""
    return [i for i, line in enumerate(lines(data)) if line.startswith(b'{"leaf"')]


def position(line: bytes) -> int:
    read = json.loads(line)
    return int(read.get("withheld") or read["entry"]["position"])


@KINDS
def test_as_they_are_they_hold(exports: Exports, kind: str) -> None:
    assert proved(exports.of(kind), exports.key).covered


@settings(max_examples=400)
@given(
    kind=st.sampled_from(["complete", "public", "summary"]), where=st.floats(0, 1), flip=st.integers(1, 255)
)
def test_any_byte_that_is_another(exports: Exports, kind: str, where: float, flip: int) -> None:
    """Of the operator's file, an event's line is named exactly."""
    data = bytearray(exports.of(kind))
    at = min(int(where * len(data)), len(data) - 1)
    data[at] ^= flip
    error = found(bytes(data), exports.key)
    line = lines(exports.of(kind))[exports.of(kind).count(b"\n", 0, at)]
    if kind == "complete" and line.startswith(b'{"leaf"'):
        assert error.position == position(line)


@KINDS
def test_a_byte_of_each_event(exports: Exports, kind: str) -> None:
    """In the entry itself: found there."""
    whole = lines(exports.of(kind))
    for i in events(exports.of(kind)):
        at = whole[i].find(b'"recordedAt":"20') + len(b'"recordedAt":"20')
        if b'"entry"' in whole[i]:
            changed = whole[i][:at] + (b"9" if whole[i][at : at + 1] != b"9" else b"8") + whole[i][at + 1 :]
            error = found(joined([*whole[:i], changed, *whole[i + 1 :]]))
            assert error.position == position(whole[i])
            assert "not that of its leaf hash" in error.reason


@pytest.mark.parametrize("kind", ["complete", "public"])
def test_an_event_that_is_left_out(exports: Exports, kind: str) -> None:
    whole = lines(exports.of(kind))
    for i in events(exports.of(kind)):
        error = found(joined(whole[:i] + whole[i + 1 :]))
        assert error.position in (
            position(whole[i]),
            position(whole[i]) - 1,
        )  # the checkpoint before may say it


@KINDS
def test_an_event_that_is_there_twice(exports: Exports, kind: str) -> None:
    whole = lines(exports.of(kind))
    for i in events(exports.of(kind)):
        error = found(joined(whole[: i + 1] + whole[i:]))
        assert error.position == position(whole[i])
        assert "out of order" in error.reason


@KINDS
def test_two_events_that_change_places(exports: Exports, kind: str) -> None:
    whole = lines(exports.of(kind))
    numbers = events(exports.of(kind))
    for i, j in pairwise(numbers):
        changed = list(whole)
        changed[i], changed[j] = whole[j], whole[i]
        first = position(whole[i])
        assert found(joined(changed)).position in (first, first + 1)


@KINDS
def test_a_file_that_ends_early(exports: Exports, kind: str) -> None:
    """After any line: the position is that of the first event that is missing."""
    whole = lines(exports.of(kind))
    for i in range(1, len(whole)):
        error = found(joined(whole[:i]))
        before = [position(line) for line in whole[:i] if line.startswith(b'{"leaf"')]
        assert error.position == (before[-1] if before else 0) + 1
        assert "cut off" in error.reason
    assert "not that of an export" in found(b"{}\n").reason
    assert found(b"").position is None


@pytest.mark.parametrize("pack", [packed, bytes], ids=["gzip", "plain"])
def test_a_file_that_ends_in_the_middle(
    exports: Exports, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "log"
    data = pack(exports.complete)
    seen = set()
    for end in [*range(1, 40), *range(40, len(data), len(data) // 60), len(data) - 9, len(data) - 1]:
        path.write_bytes(data[:end])
        with pytest.raises(Tampered, match=r"cut off|not that of an export") as caught:
            list(checked(lines_of(path)))
        seen.add(caught.value.position)
    assert len(seen) > 20
    path.write_bytes(data)
    list(checked(lines_of(path)))
    path.write_bytes(data + b"more")
    with pytest.raises(ExportError, match=r"follows the end|middle of a line"):
        list(checked(lines_of(path)))
    path.write_bytes(data + data)
    with pytest.raises(ExportError, match="follows the end"):
        list(checked(lines_of(path)))


def test_gzip_that_is_damaged(exports: Exports, tmp_path: Path) -> None:
    path = tmp_path / "log.gz"
    data = bytearray(packed(exports.complete))
    for at in range(10, len(data), len(data) // 100):
        data[at] ^= 0x55
        path.write_bytes(data)
        with pytest.raises(Tampered):
            list(checked(lines_of(path)))
        data[at] ^= 0x55


def with_texts(data: bytes) -> list[int]:
    return [i for i in events(data) if b'"text":' in lines(data)[i]]


def test_two_texts_that_change_places(exports: Exports) -> None:
    whole = lines(exports.complete)
    one, two = with_texts(exports.complete)[2:4]
    first, second = (re.search(rb'"payloads":\[.*\]', whole[i]) for i in (one, two))
    assert first
    assert second
    whole[one] = whole[one].replace(first[0], second[0])
    whole[two] = whole[two].replace(second[0], first[0])
    error = found(joined(whole))
    assert error.position == position(whole[one])
    assert "did not commit to the payload" in error.reason


@KINDS
def test_a_text_that_is_another(exports: Exports, kind: str) -> None:
    whole = lines(exports.of(kind))
    for i in with_texts(exports.of(kind)):
        changed = whole[i].replace(b'"text":"', b'"text":"x', 1)
        error = found(joined([*whole[:i], changed, *whole[i + 1 :]]))
        assert error.position == position(whole[i])
        assert "is not what it committed to" in error.reason


def test_a_text_that_is_gone(exports: Exports) -> None:
    whole = lines(exports.complete)
    i = with_texts(exports.complete)[3]
    whole[i] = re.sub(rb',"payloads":\[.*\]', b"", whole[i])
    error = found(forged(whole))
    assert error.position == position(whole[i])
    assert "is gone, although nothing erased it" in error.reason


def forged(whole: list[bytes]) -> bytes:
    """With an end line that fits."""

    body = joined(whole[:-1])
    count = sum(line.startswith(b'{"leaf"') for line in whole)
    digest = hashlib.sha256(body).hexdigest()
    return body + f'{{"end":{{"events":{count},"sha256":"{digest}"}}}}\n'.encode()


def rewritten(whole: list[bytes], i: int) -> list[bytes]:
    """Another event in its place, with its leaf hash."""
    changed = list(whole)
    entry = re.search(rb'"entry":(\{.*?"data":.*?\})(,"payloads":\[.*\])?(,"proof":\[.*\])?\}\n$', whole[i])
    assert entry
    new = re.sub(rb'"recordedAt":"2\d', b'"recordedAt":"19', entry[1])
    old = json.loads(whole[i])["leaf"].encode()
    changed[i] = whole[i].replace(entry[1], new).replace(old, leaf_hash(new).hex().encode())
    return changed


@pytest.mark.parametrize("kind", ["complete", "public"])
def test_an_event_rewritten_with_its_hash(exports: Exports, kind: str) -> None:
    """Found by the next checkpoint, which says between which positions it must be."""
    whole = lines(exports.of(kind))
    marks = [
        0,
        *(json.loads(line)["checkpoint"].split("\n")[1] for line in whole if b'{"checkpoint"' in line),
    ]
    marks = [int(mark) for mark in marks]
    shown = [i for i in events(exports.of(kind)) if b'"entry"' in whole[i]]
    for i in shown[:: len(shown) // 15]:
        at, forgery = position(whole[i]), forged(rewritten(whole, i))
        if at > marks[-1]:
            assert proved(forgery, exports.key).covered == marks[-1]
            continue
        error = found(forgery)
        after = next(mark for mark in marks if mark >= at)
        assert error.position == marks[marks.index(after) - 1] + 1
        assert f"position {after:,} something was changed" in error.reason


def test_an_event_about_a_summary_rewritten_with_its_hash(exports: Exports) -> None:
    whole = lines(exports.summary)
    for i in events(exports.summary):
        error = found(forged(rewritten(whole, i)))
        assert error.position == position(whole[i])
        assert "proof does not lead to the checkpoint" in error.reason


def test_a_history_rewritten_and_signed_by_somebody_else(exports: Exports) -> None:
    """Everything in the file fits; only the key does not."""
    whole = rewritten(lines(exports.complete), events(exports.complete)[2])
    header = json.loads(whole[0])
    signer = Signer(f"shortscience/{header['log']}", OTHER_KEY)
    header["keys"][0][0] = signer.vkey
    whole[0] = written(header)
    frontier = Frontier()
    for i, line in enumerate(whole):
        read: dict[str, Any] = json.loads(line)
        if "leaf" in read:
            frontier.append(bytes.fromhex(read["leaf"]))
        if "checkpoint" in read:
            text = Checkpoint(header["origin"], frontier.size, frontier.root()).signed(signer)
            whole[i] = (
                json.dumps({**read, "checkpoint": text}, separators=(",", ":"), ensure_ascii=False).encode()
                + b"\n"
            )
    forgery = forged(whole)
    assert proved(forgery).covered
    assert "signed with the key that you gave" in found(forgery, exports.key).reason


def written(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def notes(data: bytes) -> list[str]:
    return [json.loads(line)["checkpoint"] for line in lines(data) if line.startswith(b'{"checkpoint"')]


def truncated(data: bytes, size: int) -> bytes:
    """An older state of the log, as its operator could pretend that it is all."""
    whole = lines(data)
    kept = [line for line in whole[1:] if not line.startswith(b'{"leaf"') or position(line) <= size]
    kept = [line for line in kept if all(int(note.split("\n")[1]) <= size for note in notes(line))]
    first = re.sub(rb'"size":\d+', b'"size":%d' % size, whole[0])
    return forged([first, *kept])


@pytest.mark.parametrize("kind", ["complete", "public"])
def test_an_end_that_is_cut_off_and_forged(exports: Exports, kind: str) -> None:
    """The file alone cannot tell; who has a checkpoint can."""
    note = notes(exports.of(kind))[-1]
    size = int(note.split("\n")[1])
    held = proved(exports.of(kind), exports.key, outside=note)
    assert (held.outside, held.covered) == (True, size)
    older = truncated(exports.of(kind), size - 1)
    assert 0 < proved(older, exports.key).covered < size - 1
    with pytest.raises(
        Tampered, match=f"speaks of {size:,} positions, and the log ends with {size - 1:,}"
    ) as it:
        proved(older, exports.key, outside=note)
    assert it.value.position == size


def test_a_checkpoint_of_somebody_else(exports: Exports) -> None:
    note = notes(exports.complete)[-1]
    for bad in (note.replace("shortscience", "another"), note[:-3] + "A\n", "x", note.replace("\n\n", "\n")):
        with pytest.raises(Tampered, match="checkpoint that you gave"):
            proved(exports.complete, outside=bad)
    other = lines(exports.summary)[1]
    assert proved(exports.complete, outside=json.loads(other)["checkpoint"]).outside


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"end":{"events":0,"sha256":""}}\n', "the end line counts 0 events"),
        (b'{"end":{}}\n', "its line cannot be read"),
        (b"{}\n", "does not belong here"),
        (b"\n", "its line cannot be read"),
        (b"null\n", "its line cannot be read"),
        (b'{"leaf":""}\n', "its line cannot be read"),
        (b'{"leaf":"00","withheld":1}\n', "stands here|withheld|belongs"),
        (b"[" * 5000 + b"\n", "its line cannot be read"),
        (b'{"leaf":"00","entry":' + b"[" * 50_000 + b"]" * 50_000 + b"}\n", "nested too deeply"),
        (b"\xff\n", "its line cannot be read"),
    ],
)
@KINDS
def test_a_forged_end_line(exports: Exports, kind: str, line: bytes, reason: str) -> None:
    error = found(joined([*lines(exports.of(kind))[:-1], line]))
    assert re.search(reason, error.reason)


def test_something_after_the_end(exports: Exports) -> None:
    assert "follows the end line" in found(exports.complete + b"{}\n").reason
