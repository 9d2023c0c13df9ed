"""What a text would look like, for an editor."""

import strawberry

from schema.context import Info, Operation
from schema.fields import resolved
from schema.mentions import mentioned_papers
from schema.paper import Paper
from schema.scalars import HTML
from service.domain import limits
from service.text import Rendered, render

BODY = ("body",)


@strawberry.type(description="A text as it would be shown.")
class Preview:
    rendered: strawberry.Private[Rendered]
    html: HTML = strawberry.field(description="The text to show.")
    problems: list[str] = strawberry.field(
        description="What a writer may want to mend, such as a formula that cannot be read, in sentences."
    )

    @resolved(description="Papers that the text links to, as for a summary.")
    async def mentions(self, info: Info) -> list[Paper]:
        names = [(one.scheme, one.value) for one in self.rendered.references]
        return await mentioned_papers(info.context, names)


async def preview_of(operation: Operation, body: str) -> Preview:
    """Rendered as a summary is; a blank text too.

    Errors: Invalid for what no body may hold; those of `Bench`.
    """
    limits.check_characters(body, BODY)
    limits.check_length(body, limits.BODY, BODY)
    rendered = await operation.desk.work(render, body, anchor="preview")
    return Preview(rendered=rendered, html=HTML(rendered.html), problems=list(rendered.problems))
