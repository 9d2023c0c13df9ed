"""Which argument a value is of that could not be read. It is refused before a resolver could say so."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from graphql import (
    ArgumentNode,
    DefinitionNode,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

_WITHIN = re.compile(r"Variable '\$\w+' has invalid value at ((?:\.\w+|\[\d+\])+): ")
_LONGEST = 200  # characters; a document may have names, and names in names, of any length


class Naming:
    """Of a document; None: of none. Each part of it is looked through once, and only when it is asked."""

    def __init__(self, document: DocumentNode | None) -> None:
        self._parts = document.definitions if document else ()
        self._known: dict[int, _Places] = {}

    def argument(self, error: GraphQLError) -> str | None:
        """Such as after, or input.position; None when it is not known, or very long.

        Shape: of a variable that stands in several places, the first.
        """
        node, within = error.nodes[0] if error.nodes else None, None
        if isinstance(node, VariableDefinitionNode):
            place, within = self._of_variable(node), _WITHIN.match(error.message)
        else:
            place = self._of_value(node.loc.start) if node and node.loc else None
        named = place and _spelled(place)
        if not named:
            return None
        argument = named + (_fields(within[1]) if within else "")
        return argument if len(argument) <= _LONGEST else None

    def _of_value(self, start: int) -> Optional["_Place"]:
        return next((found for one in self._parts if (found := self._places(one).values.get(start))), None)

    def _of_variable(self, definition: VariableDefinitionNode) -> Optional["_Place"]:
        """In its operation, or in a fragment of it: others may have a variable of this name."""
        name = definition.variable.name.value
        found = (self._places(one).variables.get(name) for one in self._run_with(definition))
        return next((place for place in found if place), None)

    def _run_with(self, definition: VariableDefinitionNode) -> Iterator[DefinitionNode]:
        """The operation that defines it, and then the fragments that it spreads."""
        fragments = {one.name.value: one for one in self._parts if isinstance(one, FragmentDefinitionNode)}
        waiting: list[DefinitionNode] = [
            one
            for one in self._parts
            if isinstance(one, OperationDefinitionNode)
            and any(own is definition for own in one.variable_definitions or ())
        ]
        for one in waiting:  # which grows
            yield one
            waiting += (fragments.pop(name) for name in self._places(one).spreads if name in fragments)

    def _places(self, part: DefinitionNode) -> "_Places":
        if id(part) not in self._known:
            visit(part, places := _Places())
            self._known[id(part)] = places
        return self._known[id(part)]


class _Place(NamedTuple):
    """An argument, or a field of what it is given."""

    name: str
    of: Optional["_Place"] = None


def _spelled(place: _Place | None) -> str | None:
    """With dots; None for a very long one, of which no more is put together."""
    names, length = [], 0
    while place is not None:
        names.append(place.name)
        length += len(place.name)
        if length > _LONGEST:
            return None
        place = place.of
    return ".".join(reversed(names))


def _fields(within: str) -> str:
    """Of a place in a variable, without the numbers in lists."""
    return re.sub(r"\[\d+\]", "", within)


class _Places(Visitor):
    """Where values stand, by where they begin, and variables, by name; and which fragments are spread."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[int, _Place] = {}
        self.variables: dict[str, _Place] = {}
        self.spreads: dict[str, None] = {}

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> None:
        self.spreads[node.name.value] = None

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        waiting: list[tuple[_Place, ValueNode]] = [(_Place(node.name.value), node.value)]
        while waiting:
            place, value = waiting.pop()
            if value.loc:
                self.values[value.loc.start] = place
            match value:
                case VariableNode():
                    self.variables.setdefault(value.name.value, place)
                case ListValueNode():
                    waiting += [(place, one) for one in value.values]
                case ObjectValueNode():
                    waiting += [(_Place(one.name.value, place), one.value) for one in value.fields]
