"""Validates documents, each once: first what bounds the work, then everything."""

from collections.abc import Callable, Iterator

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoFragmentCyclesRule,
    validate,
)
from strawberry.extensions import SchemaExtension
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.merging import check_merging

MOST_ERRORS = 20
"""To say where one is takes as long as the document is long."""

Rules = tuple[type[ASTValidationRule], ...]
Validated = Callable[[GraphQLSchema, DocumentNode, Rules], list[GraphQLError]]


def validated(schema: GraphQLSchema, document: DocumentNode, rules: Rules) -> list[GraphQLError]:
    """What is wrong with a document."""
    if errors := validate(schema, document, (NoFragmentCyclesRule,)):
        return errors
    if refused := check_merging(document):
        return [refused]
    both = (*rules, MaybeNullValidationRule, OneOfInputValidationRule)  # as Strawberry has them
    return validate(schema, document, both, MOST_ERRORS)


class Validation(SchemaExtension):
    """Validates with a function that remembers what it found."""

    def __init__(self, validated: Validated) -> None:
        self._validated = validated

    def on_validate(self) -> Iterator[None]:
        run = self.execution_context
        if run.graphql_document is not None:
            run.pre_execution_errors = self._validated(
                run.schema._schema, run.graphql_document, run.validation_rules
            )
        yield
