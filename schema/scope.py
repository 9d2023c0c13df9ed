"""Gives each operation its own snapshot and loaders, and ends them with it, whatever happens."""

from collections.abc import AsyncIterator, Iterator

from graphql import GraphQLError, OperationDefinitionNode
from graphql.utilities import get_operation_ast
from strawberry.extensions import SchemaExtension

from schema.context import Context, Operation, unknown_token
from schema.merging import Fragments

FOR_STRANGERS = frozenset(("signUp", "signIn", "signOut"))


class Scope(SchemaExtension):
    """The application gives a Context for the request; resolvers find an Operation."""

    async def on_operation(self) -> AsyncIterator[None]:
        request = self.execution_context.context
        if not isinstance(request, Context):
            raise TypeError("execute needs a Context")
        operation = request.reading or Operation(request)
        self.execution_context.context = operation
        try:
            yield
        finally:
            if operation is not request.reading:
                await operation.close()
            self.execution_context.context = request
            request.asked = self._asked()

    async def on_execute(self) -> AsyncIterator[None]:
        self.execution_context.context.request.asked = self._asked()
        yield
        await self.execution_context.context.settle()

    def _asked(self) -> OperationDefinitionNode | None:
        document = self.execution_context.graphql_document
        name = self.execution_context._provided_operation_name
        return get_operation_ast(document, name) if document else None


class OneOperation(SchemaExtension):
    """Which of several operations is meant must be said."""

    def on_validate(self) -> Iterator[None]:
        document = self.execution_context.graphql_document
        operations = [
            one
            for one in (document.definitions if document else ())
            if isinstance(one, OperationDefinitionNode)
        ]
        if len(operations) > 1 and self.execution_context._provided_operation_name is None:
            raise GraphQLError(
                "The document has several operations: say which one with operationName.",
                extensions={"code": "GRAPHQL_VALIDATION_FAILED"},
            )
        yield


class Strangers(SchemaExtension):
    """A token that is nobody's stands in the way of everything but signing up, in and out.

    It comes after what validates, so that fragments are what they seem.
    """

    def on_validate(self) -> Iterator[None]:
        request = self.execution_context.context.request
        request.admitted = not request.stranger or self._may_run()
        if not request.admitted:
            raise unknown_token()
        yield

    def _may_run(self) -> bool:
        run = self.execution_context
        document, name = run.graphql_document, run._provided_operation_name
        operation = get_operation_ast(document, name) if document and not run.pre_execution_errors else None
        if document is None or operation is None:
            return False
        fields = Fragments(document).place([operation.selection_set]).fields.values()
        return all(one.name.value in FOR_STRANGERS for same in fields for one in same)
