"""What changed between any two revisions of a summary: as a page, and as a patch."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from projections.revision import RevisionRow
from projections.summary import SummaryRow
from projections.survivors import Version
from schema.comparing import Pair
from schema.context import Operation
from service.web import parts
from service.web.changed import changed
from service.web.history import linked
from service.web.layout import page
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.paper import paper_of
from service.web.refusals import Refused, invalid
from service.web.summary import NUMBER, summary_of

NEAR = 20  # numbers before and after the chosen one that can be chosen by links, beside the first and last


async def changes_page(operation: Operation, request: Request) -> Response:
    """From one revision to another; without a choice, to the current one from the one before it."""
    row = await summary_of(operation, request)
    of = await paper_of(operation.session, row.paper_id)
    before, after = await _asked(operation, request, row)
    gone = await _gone(operation, [before, after])
    older = before.number if before else after.number
    main = page_part(
        "changes.html",
        paper=of.paper_id,
        summary=row.summary_id,
        title=of.title,
        older=older,
        newer=after.number,
        from_choice=_choice(row, "from", older, after.number),
        to_choice=_choice(row, "to", after.number, older),
        restored=_restored(before, after),
        changes=_told(row.summary_id, gone) if gone else await _changes(operation, before, after),
    )
    title = f"Changes from revision {older} to {after.number}: “{of.title}”"
    head = parts.robots(False)  # a page for each pair is nothing to list
    return page(title, main, head=head, licence=operation.tools.licence)


async def patch(operation: Operation, request: Request) -> Response:
    """The change by lines, as `patch` reads it; of nothing when there is no older text.

    Errors: NotThere; Refused for an unknown revision, or one without text.
    """
    row = await summary_of(operation, request)
    before, after = await _asked(operation, request, row)
    if gone := await _gone(operation, [before, after]):
        numbers = " and ".join(str(one) for one in gone)
        raise Refused(404, "NOT_FOUND", f"There is no text of revision {numbers} any more: choose another.")
    text = await operation.loaders.unified.load(_pair(before, after))
    return PlainTextResponse(text, headers={"Cache-Control": "no-cache", "X-Robots-Tag": "noindex"})


async def _asked(
    operation: Operation, request: Request, row: SummaryRow
) -> tuple[RevisionRow | None, RevisionRow]:
    """The two revisions; without `from`, the surviving one before `to`, if there is one.

    Errors: Refused (400), naming the parameter.
    """
    to = await _revision(operation, request, row, "to")
    if "from" in request.query_params:
        return await _revision(operation, request, row, "from"), to
    before: Version | None = await operation.loaders.survivor_before.load((row.summary_id, to.number))
    return (await _load(operation, row, before.number) if before else None), to


async def _revision(operation: Operation, request: Request, row: SummaryRow, name: str) -> RevisionRow:
    value = request.query_params.get(name, str(row.revision_number))
    found = await _load(operation, row, int(value)) if NUMBER.fullmatch(value) else None
    if found is None:
        raise invalid(
            f"{name} is the number of a revision, and this summary has those from 1 to "
            f"{row.revision_number}: choose one of them.",
            parameter=name,
        )
    return found


async def _load(operation: Operation, row: SummaryRow, number: int) -> RevisionRow | None:
    found: RevisionRow | None = await operation.loaders.revision.load((row.summary_id, number))
    return found


async def _gone(operation: Operation, rows: list[RevisionRow | None]) -> list[int]:
    """The numbers of those without text, each once."""
    there = [row for row in rows if row is not None]
    texts = await operation.loaders.source.load_many([row.body_payload for row in there])
    return sorted({row.number for row, text in zip(there, texts, strict=True) if text is None})


def _pair(before: RevisionRow | None, after: RevisionRow) -> Pair:
    older = None if before is None else Version(before.number, before.body_payload)
    return older, Version(after.number, after.body_payload)


async def _changes(operation: Operation, before: RevisionRow | None, after: RevisionRow) -> Html:
    return await changed(operation, after.summary_id, _pair(before, after))


def _restored(before: RevisionRow | None, after: RevisionRow) -> Html:
    """Which of them has an earlier text again: it says why two texts can be the same."""
    rows = {row.number: row for row in (before, after) if row is not None}
    return joined(
        fill(
            '<p class="meta">Revision {number} restored {one}.</p>',
            number=number,
            one=linked(row.summary_id, row.restored),
        )
        for number, row in rows.items()
        if row.restored is not None
    )


def _told(summary_id: UUID, gone: list[int]) -> Html:
    ones = [
        fill('<a href="{address}">{n}</a>', address=parts.revision_address(summary_id, n), n=n) for n in gone
    ]
    text = "The text of revision {ones} was erased for good, so there is nothing to compare. Choose another."
    return fill(f'<p class="gone">{text}</p>', ones=joined(ones, " and "))


def _choice(row: SummaryRow, name: str, chosen: int, other: int) -> Html:
    """Links to all pairs with the same other one: those near, the first and the last."""
    last = row.revision_number
    near = range(max(chosen - NEAR, 1), min(chosen + NEAR, last) + 1)
    numbers = sorted({1, last, *near})
    links = (_number(row.summary_id, name, number, chosen, other) for number in numbers)
    return joined(links, " ")


def _number(summary_id: UUID, name: str, number: int, chosen: int, other: int) -> Html:
    older, newer = (number, other) if name == "from" else (other, number)
    return fill(
        '<a href="/summaries/{id}/changes?from={older}&amp;to={newer}" rel="nofollow"{here}>{number}</a>',
        id=summary_id,
        older=older,
        newer=newer,
        here=Html(' aria-current="true"') if number == chosen else NOTHING,
        number=number,
    )
