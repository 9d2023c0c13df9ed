"""Expected failures, as clients see them. `schema.refusals` makes them of the domain's errors."""

import strawberry

from schema.enums import ErrorCode
from schema.node import Node


@strawberry.interface(description="A failure that a client can act on.")
class UserError:
    code: ErrorCode = strawberry.field(description="What kind of failure it is, for programs.")
    message: str = strawberry.field(description="What is wrong and the way out, for people.")
    path: list[str] | None = strawberry.field(
        description="The input field that it is about, from the outside in; null when it is about none."
    )


@strawberry.type(
    description="INVALID: the input breaks a rule. CONFLICT: an idempotency key came with another request. "
    "RATE_LIMITED: wait before the next try."
)
class ValidationError(UserError):
    pass


@strawberry.type(description="There is no such thing, or the viewer may not see it: both look the same.")
class NotFoundError(UserError):
    pass


@strawberry.type(description="UNAUTHENTICATED or FORBIDDEN.")
class AccessError(UserError):
    pass


@strawberry.type(description="Someone revised first: merge with the current revision.")
class RevisionConflict(UserError):
    current_revision: int = strawberry.field(description="The number of the current revision.")


@strawberry.type(description="The thing exists already: here it is.")
class AlreadyExists(UserError):
    existing: Node = strawberry.field(description="What exists already.")
