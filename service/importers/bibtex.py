"""BibTeX → papers' metadata: what can be registered, and what cannot with its line and the reason."""

from collections.abc import Iterator
from dataclasses import dataclass

from service.domain import limits
from service.domain.errors import Invalid
from service.domain.paper import PaperFields
from service.importers.bibtex_blocks import Broken, blocks
from service.importers.bibtex_fields import KNOWN, paper_fields
from service.importers.bibtex_macros import Macros
from service.importers.bibtex_syntax import Block, Value

_NO_PAPER = {
    "comment": "A @comment holds no paper.",
    "preamble": "A @preamble holds no paper.",
}


@dataclass(frozen=True, slots=True)
class BibtexEntry:
    """An entry that can be registered; `raw` is its source, `line` counts from 1."""

    line: int
    entry_type: str
    fields: PaperFields
    raw: str


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A part of the file that gives no paper; `key` as the file has it, at most 300 characters."""

    line: int
    key: str | None
    reason: str


def parse_bibtex(source: str) -> list[BibtexEntry | RefusedEntry]:
    """Every entry of a BibTeX file.

    Shape:  in the file's order; `fields` are normalised. `@string` and lines of % comments give nothing.
    Errors: none: what cannot be read is a RefusedEntry, and the rest goes on.
    """
    return list(_Reading(source.removeprefix("\ufeff")).entries())


class _Reading:
    """What is known of a file on the way through it."""

    __slots__ = ("line", "macros", "position", "seen", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self.macros = Macros()
        self.seen: dict[tuple[str, str], int] = {}  # identifiers, and the line of the entry that has each
        self.line, self.position = 1, 0

    def entries(self) -> Iterator[BibtexEntry | RefusedEntry]:
        for block in blocks(self.source):
            self.line += self.source.count("\n", self.position, block.start)
            self.position = block.start
            try:
                if entry := self._read(block):
                    yield entry
            except Invalid as error:
                yield RefusedEntry(self.line, block.key[: limits.BIBTEX_KEY] or None, error.message)

    def _read(self, block: Block | Broken) -> BibtexEntry | None:
        if isinstance(block, Broken):
            raise Invalid(block.reason)
        if block.kind in _NO_PAPER:
            raise Invalid(_NO_PAPER[block.kind])
        if block.kind == "string":
            self.macros.define(block.fields)
            return None
        fields = paper_fields(block.key, self._texts(block.fields))
        self._claim(fields)
        return BibtexEntry(self.line, block.kind, fields, self.source[block.start : block.end])

    def _texts(self, fields: tuple[tuple[str, Value], ...]) -> dict[str, str]:
        values: dict[str, Value] = {}
        for name, value in fields:
            self.macros.check(value)
            if name in KNOWN and values.setdefault(name, value) != value:
                raise Invalid(f"It has the field {name} twice, with different values.")
        return {name: self.macros.expand(value) for name, value in values.items()}

    def _claim(self, fields: PaperFields) -> None:
        """Errors: Invalid when an earlier entry has one of the identifiers; then none is taken."""
        named = (("key", fields.bibtex_key), ("doi", fields.doi), ("arXiv id", fields.arxiv_id))
        taken = [(scheme, value) for scheme, value in named if value is not None]
        for scheme, value in taken:
            if earlier := self.seen.get((scheme, value)):
                raise Invalid(f"Its {scheme} {value} is that of the entry on line {earlier}.")
        self.seen.update(dict.fromkeys(taken, self.line))
