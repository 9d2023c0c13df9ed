"""Histories as the commands would write them, made from a list of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from service.domain.events import (
    CommentEdited,
    CommentPosted,
    CommentRemoved,
    DomainEvent,
    PaperRegistered,
    PayloadsErased,
    Revising,
    RevisionRedacted,
    SubjectKind,
    SummaryPublished,
    SummaryRestored,
    SummaryRetracted,
    SummaryRevised,
    SummaryVisibilitySet,
    UserSignedUp,
    Visibility,
    VoteCast,
    VoteValue,
    VoteWithdrawn,
    revision_of,
)
from service.domain.ids import vote_id
from service.eventstore.model import Append, EventStore

START = datetime(2026, 1, 1, tzinfo=UTC)
Action = tuple[str, int, int, int]


@dataclass
class Thing:
    """A stream that can be acted on again."""

    id: UUID
    kind: SubjectKind = SubjectKind.SUMMARY
    anonymous: bool = False
    version: int = 1
    revision: int = 1
    over: bool = False  # retracted or removed
    summary: UUID | None = None
    texts: list[str | None] = field(default_factory=list)  # of its revisions; None: redacted


@dataclass
class World:
    """Appends events to a log, knowing what is there already."""

    store: EventStore
    users: list[UUID] = field(default_factory=list)
    papers: list[UUID] = field(default_factory=list)
    summaries: list[Thing] = field(default_factory=list)
    comments: list[Thing] = field(default_factory=list)
    votes: dict[UUID, tuple[int, bool]] = field(default_factory=dict)  # version, in force
    position: int = 0

    async def append(
        self,
        *events: DomainEvent,
        actor: UUID | None = None,
        at: datetime | None = None,
        erases: tuple[UUID, ...] = (),
    ) -> None:
        """One command; `position` is then where it is in the log."""
        append = Append(
            uuid4(), b"", events[0].originator_id, events, actor=actor, occurred_at=at, erases=erases
        )
        self.position = (await self.store.append(append)).position

    async def sign_up(self, username: str, display_name: str | None = None) -> UUID:
        user = uuid4()
        await self.append(
            UserSignedUp(
                originator_id=user, originator_version=1, username=username, display_name=display_name
            )
        )
        self.users.append(user)
        return user

    async def register(self, bibtex_key: str, **fields: object) -> UUID:
        paper = uuid4()
        event = PaperRegistered(
            originator_id=paper,
            originator_version=1,
            bibtex_key=bibtex_key,
            **{"title": f"On {bibtex_key}", "authors": ("Ada", "Zoë, B."), **fields},  # type: ignore[arg-type]
        )
        await self.append(event)
        self.papers.append(paper)
        return paper

    async def publish(
        self,
        paper: UUID,
        author: UUID,
        body: str = "A *text*.",
        visibility: Visibility = Visibility.PUBLIC,
        at: datetime | None = None,
        vote: bool = True,
        anonymous: bool = False,
    ) -> Thing:
        summary = Thing(uuid4(), anonymous=anonymous, texts=[body])
        published = SummaryPublished(
            originator_id=summary.id,
            originator_version=1,
            paper_id=paper,
            author_id=None if anonymous else author,
            anonymous_author_id=author if anonymous else None,
            visibility=visibility,
            body=body,
        )
        cast = [self._cast(summary, author, VoteValue.UP)] if vote else []
        await self.append(published, *cast, actor=None if anonymous else author, at=at)
        self.summaries.append(summary)
        return summary

    async def revise(
        self, summary: Thing, body: str, note: str | None = None, at: datetime | None = None
    ) -> None:
        summary.revision += 1
        summary.texts.append(body)
        version = self._next(summary)
        await self.append(
            SummaryRevised(
                originator_id=summary.id,
                originator_version=version,
                revision=summary.revision,
                body=body,
                note=note,
            ),
            actor=None if summary.anonymous else UUID(int=7),
            at=at,
        )

    async def restore(self, summary: Thing, number: int) -> None:
        """Of a revision that is not redacted."""
        body = summary.texts[number - 1]
        summary.revision += 1
        summary.texts.append(body)
        version = self._next(summary)
        await self.append(
            SummaryRestored(
                originator_id=summary.id,
                originator_version=version,
                revision=summary.revision,
                restored=number,
                body=body,
            ),
            actor=None if summary.anonymous else UUID(int=7),
        )

    async def redact(self, summary: Thing, number: int, reason: str | None = None) -> None:
        """Of a revision that is not redacted."""
        recorded = await self.store.load(summary.id, contents="none")
        [payload] = [
            one.payloads["body"]
            for one in recorded
            if isinstance(one.event, Revising) and revision_of(one.event) == number
        ]
        summary.texts[number - 1] = None
        version = self._next(summary)
        await self.append(
            RevisionRedacted(
                originator_id=summary.id, originator_version=version, revision=number, reason=reason
            ),
            PayloadsErased(
                originator_id=uuid4(), originator_version=1, payload_ids=(payload,), subject_id=summary.id
            ),
            actor=None if summary.anonymous else UUID(int=7),
            erases=(payload,),
        )

    async def show(self, summary: Thing, visibility: Visibility) -> None:
        version = self._next(summary)
        await self.append(
            SummaryVisibilitySet(originator_id=summary.id, originator_version=version, visibility=visibility)
        )

    async def retract(self, summary: Thing) -> None:
        summary.over = True
        version = self._next(summary)
        await self.append(SummaryRetracted(originator_id=summary.id, originator_version=version))

    async def comment(
        self,
        summary: UUID,
        author: UUID,
        body: str = "Indeed.",
        parent: UUID | None = None,
        at: datetime | None = None,
    ) -> Thing:
        comment = Thing(uuid4(), SubjectKind.COMMENT, summary=summary)
        posted = CommentPosted(
            originator_id=comment.id,
            originator_version=1,
            summary_id=summary,
            author_id=author,
            on_revision=1,
            parent_id=parent,
            body=body,
        )
        await self.append(posted, actor=author, at=at)
        self.comments.append(comment)
        return comment

    async def edit(self, comment: Thing, body: str) -> None:
        version = self._next(comment)
        await self.append(CommentEdited(originator_id=comment.id, originator_version=version, body=body))

    async def remove(self, comment: Thing) -> None:
        comment.over = True
        version = self._next(comment)
        await self.append(CommentRemoved(originator_id=comment.id, originator_version=version))

    async def vote(self, subject: Thing, voter: UUID, value: VoteValue, at: datetime | None = None) -> None:
        await self.append(self._cast(subject, voter, value), at=at)

    async def withdraw(self, subject: Thing, voter: UUID, at: datetime | None = None) -> None:
        stream = vote_id(b"secret", subject.id, voter)
        version = self.votes[stream][0] + 1
        self.votes[stream] = (version, False)
        await self.append(
            VoteWithdrawn(
                originator_id=stream,
                originator_version=version,
                subject_id=subject.id,
                subject_kind=subject.kind,
            ),
            at=at,
        )

    async def erase(self, stream: UUID) -> tuple[UUID, ...]:
        """Everything erasable that a stream holds."""
        recorded = await self.store.load(stream, contents="none")
        payloads = tuple(payload for one in recorded for payload in one.payloads.values())
        await self.erase_payloads(*payloads)
        return payloads

    async def erase_payloads(self, *payloads: UUID) -> None:
        event = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=payloads)
        await self.append(event, erases=payloads)

    def _cast(self, subject: Thing, voter: UUID, value: VoteValue) -> VoteCast:
        stream = vote_id(b"secret", subject.id, voter)
        version = self.votes.get(stream, (0, False))[0] + 1
        self.votes[stream] = (version, True)
        return VoteCast(
            originator_id=stream,
            originator_version=version,
            subject_id=subject.id,
            subject_kind=subject.kind,
            value=value,
            voter_id=voter,
        )

    def _next(self, thing: Thing) -> int:
        thing.version += 1
        return thing.version


ACTIONS = (
    "user", "paper", "publish", "publish", "revise", "show", "retract", "comment", "comment", "reply", "edit",
    "remove", "vote", "vote", "vote_comment", "vote_comment", "withdraw", "erase", "restore", "redact",
)  # fmt: skip


async def play(world: World, actions: Sequence[Action]) -> None:
    """Act: each number picks one of what there is; an action that nothing can be done with is left out."""
    if not world.users:
        await world.sign_up(f"u{uuid4().hex}", "Someone")
        await world.register(f"key/{uuid4().hex}")
    for name, i, j, k in actions:
        await _act(world, name, i, j, k)


async def _act(world: World, name: str, i: int, j: int, k: int) -> None:
    user, paper = world.users[i % len(world.users)], world.papers[j % len(world.papers)]
    standing = [one for one in world.summaries if not one.over]
    comments = [one for one in world.comments if not one.over]
    at = START + timedelta(minutes=k)
    match name:
        case "user":
            await world.sign_up(f"u{uuid4().hex}", None if k % 2 else "Zoë")
        case "paper":
            await world.register(
                f"key/{uuid4().hex}",
                keywords=("A", 'b, "c"', "a")[: k % 4],
                url="https://x.org",
                venue_key=(None, "conf/x", "conf/y")[i % 3],
                venue_name=(None, f"X {j}")[j % 2],
                year=(None, 2014, 2015)[k % 3],
            )
        case "publish":
            visibility = list(Visibility)[k % 3]
            await world.publish(
                paper, user, f"# {i}\n\n$x_{j}$", visibility, at if k % 2 else None, anonymous=i % 3 == 0
            )
        case "revise" if standing:
            note = None if j % 2 else f"note {j}"
            await world.revise(standing[i % len(standing)], f"Text {k}", note, at if k % 2 else None)
        case "restore" if standing:
            summary, number = standing[i % len(standing)], j % standing[i % len(standing)].revision + 1
            if summary.texts[number - 1] is not None:
                await world.restore(summary, number)
        case "redact" if world.summaries:
            summary = world.summaries[i % len(world.summaries)]
            number = k % summary.revision + 1
            if summary.texts[number - 1] is not None:
                await world.redact(summary, number, None if j % 2 else f"reason {j}")
        case "show" if standing:
            await world.show(standing[i % len(standing)], list(Visibility)[k % 3])
        case "retract" if standing:
            await world.retract(standing[i % len(standing)])
        case "comment" if standing:
            await world.comment(standing[j % len(standing)].id, user, f"Comment {k}")
        case "reply" if comments:
            parent = comments[j % len(comments)]
            assert parent.summary
            await world.comment(parent.summary, user, f"Reply {k}", parent.id)
        case "edit" if comments:
            await world.edit(comments[j % len(comments)], f"Edited {k}")
        case "remove" if comments:
            await world.remove(comments[j % len(comments)])
        case "vote" if world.summaries:
            await world.vote(world.summaries[j % len(world.summaries)], user, list(VoteValue)[k % 2])
        case "vote_comment" if world.comments:
            await world.vote(world.comments[j % len(world.comments)], user, list(VoteValue)[k % 2])
        case "withdraw":
            subject = (world.summaries + world.comments or [None])[
                k % max(1, len(world.summaries + world.comments))
            ]
            if subject and world.votes.get(vote_id(b"secret", subject.id, user), (0, False))[1]:
                await world.withdraw(subject, user)
        case "erase":
            streams = [*world.users, *(one.id for one in world.summaries + world.comments)]
            await world.erase(streams[k % len(streams)])
            for one in world.summaries:
                if one.id == streams[k % len(streams)]:
                    one.texts = [None] * one.revision
