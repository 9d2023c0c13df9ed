"""Papers that a text links to."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from schema.context import Operation
from schema.paper import Paper, load_paper_then
from service.domain import identifiers
from service.domain.errors import Invalid

FORMS = {"BIBTEX": identifiers.bibtex_key, "DOI": identifiers.doi, "ARXIV": identifiers.arxiv_id}


async def mentioned_papers(
    operation: Operation, references: Sequence[tuple[str, str]], as_of: datetime | None = None
) -> list[Paper]:
    """The registered ones, in order of first appearance, each once; without later ones."""
    names = [name for reference in references if (name := _known_form(*reference))]
    found = await asyncio.gather(*(operation.loaders.paper_of_identifier.load(name) for name in names))
    ids = dict.fromkeys(paper_id for paper_id in found if paper_id is not None)
    papers = await asyncio.gather(*(load_paper_then(operation, paper_id, as_of) for paper_id in ids))
    return [paper for paper in papers if paper is not None]


def _known_form(scheme: str, value: str) -> tuple[str, str] | None:
    """As papers are registered; None for what no paper can be registered with."""
    try:
        return scheme, FORMS[scheme](value, ("text",))
    except Invalid:
        return None
