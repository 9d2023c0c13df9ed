"""What can be fetched by its id."""

import strawberry


@strawberry.interface(description="Anything that has an id of its own.")
class Node:
    id: strawberry.ID = strawberry.field(description="Globally unique and opaque; fetch it again with node.")
