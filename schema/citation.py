"""How to cite a revision, and on which terms texts may be used."""

from datetime import UTC

import strawberry

from projections.paper import PaperRow
from projections.revision import RevisionRow
from projections.summary import SummaryRow
from schema.context import Operation, Tools
from schema.scalars import JSON
from schema.user import User, load_actor
from service.citation import Cited, Reviewed


@strawberry.type(description="The terms on which everybody may use the texts.")
class Licence:
    name: str = strawberry.field(description="Its name, such as CC BY 4.0.")
    url: str = strawberry.field(description="Where to read it.")


@strawberry.type(description="How to cite one version of a summary's text.")
class Citation:
    bibtex: str = strawberry.field(
        description="A BibTeX entry. Its key is of this version only, and never changes. The note names the "
        "paper that the summary is about."
    )
    csl_json: JSON = strawberry.field(
        description="CSL-JSON, a list of one item, for reference managers. Its type is review, and its id is "
        "the BibTeX entry's key."
    )
    text: str = strawberry.field(description="The citation on one line, for people.")
    licence: Licence | None = strawberry.field(
        description="The terms on which everybody may use the text; null when none are given."
    )


def licence_of(tools: Tools) -> Licence | None:
    given = tools.licence
    return None if given is None else Licence(name=given.name, url=given.url)


async def citation_of(operation: Operation, row: RevisionRow, permalink: str) -> Citation:
    """A revision's, of a summary that the viewer may see; also of one whose text was redacted."""
    editor = await load_actor(operation, row.editor_id)
    cited = Cited(
        summary_id=row.summary_id,
        number=row.number,
        editor=editor.display_name if isinstance(editor, User) else editor.label,
        written_on=row.created_at.astimezone(UTC).date(),
        permalink=permalink,
        paper=await _reviewed(operation, row),
    )
    csl = JSON([cited.csl()])
    return Citation(
        bibtex=cited.bibtex(), csl_json=csl, text=cited.line(), licence=licence_of(operation.tools)
    )


async def _reviewed(operation: Operation, row: RevisionRow) -> Reviewed:
    summary: SummaryRow | None = await operation.loaders.summary.load(row.summary_id)
    paper: PaperRow | None = None if summary is None else await operation.loaders.paper.load(summary.paper_id)
    if paper is None:
        raise LookupError(f"the paper of summary {row.summary_id}, which is not there")
    return Reviewed(paper.title, tuple(paper.authors), paper.year, paper.doi, paper.arxiv_id, paper.url)
