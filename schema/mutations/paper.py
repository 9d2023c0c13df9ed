"""Registering papers."""

import asyncio
from datetime import date
from typing import Annotated
from uuid import UUID

import strawberry
from strawberry import ID

from schema.context import Info, changed
from schema.enums import MetadataSource
from schema.errors import AccessError, AlreadyExists, NotFoundError, ValidationError
from schema.fields import ABSENT, given, mutation, resolved
from schema.mutations.keys import KEY
from schema.paper import Paper, load_paper
from schema.scalars import LogPosition
from service.commands import paper as commands
from service.domain import events, limits
from service.domain import paper as domain
from service.domain.errors import DomainError, Invalid
from service.domain.paper import FIELDS
from service.importers.bibtex import RefusedEntry, parse_bibtex

BIBTEX = ("input", "bibtex")


@strawberry.input(description="A paper's metadata.")
class PaperFields:
    bibtex_key: str = strawberry.field(description="Such as journals/corr/SchroffKP15, without white space.")
    title: str = strawberry.field(description="At most 500 characters.")
    authors: list[str] = strawberry.field(description="Their names, in the order printed.")
    abstract: str | None = strawberry.field(default=ABSENT, description="At most 20,000 characters.")
    venue_key: str | None = strawberry.field(default=ABSENT, description="Such as conf/cvpr.")
    venue_name: str | None = strawberry.field(default=ABSENT, description="Where it appeared.")
    year: int | None = strawberry.field(default=ABSENT, description="The year in which it appeared.")
    published_on: date | None = strawberry.field(default=ABSENT, description="When version 1 first appeared.")
    keywords: list[str] | None = strawberry.field(default=ABSENT, description="What it is about.")
    doi: str | None = strawberry.field(default=ABSENT, description="Bare or as a link to doi.org.")
    arxiv_id: str | None = strawberry.field(default=ABSENT, description="Its version is left out.")
    url: str | None = strawberry.field(default=ABSENT, description="Where to read about it.")
    source: MetadataSource | None = strawberry.field(
        default=ABSENT, description="Where the metadata came from; MANUAL if not said."
    )


@strawberry.input(description="A paper to register.")
class RegisterPaperInput:
    bibtex: str | None = strawberry.field(
        default=ABSENT, description="One BibTeX entry, at most 100,000 characters; or give fields."
    )
    fields: PaperFields | None = strawberry.field(default=ABSENT, description="The metadata; or give bibtex.")
    idempotency_key: ID | None = KEY


@strawberry.type(description="The paper is registered.")
class PaperPayload:
    paper_id: strawberry.Private[UUID]
    position: LogPosition = strawberry.field(description="Where the change is in the log.")

    @resolved(description="The paper as it is now.")
    async def paper(self, info: Info) -> Paper:
        return await changed(info.context, self.position, load_paper(info.context, self.paper_id))


PaperResult = Annotated[
    PaperPayload | ValidationError | NotFoundError | AccessError | AlreadyExists,
    strawberry.union("PaperResult", description="The paper, or why it was not registered."),
]

Register = Annotated[RegisterPaperInput, strawberry.argument(description="What to register.")]


@strawberry.type
class PaperMutations:
    @mutation(
        description="Register a paper from a BibTeX entry, or from fields. A known identifier gives "
        "AlreadyExists."
    )
    async def register_paper(self, info: Info, input: Register) -> PaperResult:
        bibtex, fields = given(input.bibtex), given(input.fields)
        if bibtex is None and fields is not None:
            metadata = _fields(fields)
        elif bibtex is not None and fields is None:
            metadata = await asyncio.to_thread(_one_entry, bibtex)
        else:
            raise Invalid("Give either bibtex or fields.", path=("input",))
        command = commands.RegisterPaper(metadata, given(input.idempotency_key))
        try:
            done = await info.context.perform(commands.register_paper, command)
        except DomainError as error:
            if bibtex is not None and error.path[:2] == FIELDS:
                error.path = BIBTEX  # there were no fields
            raise
        return PaperPayload(paper_id=done.id, position=info.context.log_position(done.position))


def _one_entry(bibtex: str) -> domain.PaperFields:
    """Errors: Invalid unless there is exactly one entry, and that one is of a paper."""
    limits.text(bibtex, limits.BODY, BIBTEX)
    entries = parse_bibtex(bibtex)
    if len(entries) != 1:
        raise Invalid(f"bibtex has {len(entries):,} entries: give exactly one.", path=BIBTEX)
    [entry] = entries
    if isinstance(entry, RefusedEntry):
        raise Invalid(f"Line {entry.line} of bibtex: {entry.reason}", path=BIBTEX)
    return entry.fields


def _fields(asked: PaperFields) -> domain.PaperFields:
    source = given(asked.source) or MetadataSource.MANUAL
    return domain.PaperFields(
        bibtex_key=asked.bibtex_key,
        title=asked.title,
        authors=tuple(asked.authors),
        abstract=given(asked.abstract),
        venue_key=given(asked.venue_key),
        venue_name=given(asked.venue_name),
        year=given(asked.year),
        published_on=given(asked.published_on),
        keywords=tuple(given(asked.keywords) or ()),
        doi=given(asked.doi),
        arxiv_id=given(asked.arxiv_id),
        url=given(asked.url),
        source=events.MetadataSource(source.value),
    )
