"""The page of one version of a summary's text."""

import json

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response

from projections.paper import PaperRow
from projections.revision import RevisionRow
from projections.summary import SummaryRow
from schema.citation import citation_of
from schema.context import Operation
from schema.diff import diff_of
from service.web import parts
from service.web.changed import changed
from service.web.history import Around, around_revisions, erased, linked, votes_on
from service.web.layout import licence_line, page
from service.web.markup import NOTHING, Html, fill, joined, page_part
from service.web.paper import paper_of
from service.web.proofs import proof_of
from service.web.summary import revision_of, summary_of

TOO_BUSY = Html("<p>What it changed cannot be worked out just now: load this page again in a moment.</p>")


async def revision_page(operation: Operation, request: Request) -> Response:
    """What it said, what it changed, how to cite it, and how to check it. Its address never changes."""
    row = await summary_of(operation, request)
    revision = await revision_of(operation, row, request.path_params["number"])
    of = await paper_of(operation.session, row.paper_id)
    around = await around_revisions(operation, row.summary_id, [revision])
    text = await operation.loaders.text.load(revision.body_payload)
    main = page_part(
        "revision.html",
        **_head(row, revision, of, around),
        body=erased(revision, around) if text is None else parts.body(text),
        changes=await _changes(operation, revision),
        ways=NOTHING if text is None else _ways(row, revision.number),
        cite=await _cite(operation, revision),
        proof=await proof_of(operation, revision, downloadable=row.listed),
    )
    title = f"Revision {revision.number}: “{of.title}”"
    return page(title, main, head=parts.robots(row.listed), licence=operation.tools.licence)


def _head(
    row: SummaryRow, revision: RevisionRow, of: PaperRow, around: Around
) -> dict[str, Html | str | int]:
    note = around.note(revision.note_payload)
    return {
        "paper": str(of.paper_id),
        "summary": str(row.summary_id),
        "title": of.title,
        "number": revision.number,
        "count": row.revision_number,
        "name": around.name(revision.editor_id),
        "dates": parts.recorded(revision.created_at, revision.recorded_at),
        "facts": _facts(revision, around),
        "note": NOTHING if note is None else fill('<p class="note">{note}</p>', note=note),
        "turn": parts.turn(row.summary_id, revision.number, row.revision_number),
    }


def _ways(row: SummaryRow, number: int) -> Html:
    """Where to ask more about a text that is there."""
    return page_part("revision_ways.html", summary=row.summary_id, number=number, since=_since(row, number))


def _since(row: SummaryRow, number: int) -> Html:
    if number == row.revision_number:
        return NOTHING
    address = f"/summaries/{row.summary_id}/changes?from={number}&to={row.revision_number}"
    link = '<li><a href="{address}" rel="nofollow">What has changed since</a></li>'
    return fill(link, address=address)


def _facts(revision: RevisionRow, around: Around) -> Html:
    restored = revision.restored
    facts: list[Html | str] = []
    if restored is not None:
        facts.append(fill("Restored from {one}.", one=linked(revision.summary_id, restored)))
    if votes := votes_on(revision.number, around):
        facts.append(votes.capitalize() + ".")
    return fill('<p class="meta">{facts}</p>', facts=joined(facts, " ")) if facts else NOTHING


async def _changes(operation: Operation, revision: RevisionRow) -> Html:
    """Against the surviving revision before it."""
    try:
        return await _compared(operation, revision)
    except GraphQLError as error:
        if (error.extensions or {}).get("code") != "BUSY":
            raise
        return TOO_BUSY  # the version itself is there to be cited, whoever compares what


async def _compared(operation: Operation, revision: RevisionRow) -> Html:
    diff = await diff_of(operation, revision, None)
    if diff.pair is None:
        return Html("<p>Nothing can be compared without a text.</p>")
    if diff.from_ is None:
        said = "This is the first text." if revision.number == 1 else "No text before it is left to compare."
        return fill("<p>{said} All of it counts as new.</p>", said=said)
    return await changed(operation, revision.summary_id, diff.pair)


async def _cite(operation: Operation, revision: RevisionRow) -> Html:
    address = parts.revision_address(revision.summary_id, revision.number)
    citation = await citation_of(operation, revision, operation.tools.base_url + address)
    return page_part(
        "cite.html",
        line=citation.text,
        bibtex=citation.bibtex.strip(),
        csl=json.dumps(citation.csl_json, ensure_ascii=False, indent=2),
        licence=licence_line(operation.tools.licence),
    )
