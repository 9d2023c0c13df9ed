"""Scalars have one form each, and refuse all others."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
import strawberry
from graphql import GraphQLError, GraphQLScalarType

from schema.scalars import log_position, parse_position

LOG = UUID("0123abcd-0000-0000-0000-000000000000")


@pytest.fixture
def scalars(schema: strawberry.Schema) -> dict[str, GraphQLScalarType]:
    types = schema._schema.type_map  # type: ignore[attr-defined]
    return {name: types[name] for name in ("DateTime", "Date", "Position", "HTML")}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (datetime(2026, 11, 23, 10, 8, 36, 123, UTC), "2026-11-23T10:08:36.000123Z"),
        (datetime(2026, 11, 23, 10, 8, 36, 0, UTC), "2026-11-23T10:08:36.000000Z"),
        (datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=2))), "2026-11-22T23:00:00.000000Z"),
    ],
)
def test_a_time_has_six_digits(scalars: dict[str, GraphQLScalarType], value: datetime, written: str) -> None:
    assert scalars["DateTime"].serialize(value) == written
    assert scalars["DateTime"].parse_value(written) == value


def test_a_time_without_zone_is_never_written(scalars: dict[str, GraphQLScalarType]) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        scalars["DateTime"].serialize(datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DateTime", "2026-11-23T10:08:36"),
        ("DateTime", "2026-11-23"),
        ("DateTime", "2026-13-23T10:08:36Z"),
        ("DateTime", "0001-01-01T00:00:00+23:59"),
        ("DateTime", 1700000000),
        ("Date", "20150312"),
        ("Date", "2015-W10-4"),
        ("Date", "2015-02-30"),
        ("Date", 2015),
        ("Position", "1"),
        ("Position", 1),
        ("Position", "0123abcd-000000000000000１"),
        ("HTML", "<b>"),
    ],
)
def test_other_forms_are_refused(scalars: dict[str, GraphQLScalarType], name: str, value: Any) -> None:
    with pytest.raises(GraphQLError) as caught:
        scalars[name].parse_value(value)
    why = {"reason": "MALFORMED"} if name == "Position" else {}
    assert caught.value.extensions == {"code": "INVALID", **why}


def test_a_date(scalars: dict[str, GraphQLScalarType]) -> None:
    assert scalars["Date"].parse_value("2015-03-12") == date(2015, 3, 12)
    assert scalars["Date"].serialize(date(2015, 3, 12)) == "2015-03-12"


def test_positions_are_ordered_as_strings_and_bound_to_their_log(
    scalars: dict[str, GraphQLScalarType],
) -> None:
    texts = [scalars["Position"].serialize(log_position(LOG, number)) for number in (0, 9, 10, 10**15)]
    assert texts == sorted(texts)
    assert [parse_position(text, LOG) for text in texts] == [0, 9, 10, 10**15]
    with pytest.raises(GraphQLError, match="another log"):
        parse_position(texts[0], UUID(int=1))
