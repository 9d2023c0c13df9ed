"""The log as each viewer may see it, against a model that knows nothing of read models."""

import dataclasses
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from projections import event
from projections.event import ALL, SUBJECTS, EventFilter, EventRow
from projections.event_fields import SHOWN
from projections.reading import Page, Slice
from projections.summary import LISTED_OR_OWN, VISIBLE
from service.domain.events import (
    EVENTS,
    CommentPosted,
    CommentRemoved,
    DomainEvent,
    PaperRegistered,
    PayloadsErased,
    SummaryPublished,
    SummaryRetracted,
    SummaryVisibilitySet,
    UserSignedUp,
    Visibility,
    VoteCast,
    VoteValue,
    VoteWithdrawn,
)
from service.domain.ids import vote_id
from service.domain.policy import is_listed, is_own, may_see_summary
from service.eventstore.codec import Codec
from service.eventstore.model import Recorded
from service.eventstore.postgres import PostgresStore
from tests.projections.history import ACTIONS, START, World, play
from tests.projections.paging import every
from tests.projections.projecting import project_all

CODEC = Codec()
SECRET = {"originator_id", "originator_version", "voter_id", "anonymous_author_id", "payload_ids"}
BEGINNING = Page(1_000)


def test_every_field_of_every_event_is_shown_or_known_to_be_secret() -> None:
    assert SHOWN.keys() == set(EVENTS)
    for cls in EVENTS:
        assert {one.name for one in dataclasses.fields(cls)} - SECRET == set(SHOWN[cls]), cls


POLICY = f"""
SELECT {VISIBLE}, {LISTED_OR_OWN}
  FROM (VALUES ($2::uuid, $3, $4::timestamptz, $5::bool)) AS s(author_id, visibility, retracted_at, listed)
""".format(viewer="$1")  # noqa: S608 (ours)


async def test_what_sql_says_is_what_the_policy_says(pool: asyncpg.Pool) -> None:
    author, other = uuid4(), uuid4()
    cases = itertools.product((author, other, None), (author, None), Visibility, (None, START))
    for viewer, by, visibility, retracted_at in cases:
        retracted = retracted_at is not None
        listed = is_listed(visibility, retracted)
        found = await pool.fetchrow(POLICY, viewer, by, visibility, retracted_at, listed)
        expected = may_see_summary(viewer, by, visibility, retracted), listed or is_own(viewer, by)
        assert tuple(found) == expected, (viewer, by, visibility, retracted)


# ------------------------------------------------------------------ the model


@dataclass
class Known:
    """A summary as it is at the end of the log."""

    paper: UUID
    author: UUID | None
    visibility: Visibility
    retracted: bool = False
    was_listed: bool = False

    @property
    def listed(self) -> bool:
        return self.visibility is Visibility.PUBLIC and not self.retracted

    @property
    def readable(self) -> bool:
        return self.visibility is not Visibility.PRIVATE and not self.retracted


