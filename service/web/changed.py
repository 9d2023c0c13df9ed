"""What changed from one text to another, for people to read."""

from collections.abc import Iterator
from html import escape
from uuid import UUID

from schema.comparing import Pair
from schema.context import Operation
from service.text.difference import Difference, Op, Span
from service.web import parts
from service.web.history import linked
from service.web.markup import Html, fill, page_part

AROUND = 240  # characters that are shown beside a change, and up to as many more until the line ends
FOLDED = 400  # characters, at least, that are folded
TAGS: dict[Op, str] = {"INSERT": "ins", "DELETE": "del"}


async def changed(operation: Operation, summary_id: UUID, pair: Pair) -> Html:
    """From one revision's text to another's, with counts and a link to the patch.

    Shape:  pair are revisions whose texts survive, the older one first, or nothing and such a revision.
    Errors: GraphQLError LIMIT_EXCEEDED, BUSY.
    """
    before, after = pair
    found: Difference = await operation.loaders.difference.load(pair)
    against = Html("nothing") if before is None else linked(summary_id, before.number)
    if all(span.op == "EQUAL" for span in found.spans):
        return fill("<p>Compared with {against}: the texts are the same.</p>", against=against)
    return page_part(
        "changed.html",
        against=against,
        came=parts.plural(found.inserted_words, "word", "words"),
        went=parts.plural(found.deleted_words, "word", "words"),
        spans=await operation.bench.work(_written, found),
        patch=f"/summaries/{summary_id}/changes.diff?"
        + (f"from={before.number}&" if before else "")
        + f"to={after.number}",
    )


def _written(found: Difference) -> Html:
    last = len(found.spans) - 1
    return Html("".join(_span(span, at == 0, at == last) for at, span in enumerate(found.spans)))


def _span(span: Span, first: bool, last: bool) -> str:
    if tag := TAGS.get(span.op):
        return f"<{tag}>{_with_ends(span.text)}</{tag}>"
    return "".join(_folded(span.text, first, last))


def _with_ends(text: str) -> str:
    """A line's end that came or went is shown by a sign, which is not copied."""
    return escape(text).replace("\n", '<i class="end"></i>\n')


def _folded(text: str, first: bool, last: bool) -> Iterator[str]:
    """What stayed: near the changes around it open, the rest folded if it is long."""
    start = 0 if first else _line_end(text, AROUND)
    end = len(text) if last else _line_start(text, len(text) - AROUND)
    if end - start < FOLDED:
        yield escape(text)
        return
    name = f"{end - start:,} characters that stayed"
    yield escape(text[:start])
    yield fill(
        '<details class="fold"><summary>… {name}</summary>{text}</details>', name=name, text=text[start:end]
    )
    yield escape(text[end:])


def _line_end(text: str, least: int) -> int:
    """A place to cut at: after a line, else after a word, else just there."""
    for end in "\n ":
        if (found := text.find(end, least, 2 * least)) >= 0:
            return found + 1
    return least


def _line_start(text: str, most: int) -> int:
    """As `_line_end`, before a place."""
    for end in "\n ":
        if (found := text.rfind(end, max(most - AROUND, 0), max(most, 0))) >= 0:
            return found + 1
    return most
