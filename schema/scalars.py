"""Scalars with one exact form each: what is written is what is read."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, NewType, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError, ValueNode, value_from_ast_untyped
from strawberry.schema.config import StrawberryConfig

from service.eventstore.epochs import Epochs

LOG_DIGITS = 8
EPOCH_DIGITS = 10
POSITION_DIGITS = 16
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_POSITION = re.compile(
    rf"([0-9a-f]{{{LOG_DIGITS}}})-([0-9]{{{EPOCH_DIGITS}}})([0-9]{{{POSITION_DIGITS}}})", re.ASCII
)


class Reason(StrEnum):
    """Why a position is refused, for programs."""

    MALFORMED = "MALFORMED"
    OTHER_LOG = "OTHER_LOG"
    LOST = "LOST"
    BEYOND_END = "BEYOND_END"


T = TypeVar("T")
HTML = NewType("HTML", str)
JSON = NewType("JSON", object)


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A place in one log.

    Shape:  log is the beginning of that log's id; epoch is the one in which the position was recorded.
    """

    log: str
    position: int
    epoch: int = 0

    def __str__(self) -> str:
        return f"{self.log}-{self.epoch:0{EPOCH_DIGITS}d}{self.position:0{POSITION_DIGITS}d}"


FIRST = Epochs()


def log_position(log_id: UUID, position: int, epochs: Epochs = FIRST) -> LogPosition:
    return LogPosition(log_id.hex[:LOG_DIGITS], position, epochs.of(position))


def parse_position(text: str, log_id: UUID, epochs: Epochs = FIRST) -> int:
    """The place in this log that a client sent, such as in the header Min-Position.

    Errors: GraphQLError with the code INVALID and a Reason for another form, for a position of another
            log, and for one that a restore has lost.
    """
    return place_of(parsed_position(text), log_id, epochs)


def place_of(found: LogPosition, log_id: UUID, epochs: Epochs) -> int:
    """The number of a position, if this log has it. Errors: as parse_position."""
    if found.log != log_id.hex[:LOG_DIGITS]:
        raise _invalid(
            "This Position belongs to another log: forget it. Read without it, or follow from the beginning.",
            Reason.OTHER_LOG,
        )
    if not epochs.holds(found.epoch, found.position):
        raise _invalid(
            "This Position belongs to a part of the log that was lost when it was restored from a backup: "
            "forget it, read again without it, or follow from the beginning, and write again what is "
            "missing.",
            Reason.LOST,
        )
    return found.position


def parsed_position(value: Any) -> LogPosition:
    """A position as it is written. Errors: GraphQLError INVALID."""
    found = _POSITION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _invalid(
            "This is not a Position of this service: Positions come from answers, unchanged.",
            Reason.MALFORMED,
        )
    return LogPosition(found[1], int(found[3]), int(found[2]))


def _date_time(value: Any) -> datetime:
    if isinstance(value, str) and _DATE_TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # such as month 13: told below
    raise _invalid("A DateTime is RFC 3339 with its offset, such as 2026-11-23T10:08:36.000123Z.")


def _date(value: Any) -> date:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass  # such as month 13: told below
    raise _invalid("A Date is ISO 8601, such as 2015-03-12.")


def written_date_time(value: datetime) -> str:
    """Always with six digits and Z. Errors: ValueError for a naive time."""
    if value.tzinfo is None:
        raise ValueError(f"the time {value} has no time zone")
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _html(_value: Any) -> HTML:
    raise _invalid("HTML is only ever an answer.")


def beyond_end() -> GraphQLError:
    """Of a position that nobody can have been given yet."""
    return _invalid(
        "This Position is beyond the end of the log: send one that an answer gave, or none.",
        Reason.BEYOND_END,
    )


@contextmanager
def named(**where: str) -> Iterator[None]:
    """Errors of a value say where it stood: as argument or header."""
    try:
        yield
    except GraphQLError as error:
        raise GraphQLError(error.message, extensions={**(error.extensions or {}), **where}) from error


def _in_document(parse: Callable[[Any], T]) -> Callable[[ValueNode, Any], T]:
    """Reads what stands in a document; its errors say where."""

    def parsed(node: ValueNode, variables: Any = None) -> T:
        try:
            return parse(value_from_ast_untyped(node, variables))
        except GraphQLError as error:
            raise GraphQLError(error.message, node, extensions=error.extensions) from error

    return parsed


def _invalid(message: str, reason: Reason | None = None) -> GraphQLError:
    why = {} if reason is None else {"reason": reason.value}
    return GraphQLError(message, extensions={"code": "INVALID", **why})


CONFIG = StrawberryConfig(
    scalar_map={
        datetime: strawberry.scalar(
            name="DateTime",
            description="RFC 3339, UTC, microseconds: 2026-11-23T10:08:36.000123Z",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
            serialize=written_date_time,
            parse_value=_date_time,
            parse_literal=_in_document(_date_time),
        ),
        date: strawberry.scalar(
            name="Date",
            description="ISO 8601 calendar date: 2015-03-12",
            serialize=date.isoformat,
            parse_value=_date,
            parse_literal=_in_document(_date),
        ),
        LogPosition: strawberry.scalar(
            name="Position",
            description=(
                "A place in the event log, as an opaque string: ordered, bound to one log (after a "
                "restore an old one is refused), gaps mean nothing. Every mutation payload carries one, "
                "and every answer has the position it reflects in `extensions.position`, by HTTP also in "
                "the header `Position`. A read that must see a write sends that write's position as "
                "`extensions.minPosition` of the request, or in the header `Min-Position`: it waits; one "
                "beyond the head is an error at once; a time-out is the error NOT_YET_VISIBLE. A "
                "subscription resumes after a position. One that is refused says why in `extensions.reason`, "
                "see docs/errors.md."
            ),
            serialize=str,
            parse_value=parsed_position,
            parse_literal=_in_document(parsed_position),
        ),
        HTML: strawberry.scalar(
            name="HTML",
            description="Sanitised HTML: Markdown rendered, LaTeX as MathML. Safe to insert into a page.",
            serialize=str,
            parse_value=_html,
        ),
        JSON: strawberry.scalar(
            name="JSON",
            description="Any JSON value.",
            specified_by_url="https://www.rfc-editor.org/rfc/rfc8259",
        ),
    }
)
