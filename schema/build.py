"""The schema, put together."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import AddValidationRules, MaxTokensLimiter, ParserCache

from schema.comment import Comment
from schema.cost import CostLimit
from schema.estimate import estimate
from schema.limits import MOST_TOKENS, RULES
from schema.masking import Masking
from schema.mutations.comment import CommentMutations
from schema.mutations.follow import FollowMutations
from schema.mutations.notification import NotificationMutations
from schema.mutations.paper import PaperMutations
from schema.mutations.revision import RevisionMutations
from schema.mutations.summary import SummaryMutations
from schema.mutations.user import UserMutations
from schema.mutations.vote import VoteMutations
from schema.mutations.webhook import WebhookMutations
from schema.opening import Subscribing
from schema.query import Query
from schema.refusals import HANDLERS
from schema.revision import Revision
from schema.scalars import CONFIG
from schema.scope import OneOperation, Scope, Strangers
from schema.subscription import Subscription
from schema.validation import Validation, validated

KEPT = 128  # documents, as many as the cache of parsing keeps


@strawberry.type(
    description="What can be done. Expected failures are members of each result's union; anything else is an "
    "error with extensions.code."
)
class Mutation(
    UserMutations,
    PaperMutations,
    SummaryMutations,
    RevisionMutations,
    VoteMutations,
    CommentMutations,
    WebhookMutations,
    FollowMutations,
    NotificationMutations,
):
    pass


class Schema(strawberry.Schema):
    """Errors are logged once, by Masking, and only those that are ours."""

    def process_errors(self, errors: Iterable[GraphQLError], execution_context: Any = None) -> None:
        pass


def build_schema() -> strawberry.Schema:
    """The API. Execute it with a `schema.context.Context` made for the request."""
    validating, estimates = lru_cache(maxsize=KEPT)(validated), lru_cache(maxsize=KEPT)(estimate)
    return Schema(
        query=Query,
        mutation=Mutation,
        subscription=Subscription,
        types=[Comment, Revision],
        config=CONFIG,
        exception_handlers=HANDLERS,
        extensions=[
            Masking,
            Scope,
            lambda: MaxTokensLimiter(MOST_TOKENS),
            lambda: AddValidationRules(list(RULES)),
            ParserCache,
            OneOperation,
            lambda: Validation(validating),
            Strangers,
            lambda: CostLimit(estimates),
            Subscribing,
        ],
    )
