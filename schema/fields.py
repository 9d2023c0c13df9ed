"""Typed decorators of resolvers: Strawberry's own give Any, and every resolver would go unchecked."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import strawberry
from strawberry import UNSET

from service.domain import limits

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

ABSENT: Any = UNSET  # the default of what may be left out: a default of null would be part of the schema


def resolved(*, description: str) -> Callable[[F], F]:
    """A field that a method answers."""
    return cast(Callable[[F], F], strawberry.field(description=description))


def mutation(*, description: str) -> Callable[[F], F]:
    """A field that changes something."""
    return cast(Callable[[F], F], strawberry.mutation(description=description))


def later(value: Awaitable[T]) -> T:
    """For a resolver that is not async, because it seldom waits: GraphQL awaits what it gives back.

    A field that waits costs a task and several turns of the loop, one that does not costs none.
    """
    return cast(T, value)


def text_given(value: str | None, *path: str) -> str | None:
    """As `given`, for a text to look for. Errors: Invalid when it holds what no text may hold."""
    if (text := given(value)) is not None:
        limits.check_characters(text, path)
    return text


def given(value: T | None) -> T | None:
    """What the client sent; None when it was left out."""
    return None if value is UNSET else value
