"""Reads out of a document what it costs: once for each document, for `schema.cost` to fill in variables."""

from collections.abc import Iterator

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    value_from_ast_untyped,
)

from schema.cost import HEAVY, LISTED, WORK, Cost, Estimate, Part, Variable, added, size_of

SIZES = ("first", "last", "ids")  # arguments that say how many things come back


def estimate(schema: GraphQLSchema, document: DocumentNode, operation_name: str | None) -> Estimate:
    """What the operation of this name costs; without a name, the only one. The document is valid."""
    operation = next(one for one in _operations(document) if operation_name in (None, _name(one)))
    root = schema.get_root_type(operation.operation)
    if root is None:
        raise ValueError(f"the schema has no {operation.operation.value}")
    defaults = {
        one.variable.name.value: value_from_ast_untyped(one.default_value)
        for one in operation.variable_definitions or ()
        if one.default_value is not None
    }
    return Estimate(_Document(schema, document).cost(root, operation.selection_set), defaults)


def _operations(document: DocumentNode) -> Iterator[OperationDefinitionNode]:
    return (one for one in document.definitions if isinstance(one, OperationDefinitionNode))


def _name(operation: OperationDefinitionNode) -> str | None:
    return operation.name.value if operation.name else None


class _Document:
    """A document whose fragments are read once, however often they are used."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._mutation = schema.get_root_type(OperationType.MUTATION)
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._known: dict[str, Cost] = {}

    def cost(self, type_: GraphQLCompositeType, selections: SelectionSetNode | None) -> Cost:
        return added([self._part(type_, one) for one in selections.selections]) if selections else Cost()

    def _part(self, type_: GraphQLCompositeType, selection: SelectionNode) -> Part:
        left_out_if = tuple(_left_out_if(one) for one in selection.directives or () if _is_condition(one))
        match selection:
            case FieldNode():
                own, size, within = self._field(type_, selection)
                return Part(own, size, within, left_out_if)
            case InlineFragmentNode():
                inner = self._type(selection.type_condition) if selection.type_condition else type_
                return Part(0, 1, self.cost(inner, selection.selection_set), left_out_if)
            case FragmentSpreadNode():
                return Part(0, 1, self._fragment(selection.name.value), left_out_if)
        raise TypeError(f"no selection: {selection!r}")

    def _field(self, type_: GraphQLCompositeType, node: FieldNode) -> tuple[int, int | Variable, Cost]:
        definition = self._schema.get_field(type_, node.name.value)
        if definition is None:
            raise LookupError(f"{type_} has no field {node.name.value}")
        usual = WORK if type_ is self._mutation else 1
        inner = get_named_type(definition.type)
        within = self.cost(inner, node.selection_set) if is_composite_type(inner) else Cost()
        return HEAVY.get((type_.name, node.name.value), usual), _size(type_, node, definition), within

    def _fragment(self, name: str) -> Cost:
        if name not in self._known:
            fragment = self._fragments[name]
            self._known[name] = self.cost(self._type(fragment.type_condition), fragment.selection_set)
        return self._known[name]

    def _type(self, node: NamedTypeNode) -> GraphQLCompositeType:
        type_ = self._schema.get_type(node.name.value)
        if not is_composite_type(type_):
            raise LookupError(f"{node.name.value} has no fields")
        return type_


def _size(type_: GraphQLCompositeType, node: FieldNode, definition: GraphQLField) -> int | Variable:
    """How many things a field holds at most. A connection counts for its nodes and edges."""
    for name in SIZES:
        if argument := definition.args.get(name):
            said = next((one.value for one in node.arguments or () if one.name.value == name), None)
            return size_of(argument.default_value) if said is None else _said(said)
    if type_.name.endswith("Connection") or not is_list_type(get_nullable_type(definition.type)):
        return 1
    return LISTED


def _said(value: ValueNode) -> int | Variable:
    if isinstance(value, VariableNode):
        return Variable(value.name.value)
    return len(value.values) if isinstance(value, ListValueNode) else size_of(value_from_ast_untyped(value))


def _is_condition(directive: DirectiveNode) -> bool:
    return directive.name.value in ("skip", "include")


def _left_out_if(directive: DirectiveNode) -> tuple[bool | Variable, bool]:
    [value] = (one.value for one in directive.arguments or ())
    said = Variable(value.name.value) if isinstance(value, VariableNode) else value_from_ast_untyped(value)
    return said, directive.name.value == "skip"
