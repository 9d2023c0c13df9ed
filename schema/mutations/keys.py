"""What all inputs share."""

from typing import Any

import strawberry

from schema.fields import ABSENT

KEY: Any = strawberry.field(
    default=ABSENT,
    description="The same key from the same user gives the first call's outcome again and appends nothing; "
    "with another request it is refused as CONFLICT. Only a call that was accepted binds its key: a refused "
    "one may be tried again with the same key.",
)
