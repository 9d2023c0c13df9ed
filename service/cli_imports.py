"""`shortscience import`: bring in what was written elsewhere."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from service.console import DatabaseUrl, DataDir, complain, plural, progress_bar, run, say
from service.importers.bibtex import BibtexEntry, RefusedEntry, parse_bibtex
from service.importers.bibtex_papers import import_bibtex
from service.importers.git_history import RefusedFile, read_histories
from service.importers.notes import import_notes
from service.serving import open_log
from service.settings import Settings

STDIN = "-"

imports = typer.Typer(no_args_is_help=True, help="Bring in what was written elsewhere.")


class UnreadableFile(Exception):
    """A file cannot be read as text; the message names it."""


@imports.command("notes")
def notes(
    path: Annotated[Path, typer.Argument(help="A Git repository, bare or not.")],
    ref: Annotated[str | None, typer.Option(help="Branch, tag or commit. Default: HEAD.")] = None,
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Import Markdown notes about papers from a Git repository, with their whole history.

    Each `*.md` file is a summary. Its head says of which paper: lines such as `Title: …`,
    `Authors: …`, `Link: https://arxiv.org/abs/…`, `Year: …`, `Tags: …`. Each commit that changed it is a
    revision, with its author, date and message. Run it again for what is new since.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _import_notes(settings, path, ref))


async def _import_notes(settings: Settings, path: Path, ref: str | None) -> None:
    files = refused = revisions = new = 0
    total = sum(1 for _ in read_histories(path, ref))
    with progress_bar("Importing notes") as bar:
        async with open_log(settings) as opened:
            async for item in import_notes(opened.context(), path, ref):
                if isinstance(item, RefusedFile):
                    refused += 1
                    complain(f"Refused {item.path}: {item.reason}")
                else:
                    files, revisions = files + 1, revisions + item.revisions
                    new += item.new_revisions
                bar.show(files + refused, total)
    found = f"{plural(files, 'file')} with {plural(revisions, 'revision')}"
    say(f"{found}, {new:,} of them new; {plural(refused, 'file')} refused.")


@imports.command("bibtex")
def bibtex(
    files: Annotated[list[str], typer.Argument(help="BibTeX files; - is the standard input.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Register the papers of BibTeX files.

    A paper that is known by its BibTeX key, DOI or arXiv id stays as it is, so running it again changes
    nothing. Entries that cannot be registered are listed as `FILE:LINE: KEY: reason`; the rest goes on.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    read = [(name, parse_bibtex(_text(name))) for name in files]
    run(settings, _import_bibtex(settings, read))


def _text(name: str) -> str:
    """Errors: UnreadableFile."""
    try:
        return (sys.stdin.buffer.read() if name == STDIN else Path(name).read_bytes()).decode()
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"{name} is not UTF-8 at byte {error.start:,}: convert it first") from error
    except OSError as error:
        raise UnreadableFile(f"{name} cannot be read: {error.strerror}") from error


async def _import_bibtex(
    settings: Settings, read: Sequence[tuple[str, list[BibtexEntry | RefusedEntry]]]
) -> None:
    counts = {"registered": 0, "known": 0, "refused": 0}
    total = sum(len(entries) for _, entries in read)
    with progress_bar("Importing BibTeX") as bar:
        async with open_log(settings) as opened:
            for name, entries in read:
                async for item in import_bibtex(opened.context(), entries):
                    if isinstance(item, RefusedEntry):
                        complain(f"{name}:{item.line}: {item.key or 'no key'}: {item.reason}")
                        counts["refused"] += 1
                    else:
                        counts["registered" if item.new else "known"] += 1
                    bar.show(sum(counts.values()), total)
    entries_in_all = f"{total:,} {'entry' if total == 1 else 'entries'}"
    say(f"{entries_in_all}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items()) + ".")
