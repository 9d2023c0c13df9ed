"""Executes operations that are asked for over connections that stay."""

import strawberry
from graphql import GraphQLError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType

from schema.context import Context, Tools, open_context
from schema.message import Asked, unfit

Kinds = frozenset[OperationType]
EVERYTHING: Kinds = frozenset(OperationType)


class SignedOut(Exception):
    """The token is nobody's, or not any more."""


class Executor:
    """Finds out who asks, and executes what is asked."""

    def __init__(self, schema: strawberry.Schema, tools: Tools) -> None:
        self._schema = schema
        self._tools = tools

    async def context(self, asked: Asked) -> Context:
        """Errors: SignedOut, and those of the database when it is away."""
        context = await open_context(self._tools, token=asked.token)
        if context.stranger:
            raise SignedOut
        return context

    async def execute(
        self, asked: Asked, context: Context, root: object, allowed: Kinds = EVERYTHING
    ) -> ExecutionResult:
        """Shape: root is an Opening or a Shown; allowed are the kinds of operations."""
        try:
            return await self._schema.execute(
                asked.query, asked.variables, context, root, asked.operation_name, allowed
            )
        except (CannotGetOperationTypeError, InvalidOperationTypeError) as error:
            problem = GraphQLError(unfit(error), extensions={"code": "INVALID"})
            return ExecutionResult(None, [problem])