@dataclass
class Model:
    """What there is, and which events took a summary back that had been in the lists."""

    log: Sequence[Recorded]
    summaries: dict[UUID, Known] = field(default_factory=dict)
    comments: dict[UUID, UUID] = field(default_factory=dict)
    removed: set[UUID] = field(default_factory=set)
    anonymous: set[UUID] = field(default_factory=set)
    users: set[UUID] = field(default_factory=set)
    withdrawals: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        for one in self.log:
            known = self.summaries.get(one.event.originator_id)
            was = replace(known) if known else Known(one.event.originator_id, None, Visibility.PRIVATE)
            self._learn(one.event, known)
            if known is None:
                continue
            known.was_listed |= was.listed
            if known.was_listed and (was.listed > known.listed or was.readable > known.readable):
                self.withdrawals.add(one.position)

    def _learn(self, event: DomainEvent, known: Known | None) -> None:
        match event:
            case UserSignedUp():
                self.users.add(event.originator_id)
            case SummaryPublished():
                self.anonymous |= set() if event.author_id else {event.originator_id}
                author = event.author_id or event.anonymous_author_id
                self.summaries[event.originator_id] = Known(event.paper_id, author, event.visibility)
            case SummaryVisibilitySet() if known:
                known.visibility = event.visibility
            case SummaryRetracted() if known:
                known.retracted = True
            case CommentPosted():
                self.comments[event.originator_id] = event.summary_id
            case CommentRemoved():
                self.removed.add(event.originator_id)

    def subject(self, event: DomainEvent) -> UUID | None:
        return (
            event.subject_id
            if isinstance(event, VoteCast | VoteWithdrawn | PayloadsErased)
            else event.originator_id
        )

    def summary(self, event: DomainEvent) -> UUID | None:
        subject = self.subject(event)
        summary = self.comments.get(subject, subject) if subject else None
        return summary if summary in self.summaries else None

    def paper(self, event: DomainEvent) -> UUID | None:
        if isinstance(event, PaperRegistered):
            return event.originator_id
        summary = self.summary(event)
        return self.summaries[summary].paper if summary else None

    def shown(self, one: Recorded, viewer: UUID | None, by_address: bool) -> tuple[Any, ...] | None:
        """What there is to see of an event; None: nothing."""
        subject, summary = self.subject(one.event), self.summary(one.event)
        if summary is None:
            seen = isinstance(one.event, PaperRegistered | UserSignedUp) or subject in self.users
            return self._whole(one) if seen else None
        known = self.summaries[summary]
        own = viewer is not None and viewer == known.author
        if known.listed or own or (by_address and known.readable):
            return self._whole(one)
        if one.position in self.withdrawals and not known.readable:
            return (one.position, type(one.event).__name__, subject, 0, None, {})
        return None

    def _whole(self, one: Recorded) -> tuple[Any, ...]:
        event, subject = one.event, self.subject(one.event)
        data = {f.name: getattr(event, f.name) for f in dataclasses.fields(event) if f.name not in SECRET}
        if subject in self.removed and "body" in data:
            data["body"] = None
        vote = isinstance(event, VoteCast | VoteWithdrawn)
        unnamed = vote or isinstance(event, PaperRegistered) or subject in self.anonymous
        actor = None if unnamed else one.actor
        return (
            one.position, type(event).__name__, subject, 0 if vote else event.originator_version, actor, data
        )  # fmt: skip


def told(row: EventRow) -> tuple[Any, ...]:
    return (row.position, row.type, row.subject_id, row.stream_version, row.actor, dict(row.data))


async def history(world: World, seed: int) -> Model:
    """Some of everything; and erasures of a user, a comment, and a vote that names the voter."""
    rng = random.Random(seed)
    numbers = [
        (rng.choice(ACTIONS), rng.randrange(30), rng.randrange(30), rng.randrange(30)) for _ in range(120)
    ]
    await play(world, numbers)
    user, paper = await world.sign_up("reader", "A name"), world.papers[0]
    summary = await world.publish(paper, user)
    comment, unnamed = await world.comment(summary.id, user), await world.publish(paper, user, anonymous=True)
    await world.vote(summary, user, VoteValue.DOWN)
    for subject in (user, comment.id, summary.id, unnamed.id, vote_id(b"secret", summary.id, user), uuid4()):
        erased = PayloadsErased(
            originator_id=uuid4(), originator_version=1, payload_ids=(uuid4(),), subject_id=subject
        )
        await world.append(erased, actor=user)
    return Model(await world.store.read(0, 10_000))


@pytest.mark.parametrize("seed", range(4))
async def test_each_viewer_sees_what_the_model_says(
    pool: asyncpg.Pool, store: PostgresStore, world: World, seed: int
) -> None:
    model = await history(world, seed)
    await project_all(pool, store)
    authors = {known.author for known in model.summaries.values()}
    for viewer in {None, *list(authors)[:4], world.users[-1]}:
        await _compare_lists(pool, model, viewer)
        await _compare_subjects(pool, model, viewer)


