"""Notes from a Git repository: each file a summary of a paper, each commit that changed it a revision."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from uuid import UUID

from service.commands import paper, summary
from service.commands.context import Context, Done
from service.domain import limits
from service.domain.errors import DomainError, ExistsAlready, KeyReused, RevisedMeanwhile
from service.importers.git_history import FileHistory, FileRevision, RefusedFile, read_histories
from service.importers.note_head import NoteHead, NoteRefused, parse_head
from service.importers.note_paper import paper_fields
from service.importers.people import People


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """A file whose every revision is in the log; new_revisions of them were not before."""

    path: str
    summary_id: UUID
    revisions: int
    new_revisions: int


async def import_notes(
    ctx: Context, repository: Path, ref: str | None = None
) -> AsyncIterator[ImportedFile | RefusedFile]:
    """Import every note at `ref`; again, or after an interruption, only what is new.

    Shape:  one item a file, in the order of Git's tree. A file that cannot be imported is refused
            before any of it is recorded; one whose imported past was rewritten keeps that past.
    Units:  a revision's claimed time is its author's, moved to that of the revision before where it
            would lie earlier; its note is the commit's message, cut at 1,000 characters.
    Errors: GitError for a repository that cannot be read.
    Source: read_histories. The summary belongs to the author of its first revision.
    """
    people = People(ctx, _first_seen(repository, ref))
    for item in read_histories(repository, ref):
        if isinstance(item, RefusedFile):
            yield item
            continue
        try:
            yield await _import_file(ctx, people, item)
        except (NoteRefused, DomainError) as error:
            yield RefusedFile(item.path, str(error))


async def _import_file(ctx: Context, people: People, history: FileHistory) -> ImportedFile:
    revisions = history.revisions
    head = parse_head(revisions[-1].text)  # the newest knows best: a wrong link may have been mended
    _check_texts(revisions)
    contexts = [
        replace(ctx, occurred_at=at, actor=await people.user_of(_who(revision), revision.author_name))
        for revision, at in zip(revisions, _claimed_times(revisions, ctx.clock()), strict=True)
    ]
    published = await _publish(contexts[0], await _paper_of(contexts[0], head), revisions[0])
    new = int(not published.replayed)
    for number, (revision, context) in enumerate(zip(revisions[1:], contexts[1:], strict=True), 1):
        new += not (await _revise(context, published.id, revision, number)).replayed
    return ImportedFile(history.path, published.id, len(revisions), new)


def _first_seen(repository: Path, ref: str | None) -> dict[str, datetime]:
    """When each author's earliest revision was written, in whichever file."""
    seen: dict[str, datetime] = {}
    for item in read_histories(repository, ref):
        for revision in item.revisions if isinstance(item, FileHistory) else ():
            who = _who(revision)
            seen[who] = min(seen.get(who, revision.authored_at), revision.authored_at)
    return seen


def _check_texts(revisions: Sequence[FileRevision]) -> None:
    for revision in revisions:
        try:
            limits.text(revision.text, limits.BODY, ("body",))
        except DomainError as error:
            raise NoteRefused(f"at commit {revision.commit[:12]}, the {error.message}") from error


def _claimed_times(revisions: Sequence[FileRevision], now: datetime) -> list[datetime]:
    """Never back in time from one revision to the next, and never in the future."""
    return list(accumulate((min(revision.authored_at, now) for revision in revisions), max))


async def _paper_of(ctx: Context, head: NoteHead) -> UUID:
    try:
        return (await paper.register_paper(ctx, paper.RegisterPaper(paper_fields(head)))).id
    except ExistsAlready as known:
        return known.existing


async def _publish(ctx: Context, paper_id: UUID, revision: FileRevision) -> Done:
    command = summary.PublishSummary(
        paper_id, revision.text, note=_note(revision), idempotency_key=_key(revision)
    )
    try:
        return await summary.publish_summary(ctx, command)
    except KeyReused as reused:
        raise NoteRefused("it was imported before as a summary of another paper; it stays there") from reused
    except ExistsAlready as known:
        raise NoteRefused(
            f"its author has another summary of this paper already, {known.existing}"
        ) from known


async def _revise(ctx: Context, summary_id: UUID, revision: FileRevision, expected: int) -> Done:
    command = summary.ReviseSummary(
        summary_id, revision.text, _note(revision), expected, idempotency_key=_key(revision)
    )
    try:
        return await summary.import_revision(ctx, command)
    except (KeyReused, RevisedMeanwhile) as error:
        raise NoteRefused(
            f"its history was rewritten after it was imported: commit {revision.commit[:12]} does not "
            "follow what is here; what is here stays"
        ) from error


def _who(revision: FileRevision) -> str:
    return revision.author_email.strip().casefold() or revision.author_name


def _note(revision: FileRevision) -> str | None:
    """The commit's message as a note: no control characters, and not longer than a note may be."""
    message = revision.message.replace("\r\n", "\n")
    clean = "".join(c if c in "\t\n" or c.isprintable() else " " for c in message).strip()
    return (clean if len(clean) <= limits.NOTE else clean[: limits.NOTE - 1] + "…") or None


def _key(revision: FileRevision) -> str:
    """One commit's change of one file, whichever clone it comes from."""
    return hashlib.sha256(f"{revision.commit} {revision.path}".encode()).hexdigest()
