"""Which argument a value is of that could not be read. It is refused before a resolver could say so."""

import re
from functools import cached_property
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    GraphQLError,
    ListValueNode,
    ObjectValueNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)

_WITHIN = re.compile(r"Variable '\$\w+' has invalid value at ((?:\.\w+|\[\d+\])+): ")


class Naming:
    """Of a document; None: of none. It is looked through once, and only when it is asked."""

    def __init__(self, document: DocumentNode | None) -> None:
        self._document = document

    def argument(self, error: GraphQLError) -> str | None:
        """Such as after, or input.position; None when it is not known.

        Shape: of a variable that stands in several places, the first.
        """
        node = error.nodes[0] if error.nodes else None
        if isinstance(node, VariableDefinitionNode):
            found = self._places.variables.get(node.variable.name.value)
            within = _WITHIN.match(error.message)
            return found and found + _fields(within[1] if within else "")
        return self._places.values.get(node.loc.start) if node and node.loc else None

    @cached_property
    def _places(self) -> "_Places":
        places = _Places()
        if self._document is not None:
            visit(self._document, places)
        return places


def _fields(within: str) -> str:
    """Of a place in a variable, without the numbers in lists."""
    return re.sub(r"\[\d+\]", "", within)


class _Places(Visitor):
    """The names of arguments and of the fields in them, by where their values begin, and by variable."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[int, str] = {}
        self.variables: dict[str, str] = {}

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        waiting: list[tuple[str, ValueNode]] = [(node.name.value, node.value)]
        while waiting:
            name, value = waiting.pop()
            if value.loc:
                self.values[value.loc.start] = name
            match value:
                case VariableNode():
                    self.variables.setdefault(value.name.value, name)
                case ListValueNode():
                    waiting += [(name, one) for one in value.values]
                case ObjectValueNode():
                    waiting += [(f"{name}.{one.name.value}", one.value) for one in value.fields]
