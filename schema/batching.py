"""Makes loaders' reads out of readers: each is asked once for all that an operation wants of it."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from projections.reading import Page, Reader, Slice
from schema.cost import check_rows

K = TypeVar("K")
V = TypeVar("V")
Batched = Callable[[list[K]], Awaitable[list[V]]]


def bound(read: Callable[..., Awaitable[list[V]]], conn: Reader, *last: Any) -> Batched[Any, V]:
    """For readers (conn, keys, …): result[i] belongs to keys[i]."""

    async def load(keys: list[Any]) -> list[V]:
        return await read(conn, keys, *last)

    return load


def alike(read: Callable[..., Awaitable[list[V]]], conn: Reader, *last: Any) -> Batched[tuple[Any, ...], V]:
    """For readers (conn, ids, more, …) and keys (id, more, …): one read for all ids with the same more."""

    async def load(keys: list[tuple[Any, ...]]) -> list[V]:
        groups: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
        for of, *more in keys:
            groups[tuple(more)].append(of)
        found: dict[tuple[Any, ...], V] = {}
        for same, of_all in groups.items():
            values = await read(conn, of_all, *same, *last)
            found |= {(of, *same): one for of, one in zip(of_all, values, strict=True)}
        return [found[key] for key in keys]

    return load


def paged(
    read: Callable[..., Awaitable[list[Slice[V]]]], conn: Reader, *last: Any
) -> Batched[tuple[Any, ...], Slice[V]]:
    """As `alike`, for keys (id, page, …). Errors: GraphQLError for more rows than anyone may ask for."""

    async def bounded(conn: Reader, of_all: list[Any], page: Page, *more: Any) -> list[Slice[V]]:
        check_rows(len(of_all) * page.first)
        return await read(conn, of_all, page, *more)

    return alike(bounded, conn, *last)


def each(read: Callable[..., Awaitable[V]], conn: Reader, *last: Any) -> Batched[tuple[Any, ...], V]:
    """For readers (conn, …) of lists of which there is only one: a read for each different key (…)."""

    async def load(keys: list[tuple[Any, ...]]) -> list[V]:
        return [await read(conn, *key, *last) for key in keys]

    return load
