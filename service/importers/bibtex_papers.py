"""Papers from BibTeX files, registered through the commands."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from service.commands.context import Context
from service.commands.paper import RegisterPaper, register_paper
from service.domain.errors import DomainError, ExistsAlready
from service.importers.bibtex import BibtexEntry, RefusedEntry
from service.importers.people import People

AT_ONCE = 64  # commands under way: they share the log's commits


@dataclass(frozen=True, slots=True)
class ImportedPaper:
    """An entry whose paper is in the log; new: it was not before, under any of its identifiers."""

    line: int
    key: str
    paper_id: UUID
    new: bool


async def import_bibtex(
    ctx: Context, entries: Iterable[BibtexEntry | RefusedEntry]
) -> AsyncIterator[ImportedPaper | RefusedEntry]:
    """Register every paper that is not known yet; a known identifier leaves the paper as it is.

    Shape:  one item an entry, in their order. Again, it registers nothing.
    Errors: those of the log. Entries that cannot be registered come back refused.
    """
    importer = await People(ctx).user_of("bibtex", "BibTeX import")
    acting = replace(ctx, actor=importer)
    remaining = iter(entries)
    while batch := list(islice(remaining, AT_ONCE)):
        for item in await asyncio.gather(*(_import_entry(acting, entry) for entry in batch)):
            yield item


async def _import_entry(ctx: Context, entry: BibtexEntry | RefusedEntry) -> ImportedPaper | RefusedEntry:
    if isinstance(entry, RefusedEntry):
        return entry
    key = entry.fields.bibtex_key
    try:
        done = await register_paper(ctx, RegisterPaper(entry.fields))
    except ExistsAlready as known:
        return ImportedPaper(entry.line, key, known.existing, new=False)
    except DomainError as error:
        return RefusedEntry(entry.line, key, error.message)
    return ImportedPaper(entry.line, key, done.id, new=True)
