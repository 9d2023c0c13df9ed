"""Gives each operation its own snapshot and loaders, and ends them with it, whatever happens."""

from collections.abc import AsyncIterator, Iterator

from graphql import GraphQLError, OperationDefinitionNode
from graphql.utilities import get_operation_ast
from strawberry.extensions import SchemaExtension

from schema.context import Context, Operation


class Scope(SchemaExtension):
    """The application gives a Context for the request; resolvers find an Operation."""

    async def on_operation(self) -> AsyncIterator[None]:
        request = self.execution_context.context
        if not isinstance(request, Context):
            raise TypeError("execute needs a Context")
        operation = Operation(request)
        self.execution_context.context = operation
        try:
            yield
        finally:
            await operation.close()
            self.execution_context.context = request
            request.asked = self._asked()

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
