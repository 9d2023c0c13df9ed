"""Publishing, revising, hiding and retracting summaries."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from service.commands.context import Context, Decision, Done, execute
from service.commands.paper import paper_of
from service.domain import ids, summary
from service.domain.events import Revising, SummaryPublished, Visibility, revision_of
from service.domain.limits import Path
from service.domain.summary import Summary
from service.eventstore.model import Claim, Contents, Recorded

SUMMARY_ID: Path = ("input", "summaryId")


@dataclass(frozen=True, slots=True)
class PublishSummary:
    paper_id: UUID
    body: str
    visibility: Visibility = Visibility.PUBLIC
    note: str | None = None
    idempotency_key: str | None = None
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class ReviseSummary:
    summary_id: UUID
    body: str
    note: str | None
    expected_revision: int
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class RestoreRevision:
    summary_id: UUID
    number: int
    note: str | None
    expected_revision: int
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class RedactRevision:
    """note_too: what its editor said about it goes as well."""

    summary_id: UUID
    number: int
    reason: str | None = None
    note_too: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class RetractSummary:
    summary_id: UUID
    reason: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class SetSummaryVisibility:
    summary_id: UUID
    visibility: Visibility
    idempotency_key: str | None = None


async def publish_summary(ctx: Context, command: PublishSummary) -> Done:
    """Publish, vote for it and take the one place per user and paper, in one append.

    Whoever publishes anonymously stays so: the log never says who, and of what they do to it later
    neither.
    Errors: Unauthenticated, NotFound (no such paper), Invalid, ExistsAlready, KeyReused.
    """
    author, summary_id = ctx.signed_in(), ctx.new_id()
    vote_id = ids.vote_id(ctx.secret, summary_id, author)
    claim = Claim(summary.claim_key(ctx.secret, author, command.paper_id), summary_id)

    async def decide() -> Decision:
        await paper_of(ctx, command.paper_id, ("input", "paperId"))
        events = summary.decide_publish(
            summary_id,
            command.paper_id,
            author,
            command.body,
            command.note,
            command.visibility,
            vote_id,
            command.anonymous,
        )
        return Decision(summary_id, events, takes=(claim,), unnamed=command.anonymous)

    return await execute(ctx, command, decide, lambda _, owner: summary.exists_already(owner))


async def revise_summary(ctx: Context, command: ReviseSummary) -> Done:
    """A new revision; the same text again appends nothing.

    Errors: Unauthenticated, NotFound, Forbidden, Invalid, RevisedMeanwhile, KeyReused.
    """
    editor = ctx.signed_in()

    async def decide() -> Decision:
        state = await summary_of(ctx, command.summary_id, contents="latest")
        events = summary.decide_revise(state, editor, command.body, command.note, command.expected_revision)
        return Decision(state.id, events, unnamed=state.anonymous)

    return await execute(ctx, command, decide)


async def import_revision(ctx: Context, command: ReviseSummary) -> Done:
    """A revision of imported history, by an editor who need not be the summary's author.

    For importers only: no request of a person comes here.
    Errors: Unauthenticated, NotFound, Invalid, RevisedMeanwhile, KeyReused.
    """
    ctx.signed_in()

    async def decide() -> Decision:
        state = await summary_of(ctx, command.summary_id, contents="latest")
        events = summary.decide_revise(
            state, state.author_id, command.body, command.note, command.expected_revision
        )
        return Decision(state.id, events, unnamed=state.anonymous)

    return await execute(ctx, command, decide)


async def restore_revision(ctx: Context, command: RestoreRevision) -> Done:
    """A new revision with an earlier one's text; the text as it is already appends nothing.

    Errors: Unauthenticated, NotFound, Forbidden, Invalid, RevisedMeanwhile, KeyReused.
    """
    editor = ctx.signed_in()

    async def decide() -> Decision:
        recorded = await ctx.store.load(command.summary_id, contents="latest")
        state, made = _seen(ctx, recorded), _revision(recorded, command.number)
        body = await _body(ctx, made) if made else None
        events = summary.decide_restore(
            state, editor, command.number, body, command.note, command.expected_revision
        )
        return Decision(state.id, events, unnamed=state.anonymous)

    return await execute(ctx, command, decide)


async def redact_revision(ctx: Context, command: RedactRevision) -> Done:
    """Destroy a revision's text for good. That it was there, who redacted it, when and why stays.

    What is gone already is not erased again: without anything left, nothing is appended.

    Errors: Unauthenticated, NotFound, Forbidden, Invalid, KeyReused.
    """
    editor, erasure_id = ctx.signed_in(), ctx.new_id()

    async def decide() -> Decision:
        recorded = await ctx.store.load(command.summary_id, contents="latest")
        state, made = _seen(ctx, recorded), _revision(recorded, command.number)
        payloads = await _surviving(ctx, made, ("body", "note") if command.note_too else ("body",))
        events = summary.decide_redact(state, editor, command.number, command.reason, erasure_id, payloads)
        return Decision(state.id, events, unnamed=state.anonymous, erases=payloads if events else ())

    return await execute(ctx, command, decide)


async def retract_summary(ctx: Context, command: RetractSummary) -> Done:
    """Withdraw it, and give the place per user and paper back.

    Errors: Unauthenticated, NotFound, Forbidden, Invalid, KeyReused.
    """
    editor = ctx.signed_in()

    async def decide() -> Decision:
        state = await summary_of(ctx, command.summary_id)
        events = summary.decide_retract(state, editor, command.reason)
        claim = Claim(summary.claim_key(ctx.secret, editor, state.paper_id), state.id)
        return Decision(state.id, events, releases=(claim,) if events else (), unnamed=state.anonymous)

    return await execute(ctx, command, decide)


async def set_summary_visibility(ctx: Context, command: SetSummaryVisibility) -> Done:
    """Errors: Unauthenticated, NotFound, Forbidden, Invalid, KeyReused."""
    editor = ctx.signed_in()

    async def decide() -> Decision:
        state = await summary_of(ctx, command.summary_id)
        events = summary.decide_set_visibility(state, editor, command.visibility)
        return Decision(state.id, events, unnamed=state.anonymous)

    return await execute(ctx, command, decide)


async def summary_of(
    ctx: Context, summary_id: UUID, path: Path = SUMMARY_ID, *, contents: Contents = "none"
) -> Summary:
    """A summary that the actor may see; its body only with the contents "latest". Errors: NotFound."""
    recorded = await ctx.store.load(summary_id, contents=contents)
    if contents == "none" and _is_anonymous(recorded):
        recorded = await ctx.store.load(summary_id, contents="latest")  # who wrote it is a content
    return _seen(ctx, recorded, path)


def _seen(ctx: Context, recorded: Sequence[Recorded], path: Path = SUMMARY_ID) -> Summary:
    """The summary as the actor may see it. Errors: NotFound."""
    return summary.seen(summary.summary_from(item.event for item in recorded), ctx.actor, path)


def _revision(recorded: Sequence[Recorded], number: int) -> Recorded | None:
    """What made the revision of this number."""
    for one in recorded:
        if isinstance(one.event, Revising) and revision_of(one.event) == number:
            return one
    return None


async def _body(ctx: Context, revision: Recorded) -> str | None:
    """Its text; None when redacted."""
    payload_id = revision.payloads["body"]
    content = (await ctx.store.contents([payload_id]))[payload_id]
    return None if content is None else content.decode()


async def _surviving(ctx: Context, made: Recorded | None, fields: Sequence[str]) -> tuple[UUID, ...]:
    """Its payloads of these fields whose contents are still there."""
    payload_ids = [made.payloads[name] for name in fields if name in made.payloads] if made else []
    contents = await ctx.store.contents(payload_ids)
    return tuple(one for one in payload_ids if contents[one] is not None)


def _is_anonymous(recorded: Sequence[Recorded]) -> bool:
    return any(isinstance(one.event, SummaryPublished) and one.event.author_id is None for one in recorded)
