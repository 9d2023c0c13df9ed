"""How large a request may be. The rules are classes made once, so that validation can be cached."""

from typing import Any

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

MOST_TOKENS = 5_000
DEEPEST = 24  # the introspection query of the usual tools is 15 deep
MOST_ALIASES = 100
MOST_DIRECTIVES = 100


class Measured(ValidationRule):
    """Measures each operation with its fragments, each fragment once however often it is used."""

    def __init__(self, context: ValidationContext) -> None:
        super().__init__(context)
        self._known: dict[str, int] = {}

    def enter_operation_definition(self, node: OperationDefinitionNode, *_: Any) -> None:
        self.check(node, self.measure(node.selection_set))

    def check(self, node: OperationDefinitionNode, amount: int) -> None:
        raise NotImplementedError

    def measure(self, selections: SelectionSetNode | None) -> int:
        raise NotImplementedError

    def of_fragment(self, name: str) -> int:
        """Nothing for an unknown fragment and for one within itself: other rules refuse those."""
        if name not in self._known:
            self._known[name] = 0
            fragment = self.context.get_fragment(name)
            self._known[name] = self.measure(fragment.selection_set) if fragment else 0
        return self._known[name]

    def refuse(self, node: OperationDefinitionNode, message: str, limit: int, amount: int) -> None:
        extensions = {"code": "LIMIT_EXCEEDED", "limit": limit, "amount": amount}
        self.report_error(GraphQLError(message, node, extensions=extensions))


class Depth(Measured):
    """How deep fields lie within each other."""

    def measure(self, selections: SelectionSetNode | None) -> int:
        return max((self._of(one) for one in selections.selections), default=0) if selections else 0

    def _of(self, selection: Any) -> int:
        match selection:
            case FieldNode():
                return 1 + self.measure(selection.selection_set)
            case InlineFragmentNode():
                return self.measure(selection.selection_set)
            case FragmentSpreadNode():
                return self.of_fragment(selection.name.value)
        raise TypeError(f"no selection: {selection!r}")

    def check(self, node: OperationDefinitionNode, amount: int) -> None:
        if amount > DEEPEST:
            self.refuse(node, f"This is {amount} fields deep, and the limit is {DEEPEST}.", DEEPEST, amount)


class Counted(Measured):
    """How many of something fields, fragments and the operation have in all."""

    most: int
    name: str

    def measure(self, selections: SelectionSetNode | None) -> int:
        return sum(self._of(one) for one in selections.selections) if selections else 0

    def _of(self, selection: Any) -> int:
        match selection:
            case FieldNode() | InlineFragmentNode():
                return self.own(selection) + self.measure(selection.selection_set)
            case FragmentSpreadNode():
                return self.own(selection) + self.of_fragment(selection.name.value)
        raise TypeError(f"no selection: {selection!r}")

    def own(self, node: Any) -> int:
        raise NotImplementedError

    def check(self, node: OperationDefinitionNode, amount: int) -> None:
        amount += self.own(node)
        if amount > self.most:
            message = f"There are {amount:,} {self.name}, and the limit is {self.most}."
            self.refuse(node, message, self.most, amount)


class Aliases(Counted):
    most, name = MOST_ALIASES, "aliases"

    def own(self, node: Any) -> int:
        return int(isinstance(node, FieldNode) and node.alias is not None)


class Directives(Counted):
    most, name = MOST_DIRECTIVES, "directives"

    def own(self, node: Any) -> int:
        return len(node.directives or ())


RULES = (Depth, Aliases, Directives)