async def _compare_lists(pool: asyncpg.Pool, model: Model, viewer: UUID | None) -> None:
    in_lists = [(one, model.shown(one, viewer, by_address=False)) for one in model.log]
    known = [(one, model.shown(one, viewer, by_address=True)) for one in model.log]
    found = await event.events(pool, BEGINNING, ALL, viewer, CODEC)
    assert [told(row) for row in found.rows] == [shown for _, shown in in_lists if shown]
    papers = list({paper for one in model.log if (paper := model.paper(one.event))})
    of_papers = await event.events_of_papers(pool, papers, BEGINNING, ALL, viewer, CODEC)
    for paper, page in zip(papers, of_papers, strict=True):
        expected = [shown for one, shown in in_lists if shown and model.paper(one.event) == paper]
        assert [told(row) for row in page.rows] == expected
        filtered = await event.events(pool, BEGINNING, EventFilter(paper_id=paper), viewer, CODEC)
        assert filtered == page
    summaries = list(model.summaries)
    of_summaries = await event.events_of_summaries(pool, summaries, BEGINNING, ALL, viewer, CODEC)
    for summary, page in zip(summaries, of_summaries, strict=True):
        expected = [shown for one, shown in known if shown and model.summary(one.event) == summary]
        assert [told(row) for row in page.rows] == expected


async def _compare_subjects(pool: asyncpg.Pool, model: Model, viewer: UUID | None) -> None:
    """Each subject, as what it is; as anything else, and where it is a vote, there is nothing."""
    subjects = {subject for one in model.log if (subject := model.subject(one.event))}
    for subject in subjects:
        expected = [
            shown
            for one in model.log
            if model.subject(one.event) == subject and (shown := model.shown(one, viewer, by_address=True))
        ]
        found = []
        for kind in SUBJECTS.values():
            page = await event.events(pool, BEGINNING, EventFilter(subject=(kind, subject)), viewer, CODEC)
            assert {row.kind for row in page.rows} <= {kind}
            found += [told(row) for row in page.rows]
        assert found == expected


async def test_pages_and_filters(pool: asyncpg.Pool, store: PostgresStore, world: World) -> None:
    await history(world, 9)
    await project_all(pool, store)
    whole = (await event.events(pool, BEGINNING, ALL, None, CODEC)).rows
    types = ("SummaryPublished", "VoteCast")
    for first in (1, 7, 50, len(whole)):
        for wanted in (ALL, EventFilter(types=types)):

            async def read(page: Page, wanted: EventFilter = wanted) -> Slice[EventRow]:
                return await event.events(pool, page, wanted, None, CODEC)

            found = await every(read, lambda row: (row.position,), first)
            assert found == [row for row in whole if not wanted.types or row.type in types]
    summary = world.summaries[-2].id
    both = EventFilter(("VoteCast",), ("Summary", summary), world.papers[0])
    found = (await event.events(pool, BEGINNING, both, None, CODEC)).rows
    assert [row.type for row in found] == ["VoteCast"] * 2
    elsewhere = EventFilter(("VoteCast",), ("Summary", summary), uuid4())
    assert (await event.events(pool, BEGINNING, elsewhere, None, CODEC)).rows == []


async def test_erased_and_removed_texts_are_not_there(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    ada = await world.sign_up("ada", "Ada L.")
    summary = await world.publish(await world.register("k"), ada, "First.")
    await world.revise(summary, "Second.", "Why")
    comment = await world.comment(summary.id, ada, "Said.")
    await world.edit(comment, "Edited.")
    await project_all(pool, store)

    async def bodies() -> list[str | None]:
        rows = (await event.events(pool, BEGINNING, ALL, None, CODEC)).rows
        return [row.data["body"] for row in rows if "body" in row.data]

    assert await bodies() == ["First.", "Second.", "Said.", "Edited."]
    await world.redact(summary, 1)
    await world.remove(comment)
    await project_all(pool, store)
    assert await bodies() == [None, "Second.", None, None]
    await world.erase(ada)
    await project_all(pool, store)
    [signed_up] = (
        await event.events(pool, BEGINNING, EventFilter(types=("UserSignedUp",)), None, CODEC)
    ).rows
    assert signed_up.data == {"username": "ada", "display_name": None}
