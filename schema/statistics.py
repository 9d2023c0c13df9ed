"""How much there is of everything."""

import strawberry

from projections.statistics import statistics
from schema.context import Operation
from schema.scalars import LogPosition


@strawberry.type(description="How much there is of everything, at one position.")
class Statistics:
    public_summary_count: int = strawberry.field(description="Public summaries.")
    paper_count: int = strawberry.field(description="Papers.")
    comment_count: int = strawberry.field(
        description="All comments on public summaries. A removed one keeps its place."
    )
    user_count: int = strawberry.field(description="People who signed up.")
    position: LogPosition = strawberry.field(description="Where the log was when it was so.")


async def load_statistics(operation: Operation) -> Statistics:
    """Errors: those of the snapshot."""
    row = await statistics(operation.session)
    return Statistics(
        public_summary_count=row.public_summary_count,
        paper_count=row.paper_count,
        comment_count=row.comment_count,
        user_count=row.user_count,
        position=operation.log_position(operation.session.shown()),
    )
