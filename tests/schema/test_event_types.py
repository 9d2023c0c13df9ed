"""docs/events.md says of every type of event what the registry knows and what the API gives."""

import re
from collections.abc import Mapping
from datetime import date
from enum import EnumType
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

from graphql import Undefined, coerce_input_value, is_input_type, parse_type, type_from_ast

from projections.event_fields import SHOWN
from schema.event import TYPES, _camel
from service.domain.events import EVENTS
from tests.schema.people import Api
from tests.schema.revisions import redacted, revised

DOCUMENT = (Path(__file__).parents[2] / "docs" / "events.md").read_text()
NAMES: Mapping[Any, str] = {str: "String", int: "Int", UUID: "ID", date: "Date"}
ENUMS = {"Visibility", "VoteValue", "MetadataSource"}  # that the API has
ALWAYS_THERE = {("PayloadsErased", "subjectId")}  # one that is of nobody knows what is shown to nobody
ONLY_IMPORTED = {("SummaryPublished", "note")}
EVERYTHING = "{ events(first: 100) { nodes { type version subject data } } }"

_TYPE = re.compile(r"^\| `(\w+)` \| (\d+) \| [^|]+ \| [^|]+ \| (.*?) ?\|$", re.MULTILINE)
_FIELD = re.compile(r"^\| `(\w+)` \| [^|]+ \|$", re.MULTILINE)


def documented() -> dict[str, tuple[int, dict[str, str]]]:
    """The version and the fields of each type, as the page has them."""
    return {
        name: (int(version), dict(re.findall(r"`(\w+): ([^`]+)`", fields)))
        for name, version, fields in _TYPE.findall(DOCUMENT)
    }


def written(hint: Any) -> str:
    """The type of a field in GraphQL."""
    if isinstance(hint, UnionType):
        [known] = set(get_args(hint)) - {NoneType}
        return written(known).removesuffix("!")
    if get_origin(hint) is tuple:
        return f"[{written(get_args(hint)[0])}]!"
    if isinstance(hint, EnumType):
        return f"{hint.__name__ if hint.__name__ in ENUMS else 'String'}!"
    return f"{NAMES[hint]}!"


def test_the_page_has_every_type_and_field_of_the_registry() -> None:
    expected = {}
    for event in EVENTS:
        hints = get_type_hints(event)
        fields = {_camel(name): written(hints[name]) for name in SHOWN[event]}
        for name in fields:
            if (event.__name__, name) in ALWAYS_THERE:
                fields[name] += "!"
        expected[event.__name__] = (event.class_version, fields)
    assert documented() == expected


def test_every_field_is_described_once() -> None:
    described = _FIELD.findall(DOCUMENT)
    assert described == sorted({name for _, fields in documented().values() for name in fields})


FULL = {
    "abstract": "Much.", "venueKey": "conf/x", "venueName": "X", "year": 2015, "publishedOn": "2015-03-12",
    "keywords": ["faces"], "doi": "10.1000/x", "arxivId": "1503.03832", "url": "https://example.org/x",
}  # fmt: skip


async def everything_happens(ada: Api, bob: Api) -> None:
    """Each type of event, all of it to be seen by ada: with all that there can be, and with the least."""
    papers = [await ada.paper("conf/x/1", **FULL), await ada.paper("conf/x/2")]
    kept = await said(ada, papers[0], note="Why.")
    gone = await said(ada, papers[1], note=None)
    for number, reason in ((1, "Private."), (2, None), (3, None)):
        await redacted(ada, gone, number, reason=reason)
    first = await talk(bob, kept)
    await bob.do("removeComment", commentId=await talk(bob, kept, first))
    await bob.do("castVote", subjectId=first, value="DOWN")
    await bob.do("withdrawVote", subjectId=first)
    await bob.summary(papers[0], "Nobody knows.", anonymous=True)
    await ada.do("setSummaryVisibility", summaryId=kept, visibility="UNLISTED")
    await ada.do("retractSummary", summaryId=kept, reason="Wrong.")
    await ada.do("retractSummary", summaryId=gone)


async def said(person: Api, paper: str, note: str | None) -> str:
    """A summary of four revisions."""
    summary = await person.summary(paper, "One.")
    await revised(person, summary, 1, "Two.", note)
    again = await person.do("restoreRevision", summaryId=summary, number=1, expectedRevision=2, note=note)
    assert again["__typename"] == "SummaryPayload"
    await revised(person, summary, 3, "Four.", note)
    return summary


async def talk(person: Api, summary: str, parent: str | None = None) -> str:
    comment = await person.comment(summary, "Well said.", parent)
    await person.do("editComment", commentId=comment, body="Better said.")
    return comment


async def test_the_page_says_what_the_api_gives(api: Api) -> None:
    ada, bob = await api.person("ada"), await api.person("bob")
    input = {"username": "carol", "password": "a long enough password", "displayName": "Carol"}
    await api.do("signUp", **input)
    await everything_happens(ada, bob)
    events = (await ada.read(EVERYTHING))["events"]["nodes"]
    page, schema = documented(), api.schema._schema
    assert {one["type"] for one in events} == set(TYPES) == set(page)
    given: dict[tuple[str, str], set[bool]] = {}
    for event in events:
        version, fields = page[event["type"]]
        assert (event["version"], list(event["data"])) == (version, list(fields))
        for name, value in event["data"].items():
            type_ = type_from_ast(schema, parse_type(fields[name]))
            assert is_input_type(type_)
            assert coerce_input_value(value, type_) is not Undefined, (event, name)
            given.setdefault((event["type"], name), set()).add(value is not None)
    for (type_name, name), seen in given.items():
        may_be_null = not page[type_name][1][name].endswith("!")
        expected = {True, not may_be_null} if (type_name, name) not in ONLY_IMPORTED else {False}
        assert seen == expected, (type_name, name)
