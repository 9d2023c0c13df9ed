"""What an operation may cost at most, told before it runs: how many fields its answer can have.

A field counts one, and what is selected in it counts once for each thing that it can hold: `first` for a
connection, the number of ids for `nodes`, LISTED for any other list. A mutation counts more, and so does
what takes long to work out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema
from strawberry.extensions import SchemaExtension

from schema.connections import MOST

MOST_COST = 100_000
LISTED = 10
WORK = 1_000  # a mutation, or a preview
DIFF = 100  # the words of two texts compared, or their lines; `schema.comparing` bounds their lengths
COPIES = 10_000  # a text looked for in two hundred others
HEAVY = {
    ("Query", "preview"): WORK,
    ("Summary", "diff"): DIFF,
    ("Revision", "diff"): DIFF,
    ("Revision", "copies"): COPIES,
    ("Mutation", "redactRevision"): COPIES,
}


@dataclass(frozen=True, slots=True)
class Variable:
    """A value that the request says."""

    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Cost:
    """What a selection costs: a fixed amount, and what depends on variables."""

    fixed: int = 0
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """own, and within for each of size things; nothing if it is left out.

    Shape:  left_out_if has a variable or a value, and what it must be for this to be left out.
    """

    own: int
    size: int | Variable
    within: Cost
    left_out_if: tuple[tuple[bool | Variable, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one operation costs, and the defaults of its variables."""

    cost: Cost
    defaults: Mapping[str, Any]

    def amount(self, variables: Mapping[str, Any] | None) -> int:
        """With these variables, as the client sent them."""
        return _Sum({**self.defaults, **(variables or {})}).of(self.cost)


def added(parts: list[Part]) -> Cost:
    """Parts together; those that no variable changes become a fixed amount."""
    fixed, open_ = 0, []
    for part in parts:
        if any(value is when for value, when in part.left_out_if):
            continue
        depends = any(isinstance(value, Variable) for value, _ in part.left_out_if)
        if depends or part.within.parts or isinstance(part.size, Variable):
            open_.append(part)
        else:
            fixed += part.own + part.size * part.within.fixed
    return Cost(fixed, tuple(open_))


@dataclass(frozen=True, slots=True)
class _Sum:
    """Adds up with the values of variables, a fragment's cost once however often it is used."""

    variables: Mapping[str, Any]
    known: dict[Cost, int] = field(default_factory=dict)

    def of(self, cost: Cost) -> int:
        if not cost.parts:
            return cost.fixed
        if cost not in self.known:
            self.known[cost] = cost.fixed + sum(map(self._of_part, cost.parts))
        return self.known[cost]

    def _of_part(self, part: Part) -> int:
        for value, when in part.left_out_if:
            if (self.variables.get(value.name) if isinstance(value, Variable) else value) is when:
                return 0
        size = size_of(self.variables.get(part.size.name)) if isinstance(part.size, Variable) else part.size
        return part.own + size * self.of(part.within)


def size_of(value: Any) -> int:
    """How many things an argument asks for; what is no size is refused elsewhere, and counts most."""
    if isinstance(value, list):
        return min(len(value), MOST)
    return min(value, MOST) if type(value) is int and value >= 0 else MOST


Estimates = Callable[[GraphQLSchema, DocumentNode, str | None], Estimate]


class CostLimit(SchemaExtension):
    """Refuses an operation that could cost too much. It comes after what validates."""

    def __init__(self, estimate: Estimates) -> None:
        self._estimate = estimate

    def on_validate(self) -> Iterator[None]:
        run = self.execution_context
        if not run.pre_execution_errors and run.graphql_document is not None:
            found = self._estimate(run.schema._schema, run.graphql_document, run._provided_operation_name)
            amount = found.amount(run.variables)
            run.context.request.cost = amount
            if amount > MOST_COST:
                run.pre_execution_errors = [_refused(f"The answer could have {amount:,} fields", amount)]
        yield


def check_rows(amount: int) -> None:
    """For lists within lists that say no size, such as authors. Errors: GraphQLError LIMIT_EXCEEDED."""
    if amount > MOST_COST:
        raise _refused(f"These lists within a list could have {amount:,} entries", amount)


def _refused(what: str, amount: int) -> GraphQLError:
    return GraphQLError(
        f"{what}, and the limit is {MOST_COST:,}: ask for smaller pages, first of all in lists within lists, "
        "and go on with after.",
        extensions={"code": "LIMIT_EXCEEDED", "limit": MOST_COST, "amount": amount},
    )
