"""Entries are written in one way, and are read back as they were."""

import json
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.eventstore.entries import Entry, decode, encode, read_entries
from service.eventstore.postgres import PostgresStore
from tests.eventstore.build import command, erased, published, revised, voted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.datetimes(timezones=st.just(UTC))
ENTRIES = st.builds(
    Entry,
    position=st.integers(1, 2**63 - 1),
    stream=st.uuids(),
    version=st.integers(1, 2**31 - 1),
    type=st.text(),
    schema_version=st.integers(1, 2**15 - 1),
    event=st.uuids(),
    recorded_at=TIMES,
    occurred_at=st.none() | TIMES,
    actor=st.none() | st.uuids(),
    correlation=st.uuids(),
    causation=st.none() | st.uuids(),
    data=st.builds(
        lambda value, ascii: msgspec.Raw(json.dumps(value, ensure_ascii=ascii, indent=None).encode()),
        JSON,
        st.booleans(),
    ),
)
LINE = (
    b'{"position":7,"stream":"00000000-0000-0000-0000-000000000001","version":2,"type":"CommentEdited",'
    b'"schemaVersion":1,"event":"00000000-0000-0000-0000-000000000002",'
    b'"recordedAt":"2026-01-02T03:04:05.000006Z","occurredAt":null,"actor":null,'
    b'"correlation":"00000000-0000-0000-0000-000000000003","causation":null,"data":{"a": 1}}'
)


@given(ENTRIES)
def test_an_entry_comes_back_as_it_was(entry: Entry) -> None:
    line = encode(entry)
    assert decode(line) == entry
    assert b"\n" not in line


def test_the_bytes_are_these_for_ever() -> None:
    entry = Entry(
        position=7,
        stream=UUID(int=1),
        version=2,
        type="CommentEdited",
        schema_version=1,
        event=UUID(int=2),
        recorded_at=datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
        occurred_at=None,
        actor=None,
        correlation=UUID(int=3),
        causation=None,
        data=msgspec.Raw(b'{"a": 1}'),
    )
    assert encode(entry) == LINE


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (b'"version":2', b'"version": 2'),
        (b'"version":2', b'"version":2.0'),
        (b"000006Z", b"000006+00:00"),
        (b'"causation":null,', b""),
        (b'"causation":null,', b'"causation":null,"more":1,'),
        (b'"position":7,', b'"position":6,"position":7,'),
        (b"CommentEdited", b"Comment\\u0045dited"),
        (b'{"a": 1}', b'{"a": 1} '),
    ],
)
def test_another_way_to_write_it_is_refused(was: bytes, now: bytes) -> None:
    assert LINE.count(was) == 1
    with pytest.raises(ValueError):  # noqa: PT011 (which one is msgspec's business)
        decode(LINE.replace(was, now))


async def test_they_are_read_in_order_with_their_data_verbatim(
    postgres: PostgresStore, owner: asyncpg.Connection
) -> None:
    stream = uuid4()
    at = datetime(2014, 5, 6, 7, 8, 9, tzinfo=UTC)
    first = published(stream, "a text", "a note")
    await postgres.append(command(first, actor=UUID(int=2), occurred_at=at))
    await postgres.append(command(revised(stream, 2, "Zoë"), voted(uuid4(), uuid4()), actor=UUID(int=2)))
    await postgres.append(command(erased(uuid4())))

    entries = await read_entries(owner, 0, 3) + await read_entries(owner, 3, 3)
    assert [entry.position for entry in entries] == [1, 2, 3, 4]
    assert [entry.type for entry in entries] == [
        "SummaryPublished",
        "SummaryRevised",
        "VoteCast",
        "PayloadsErased",
    ]
    assert [entry.occurred_at for entry in entries] == [at, None, None, None]
    assert [entry.actor for entry in entries] == [UUID(int=2), UUID(int=2), None, None]
    stored = await owner.fetch("SELECT data, event_id FROM events ORDER BY position")
    assert [(bytes(entry.data), entry.event) for entry in entries] == [tuple(row) for row in stored]
    for entry in entries:
        assert decode(encode(entry)) == entry
        assert bytes(entry.data) in encode(entry)
