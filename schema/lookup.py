"""Finding a paper by one of its names."""

from datetime import datetime

import strawberry
from strawberry import ID, UNSET

from schema.context import Operation
from schema.ids import uuid_of
from schema.paper import Paper, load_paper_then
from service.domain import identifiers
from service.domain.errors import Invalid


@strawberry.input(one_of=True, description="Exactly one name of a paper.")
class PaperLookup:
    id: ID | None = strawberry.field(default=UNSET, description="Its id.")
    bibtex_key: str | None = strawberry.field(
        default=UNSET, description="A BibTeX key, exactly as registered."
    )
    doi: str | None = strawberry.field(default=UNSET, description="Its DOI, bare or as a link to doi.org.")
    arxiv_id: str | None = strawberry.field(
        default=UNSET, description="Its arXiv id; a version, arXiv: or a link to arxiv.org may be there."
    )


async def find_paper(operation: Operation, by: PaperLookup, as_of: datetime | None = None) -> Paper | None:
    """Errors: Invalid for a name that no paper can have."""
    if isinstance(by.id, str):
        return await load_paper_then(operation, uuid_of(by.id, ("by", "id"), "Paper"), as_of)
    paper_id = await operation.loaders.paper_of_identifier.load(_name(by))
    return None if paper_id is None else await load_paper_then(operation, paper_id, as_of)


def _name(by: PaperLookup) -> tuple[str, str]:
    if isinstance(by.bibtex_key, str):
        return "BIBTEX", identifiers.bibtex_key(by.bibtex_key, ("by", "bibtexKey"))
    if isinstance(by.doi, str):
        return "DOI", identifiers.doi(by.doi, ("by", "doi"))
    if isinstance(by.arxiv_id, str):
        return "ARXIV", identifiers.arxiv_id(by.arxiv_id, ("by", "arxivId"))
    raise Invalid("Give one of id, bibtexKey, doi and arxivId.", path=("by",))
