"""What all readers share: batches by ids, and keyset pages."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct

Row = TypeVar("Row")
Made = TypeVar("Made", bound=Struct)
Key = TypeVar("Key")

ANY = UUID(int=0)  # beside an infinite time or score, which no row has, any id will do


class Reader(Protocol):
    """What reads: an asyncpg pool or connection, or a wrapper that counts statements."""

    async def fetch(self, sql: str, *args: Any) -> list[Any]:
        """All records that a statement returns."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """The first rows after a place: `after` is the key of the last row seen, None for the beginning."""

    first: int
    after: tuple[Any, ...] | None = None

    def key(self, *beginning: Any) -> tuple[Any, ...]:
        """The key's parts as SQL arguments; `beginning` is the key before all rows.

        Errors: ValueError for a key of another size.
        """
        if self.after is not None and len(self.after) != len(beginning):
            raise ValueError(f"this list is paged by {len(beginning)} values, not {len(self.after)}")
        return beginning if self.after is None else self.after


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """One page of rows; has_next: there are more after it."""

    rows: list[Row]
    has_next: bool


def row_maker(row: type[Made]) -> Callable[[Any], Made]:
    """Makes rows out of records: by name, so that columns may be added in any place."""
    values = itemgetter(*row.__struct_fields__)
    return lambda record: row(*values(record))


def in_order(keys: Sequence[Key], found: Iterable[tuple[Key, Row]]) -> list[Row | None]:
    """result[i] belongs to keys[i]; None where nothing was found."""
    by_key = dict(found)
    return [by_key.get(key) for key in keys]


def counts(size: int, records: Iterable[Any]) -> list[int]:
    """Records (n, count), n from 1, as a list; 0 where there is none."""
    result = [0] * size
    for record in records:
        result[record["n"] - 1] = record["count"]
    return result


def slices(size: int, first: int, records: Iterable[Any], make: Callable[[Any], Row]) -> list[Slice[Row]]:
    """Records with n from 1, up to first + 1 of each, as pages."""
    rows: list[list[Row]] = [[] for _ in range(size)]
    for record in records:
        rows[record["n"] - 1].append(make(record))
    return [Slice(one[:first], len(one) > first) for one in rows]
