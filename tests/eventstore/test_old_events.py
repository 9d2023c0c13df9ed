"""Old events decode for ever, and nothing in the log is ever imported."""

import dataclasses
import sys
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from uuid import UUID, uuid4

import asyncpg
import pytest
from eventsourcing.persistence import MapperDeserialisationError

from service.domain.events import (
    EVENTS,
    DomainEvent,
    MetadataSource,
    SubjectKind,
    SummaryPublished,
    Visibility,
    VoteCast,
    VoteValue,
    forgettable,
)
from service.eventstore.codec import Codec
from service.eventstore.postgres import PostgresStore
from tests.eventstore.build import published
from tests.eventstore.golden import DIRECTORY, EXAMPLES, file_of, fixed_codec, shape, shapes, stored
from tests.eventstore.raw import append_raw


def read_as_today(codec: Codec, topic: str, version: int, data: bytes, like: DomainEvent) -> DomainEvent:
    """The stored event with its contents, which are those of `like`."""
    decoded = codec.decode(topic, version, data)
    contents = {}
    for name, payload_id in decoded.payloads.items():
        value = getattr(like, name)
        contents[payload_id] = value.bytes if isinstance(value, UUID) else value.encode()
    codec.fill(decoded, contents)
    return decoded.event


def check_frozen(cls: type[DomainEvent]) -> None:
    """The class has today exactly the shape that its golden file and shapes.json have."""
    topic, version = cls.__name__, cls.class_version
    example, file = EXAMPLES.get((topic, version)), file_of(topic, version)
    assert example, f"add an example of {topic} version {version}"
    assert file.exists(), f"{topic} version {version} has no golden file"
    assert shape(cls) == shapes()[f"{topic}.v{version}"], f"{topic} changed: raise its class_version"
    data = file.read_bytes()
    assert read_as_today(Codec([cls]), topic, version, data, example) == example
    assert stored(example) == data, f"{topic} is written in other bytes: raise its class_version"


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_every_event_is_as_its_golden_file(cls: type[DomainEvent]) -> None:
    check_frozen(cls)


@pytest.mark.parametrize("cls", EVENTS, ids=lambda cls: cls.__name__)
def test_every_version_since_the_first_has_a_golden_file(cls: type[DomainEvent]) -> None:
    for version in range(1, cls.class_version + 1):
        assert file_of(cls.__name__, version).exists()
        assert (cls.__name__, version) in EXAMPLES


@pytest.mark.parametrize(("topic", "version"), EXAMPLES)
def test_every_golden_file_decodes(topic: str, version: int) -> None:
    example = EXAMPLES[topic, version]
    data = file_of(topic, version).read_bytes()
    assert read_as_today(Codec(), topic, version, data, example) == example


def test_there_are_no_other_golden_files() -> None:
    files = {file_of(topic, version).name for topic, version in EXAMPLES} | {"shapes.json"}
    assert {path.name for path in DIRECTORY.iterdir()} == files


def test_the_examples_fill_every_field() -> None:
    """Each field in some version; a summary is by a named author, or by one who is not."""
    for cls in EVENTS:
        examples = [example for (topic, _), example in EXAMPLES.items() if topic == cls.__name__]
        for field in dataclasses.fields(cls):
            assert any(getattr(example, field.name) is not None for example in examples)


def test_no_value_that_the_log_may_hold_is_ever_removed() -> None:
    once = {
        Visibility: ["PUBLIC", "UNLISTED", "PRIVATE"],
        VoteValue: ["UP", "DOWN"],
        SubjectKind: ["SUMMARY", "COMMENT"],
        MetadataSource: ["ARXIV", "BIBSONOMY", "CROSSREF", "DBLP", "OPENALEX", "BIBTEX", "MANUAL"],
    }
    for enum, values in once.items():
        assert {enum(value).value for value in values} == set(values)


# --------------------------------------------------------------- the check itself


def changed(cls: type[DomainEvent], name: str, type_: Any, field: Any) -> type[DomainEvent]:
    """The class with one more field, as somebody could write it by mistake."""
    made = dataclasses.make_dataclass(
        cls.__name__, [(name, type_, field)], bases=(cls,), frozen=True, kw_only=True, slots=True
    )
    assert issubclass(made, DomainEvent)
    return made


@pytest.mark.parametrize(
    ("type_", "field"),
    [
        (int, dataclasses.field()),
        (int | None, dataclasses.field(default=None)),
        (str | None, forgettable()),
    ],
)
def test_a_new_field_in_an_old_version_is_noticed(type_: Any, field: Any) -> None:
    for cls in EVENTS:
        with pytest.raises(AssertionError, match="raise its class_version"):
            check_frozen(changed(cls, "more", type_, field))


def test_an_event_without_a_golden_file_is_noticed() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class SummaryPraised(DomainEvent):
        category: ClassVar[str] = "summary"

    with pytest.raises(AssertionError, match="add an example"):
        check_frozen(SummaryPraised)


# --------------------------------------------------------------- upcasting


