"""Lists in pages, by keyset: a cursor says after which row, not how many rows to skip."""

import base64
import hashlib
import json
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import strawberry
from graphql import GraphQLError

from projections.reading import Page, Slice
from schema.fields import given, resolved
from schema.scalars import written_date_time

MOST = 100
_LARGEST_INT = 2**31 - 1

T = TypeVar("T")
First = Annotated[int, strawberry.argument(description="How many at most, from 0 to 100.")]
After = Annotated[
    str | None, strawberry.argument(description="A cursor of the same list: what comes after it.")
]


@dataclass(frozen=True, slots=True)
class Order:
    """The key that a list is paged by: a name that cursors carry, and the key's types."""

    name: str
    types: tuple[type, ...]

    def narrowed(self, *by: Any) -> "Order":
        """The same order of what a parent has or a filter leaves: its cursors are of no other such list."""
        if all(one is None for one in by):
            return self
        digest = hashlib.sha256(json.dumps([_written(one) for one in by]).encode()).hexdigest()[:12]
        return Order(f"{self.name}:{digest}", self.types)

    def cursor(self, key: Sequence[Any]) -> str:
        """An opaque place in this list."""
        text = json.dumps([self.name, *(_written(part) for part in key)], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def key(self, cursor: str) -> tuple[Any, ...]:
        """The key in a cursor. Errors: ValueError for a cursor that this list has not given out."""
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        parts = json.loads(data.decode("ascii"))
        if not isinstance(parts, list) or parts[:1] != [self.name] or len(parts) != 1 + len(self.types):
            raise ValueError("of another list")
        key = tuple(_read(part, type_) for part, type_ in zip(parts[1:], self.types, strict=True))
        if self.cursor(key) != cursor:
            raise ValueError("not in its one form")
        return key


@dataclass(frozen=True, slots=True)
class Source:
    """Where a connection's rows come from: loaders' calls, so asking twice costs nothing."""

    load: Callable[[], Awaitable[Slice[Any]]]
    count: Callable[[], Awaitable[int]]
    node: Callable[[Any], Any]
    cursor: Callable[[Any], str]
    page: Page


@strawberry.type(description="Where a page lies in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether there is more after this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page begins after a cursor.")
    start_cursor: str | None = strawberry.field(description="The cursor of the first node; null if none.")
    end_cursor: str | None = strawberry.field(
        description="The cursor of the last node, to go on with after; null if none."
    )


@strawberry.type(description="A node in its place in a list.")
class Edge(Generic[T]):
    cursor: str = strawberry.field(description="The place, to go on with after.")
    node: T = strawberry.field(description="What is there.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[T]):
    source: strawberry.Private[Source]

    @resolved(description="What is on the page, each with its cursor.")
    async def edges(self) -> list[Edge[T]]:
        rows = (await self.source.load()).rows
        return [Edge(cursor=self.source.cursor(row), node=self.source.node(row)) for row in rows]

    @resolved(description="What is on the page.")
    async def nodes(self) -> list[T]:
        return [self.source.node(row) for row in (await self.source.load()).rows]

    @resolved(description="Where the page lies in the list.")
    async def page_info(self) -> PageInfo:
        found = await self.source.load()
        cursors = [self.source.cursor(row) for row in (*found.rows[:1], *found.rows[-1:])]
        return PageInfo(
            has_next_page=found.has_next,
            has_previous_page=self.source.page.after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )

    @resolved(description="How many there are on all pages. Counted only when asked for.")
    async def total_count(self) -> int:
        return await self.source.count()


def page(order: Order, first: int, after: str | None) -> Page:
    """What a client asked for. Errors: GraphQLError INVALID."""
    size(first)
    try:
        return Page(first, None if (cursor := given(after)) is None else order.key(cursor))
    except (ValueError, OverflowError, RecursionError) as malformed:
        raise GraphQLError(
            "after is not a cursor of this list in this order: take endCursor or an edge's cursor.",
            extensions={"code": "INVALID", "argument": "after"},
        ) from malformed


def size(first: int) -> int:
    """How many rows a client asked for. Errors: GraphQLError INVALID."""
    if not 0 <= first <= MOST:
        raise GraphQLError(
            f"first is {first:,}, and a page has from 0 to {MOST}: ask for less and go on with after.",
            extensions={"code": "INVALID", "argument": "first", "limit": MOST, "amount": first},
        )
    return first


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return written_date_time(value)
    return str(value) if isinstance(value, UUID) else value


def _read(part: Any, type_: type) -> Any:
    if (
        type_ is float
        and isinstance(part, float | int)
        and not isinstance(part, bool)
        and math.isfinite(part)
    ):
        return float(part)
    if type_ is int and type(part) is int and 0 <= part <= _LARGEST_INT:
        return part
    if type_ is str and isinstance(part, str) and "\x00" not in part:
        part.encode()  # a ValueError for half a character
        return part
    if type_ is UUID and isinstance(part, str):
        return UUID(part)
    if type_ is datetime and isinstance(part, str):
        return datetime.fromisoformat(part)
    raise ValueError("a value of another type")
