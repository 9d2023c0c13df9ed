"""Who wrote which words: a text in spans, each linked to the revision that introduced it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from projections.revision import RevisionRow
from projections.summary import SummaryRow
from schema.blame import BlameSpan, blame_of
from schema.context import Operation
from service.web import parts
from service.web.history import Around, around_revisions, erased, linked
from service.web.layout import page
from service.web.markup import Html, fill, joined, page_part
from service.web.paper import paper_of
from service.web.summary import revision_of, summary_of

SPANS = 5_000  # shown with their origins; the API has all of them
SHADES = 6  # in the style sheet


async def blame_page(operation: Operation, request: Request) -> Response:
    """Of the current text."""
    row = await summary_of(operation, request)
    return await _page(operation, row, await revision_of(operation, row, str(row.revision_number)))


async def revision_blame_page(operation: Operation, request: Request) -> Response:
    """Of one version's text."""
    row = await summary_of(operation, request)
    return await _page(operation, row, await revision_of(operation, row, request.path_params["number"]))


async def _page(operation: Operation, row: SummaryRow, revision: RevisionRow) -> Response:
    """Errors: GraphQLError NOT_YET_VISIBLE for one of the last moments; BUSY."""
    of = await paper_of(operation.session, row.paper_id)
    number = (row.summary_id, revision.number)
    spans = await blame_of(operation, number, revision.body_payload, None)
    main = page_part(
        "blame.html",
        paper=of.paper_id,
        summary=row.summary_id,
        title=of.title,
        number=revision.number,
        blame=await _blame(operation, row, revision, spans)
        if spans
        else erased(revision, await around_revisions(operation, row.summary_id, [revision])),
    )
    head = parts.robots(row.listed)
    title = f"Who wrote which words of revision {revision.number}: “{of.title}”"
    return page(title, main, head=head, licence=operation.tools.licence)


async def _blame(
    operation: Operation, row: SummaryRow, revision: RevisionRow, spans: Sequence[BlameSpan]
) -> Html:
    origins = sorted({span.number for span in spans})
    rows = await operation.loaders.revision.load_many([(row.summary_id, number) for number in origins])
    known = {one.number: one for one in rows if one is not None}
    around = await around_revisions(operation, row.summary_id, list(known.values()))
    shades = {number: at % SHADES for at, number in enumerate(origins)}
    text = await operation.bench.work(_written, spans, shades, _titles(known, around))
    return page_part(
        "blamed.html",
        number=revision.number,
        count=row.revision_number,
        text=text,
        legend=_legend(spans, known, around, shades),
        rest=f"The origins of the first {SPANS:,} stretches are shown; the API has all {len(spans):,}."
        if len(spans) > SPANS
        else "",
    )


def _titles(known: Mapping[int, RevisionRow], around: Around) -> dict[int, str]:
    """Who and when, for each revision: short, as many spans bear it."""
    return {
        number: f"Revision {number}, {around.name(row.editor_id)}, {row.created_at:%Y-%m-%d}"
        for number, row in known.items()
    }


def _written(spans: Sequence[BlameSpan], shades: Mapping[int, int], titles: Mapping[int, str]) -> Html:
    return Html("".join(_spans(spans, shades, titles)))


def _spans(spans: Sequence[BlameSpan], shades: Mapping[int, int], titles: Mapping[int, str]) -> Iterator[str]:
    starts = {
        number: f'<a class="b{shades[number]}" data-n="{number}" title="{escape(title)}" '
        f'href="/summaries/{spans[0].summary_id}/revisions/{number}">'
        for number, title in titles.items()
    }
    for span in islice(spans, SPANS):
        yield f"{starts[span.number]}{escape(span.text)}</a>"
    yield escape("".join(span.text for span in spans[SPANS:]))


def _legend(
    spans: Sequence[BlameSpan],
    known: Mapping[int, RevisionRow],
    around: Around,
    shades: Mapping[int, int],
) -> Html:
    """Each revision with its share of the text, in characters."""
    shares: Counter[int] = Counter()
    for span in spans:
        shares[span.number] += len(span.text)
    return joined(
        fill(
            '<li><span class="b{shade}" data-n="{number}"></span> {one}, {at}, '
            "by <bdi>{name}</bdi>: {share}</li>",
            shade=shades[number],
            number=number,
            one=linked(row.summary_id, number),
            at=parts.recorded(row.created_at, row.recorded_at),
            name=around.name(row.editor_id),
            share=f"{shares[number] / shares.total():.1%}",
        )
        for number, row in known.items()
    )