@dataclass(frozen=True, slots=True, kw_only=True)
class BookShelved(DomainEvent):
    """Version 1 had a name and a remark; 2 called the name title; 3 counts copies, and says `comment`."""

    category: ClassVar[str] = "book"
    class_version: ClassVar[int] = 3

    title: str
    copies: int
    bought_on: date | None = None
    comment: str | None = forgettable()

    @staticmethod
    def upcast_v1_v2(state: dict[str, Any]) -> None:
        state["title"] = state.pop("name")

    @staticmethod
    def upcast_v2_v3(state: dict[str, Any]) -> None:
        state["copies"] = 1
        if "remark" in state.get("forgettable", {}):
            state["forgettable"]["comment"] = state["forgettable"].pop("remark")


BOOK, NOTE = UUID(int=77), UUID(int=78)
HEAD = b'{"originator_id":"00000000-0000-0000-0000-00000000004d","originator_version":1,'
REMARK = b'"forgettable":{"remark":["00000000-0000-0000-0000-00000000004e","00"]}}'
V1 = HEAD + b'"name":"Emma","bought_on":"1815-12-23",' + REMARK
V2 = HEAD + b'"title":"Emma","bought_on":"1815-12-23",' + REMARK
EMMA = BookShelved(
    originator_id=BOOK, originator_version=1, title="Emma", copies=1, bought_on=date(1815, 12, 23)
)


@pytest.mark.parametrize(("version", "data"), [(1, V1), (2, V2)])
def test_old_shapes_become_the_present_one(version: int, data: bytes) -> None:
    codec = Codec([BookShelved])
    decoded = codec.decode("BookShelved", version, data)
    assert decoded.event == EMMA
    assert decoded.payloads == {"comment": NOTE}
    codec.fill(decoded, {NOTE: b"handsome"})
    assert decoded.event == dataclasses.replace(EMMA, comment="handsome")


def test_the_present_shape_is_not_upcast() -> None:
    codec = fixed_codec([BookShelved])
    event = dataclasses.replace(EMMA, copies=5, comment="clever")
    encoded = codec.encode(event)
    assert (encoded.schema_version, encoded.stored.topic) == (3, "BookShelved")
    decoded = codec.decode("BookShelved", 3, encoded.stored.state)
    codec.fill(decoded, {payload.payload_id: payload.content for payload in encoded.payloads})
    assert decoded.event == event


def test_a_version_without_an_upcaster_is_noticed_at_the_start() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Unfinished(DomainEvent):
        category: ClassVar[str] = "book"
        class_version: ClassVar[int] = 2

    with pytest.raises(AttributeError, match="upcast_v1_v2"):
        Codec([Unfinished])


# --------------------------------------------------------------- refusals


@pytest.mark.parametrize("version", [-1, 0, 4, 99])
def test_an_unknown_version_is_refused(version: int) -> None:
    with pytest.raises(MapperDeserialisationError, match=f"version {version}"):
        Codec([BookShelved]).decode("BookShelved", version, V2)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff", HEAD, HEAD[:-1] + b"}"])
@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_state_that_does_not_fit_is_refused(version: int, data: bytes) -> None:
    with pytest.raises(MapperDeserialisationError):
        Codec([BookShelved]).decode("BookShelved", version, data)


TOPICS = [
    "",
    "Unknown",
    "domainEvent",
    "DomainEvent",
    "this:s",
    "this",
    "antigravity:fly",
    "service.domain.events:VoteCast",
]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_a_name_that_is_never_imported(topic: str) -> None:
    with pytest.raises(MapperDeserialisationError, match="unknown topic"):
        Codec().decode(topic, 1, V1)
    assert not {"this", "antigravity"} & set(sys.modules)


async def test_nor_by_a_store_that_reads_one(postgres: PostgresStore, service: asyncpg.Connection) -> None:
    stream = uuid4()
    await append_raw(service, [(stream, 1, "this:s", b"{}")])
    with pytest.raises(MapperDeserialisationError, match="unknown topic"):
        await postgres.read(0, 10)
    with pytest.raises(MapperDeserialisationError, match="unknown topic"):
        await postgres.load(stream)
    assert "this" not in sys.modules


def test_only_registered_classes_are_written() -> None:
    with pytest.raises(TypeError, match="not a registered event"):
        Codec().encode(EMMA)
    impostor = changed(VoteCast, "more", int, dataclasses.field(default=1))
    values = {f.name: getattr(EXAMPLES["VoteCast", 1], f.name) for f in dataclasses.fields(VoteCast)}
    with pytest.raises(TypeError, match="not a registered event"):
        Codec().encode(impostor(**values))


def test_empty_and_missing_contents_are_different() -> None:
    """ "" is something that was said; None was not said, or is forgotten."""
    codec = Codec()
    encoded = codec.encode(published(BOOK, "", None))
    assert [payload.content for payload in encoded.payloads] == [b""]
    decoded = codec.decode("SummaryPublished", encoded.schema_version, encoded.stored.state)
    codec.fill(decoded, {encoded.payloads[0].payload_id: b""})
    assert isinstance(decoded.event, SummaryPublished)
    assert (decoded.event.body, decoded.event.note) == ("", None)
