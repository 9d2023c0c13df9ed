"""The sample content: the actions of `service.samples`, carried out through the commands."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import assert_never
from uuid import UUID

from service import samples
from service.commands import comment, paper, summary, user, vote
from service.commands.context import Context, Done
from service.domain import ids
from service.domain.events import MetadataSource, SubjectKind, Visibility, VoteValue
from service.domain.paper import PaperFields
from service.eventstore.model import Append, Claim

Progress = Callable[[int, int], None]

BEGUN, COMPLETE = "samples: begun", "samples: complete"  # claims, so that a half-loaded log is known


async def wants_samples(ctx: Context) -> bool:
    """Is this log empty, or was loading the samples into it interrupted?"""
    owners = await ctx.store.owners([BEGUN, COMPLETE])
    if owners:
        return COMPLETE not in owners
    return (await ctx.store.head()).position == 0


async def load_samples(ctx: Context, on_progress: Progress) -> None:
    """Carry out every sample action that this log does not have yet, each at its claimed time.

    Shape:  on_progress hears how many actions are done, of how many.
    Errors: those of the commands; what was done stays, and the next call goes on from there.
    """
    story = _Story(ctx)
    actions = samples.load()
    for number, action in enumerate(actions, 1):
        done = await story.carry_out(action, f"sample {number}")
        on_progress(number, len(actions))
    complete = ids.derived_id(ctx.secret, COMPLETE.encode())  # the same of two servers that load at once
    await ctx.store.append(Append(complete, b"", done.id, takes=(Claim(COMPLETE, done.id),)))


class _Story:
    """The ids behind the short names, as they become known."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._users: dict[str, UUID] = {}
        self._papers: dict[str, UUID] = {}
        self._subjects: dict[str, tuple[UUID, SubjectKind]] = {}
        self._revisions: dict[str, int] = {}

    async def carry_out(self, action: samples.Action, key: str) -> Done:
        ctx = replace(self._ctx, occurred_at=action.at)
        if isinstance(action, samples.SignUp):
            command = user.SignUp(action.username, action.display_name, key)
            done = await user.sign_up(ctx, command, also_known_as=None if self._users else BEGUN)
            self._users[action.username] = done.id
            return done
        ctx = replace(ctx, actor=self._users[action.by])
        match action:
            case samples.RegisterPaper():
                return await self._register(ctx, action, key)
            case samples.PublishSummary() | samples.ReviseSummary() | samples.RestoreRevision():
                return await self._write(ctx, action, key)
            case samples.RedactRevision(summary=name, number=number, reason=reason):
                redact = summary.RedactRevision(self._id(name), number, reason, idempotency_key=key)
                return await summary.redact_revision(ctx, redact)
            case samples.SetSummaryVisibility(summary=name, visibility=value):
                show = summary.SetSummaryVisibility(self._id(name), Visibility(value), key)
                return await summary.set_summary_visibility(ctx, show)
            case samples.RetractSummary(summary=name, reason=reason):
                return await summary.retract_summary(ctx, summary.RetractSummary(self._id(name), reason, key))
            case samples.CastVote(subject=name, value=value):
                return await vote.cast_vote(ctx, vote.CastVote(*self._subjects[name], VoteValue(value), key))
            case samples.WithdrawVote(subject=name):
                return await vote.withdraw_vote(ctx, vote.WithdrawVote(*self._subjects[name], key))
            case samples.PostComment():
                return await self._post(ctx, action, key)
            case samples.EditComment(comment=name, body=body):
                return await comment.edit_comment(ctx, comment.EditComment(self._id(name), body, key))
            case samples.RemoveComment(comment=name):
                return await comment.remove_comment(ctx, comment.RemoveComment(self._id(name), key))
            case _:
                assert_never(action)

    def _id(self, name: str) -> UUID:
        return self._subjects[name][0]

    async def _register(self, ctx: Context, action: samples.RegisterPaper, key: str) -> Done:
        values = asdict(action.fields) | {"source": MetadataSource(action.fields.source)}
        done = await paper.register_paper(ctx, paper.RegisterPaper(PaperFields(**values), key))
        self._papers[action.key] = done.id
        return done

    async def _write(
        self,
        ctx: Context,
        action: samples.PublishSummary | samples.ReviseSummary | samples.RestoreRevision,
        key: str,
    ) -> Done:
        if isinstance(action, samples.PublishSummary):
            paper_id, visibility = self._papers[action.paper], Visibility(action.visibility)
            publish = summary.PublishSummary(paper_id, action.body, visibility, idempotency_key=key)
            done = await summary.publish_summary(ctx, publish)
            self._subjects[action.name] = done.id, SubjectKind.SUMMARY
            self._revisions[action.name] = 1
            return done
        of, last = self._id(action.summary), self._revisions[action.summary]
        self._revisions[action.summary] = last + 1
        if isinstance(action, samples.RestoreRevision):
            restore = summary.RestoreRevision(of, action.number, action.note, last, key)
            return await summary.restore_revision(ctx, restore)
        return await summary.revise_summary(
            ctx, summary.ReviseSummary(of, action.body, action.note, last, key)
        )

    async def _post(self, ctx: Context, action: samples.PostComment, key: str) -> Done:
        parent = self._id(action.parent) if action.parent is not None else None
        done = await comment.post_comment(
            ctx, comment.PostComment(self._id(action.summary), parent, action.body, key)
        )
        self._subjects[action.name] = done.id, SubjectKind.COMMENT
        return done
