"""A public file verifies, holds what everybody may see, and not a byte of the rest."""

import json
import os
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.commands.context import Context
from service.commands.paper import RegisterPaper, register_paper
from service.domain.events import (
    PayloadsErased,
    SummaryRetracted,
    SummaryVisibilitySet,
    Visibility,
    VoteValue,
)
from service.domain.ids import vote_id
from service.domain.paper import PaperFields
from service.eventstore.postgres import PostgresStore
from service.exports.checking import Event, checked
from service.exports.errors import Tampered
from service.exports.summary import NotPublic, NotSealed, summary_file
from tests.exports.exported import about, complete, key_of, lines, live, proved, public
from tests.projections.history import Thing, World
from tests.projections.projecting import project_all
from tests.projections.sealing import seal

OPERATIONS = (
    "publish", "publish", "revise", "show", "show", "retract", "comment", "comment", "edit", "remove", "vote",
    "vote_comment", "redact", "forget_author", "forget_all",
)  # fmt: skip
OPERATION = st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 40), st.integers(0, 40))


def text() -> str:
    """Like no other."""
    return f"Text ∑ {uuid4().hex}"


@dataclass
class Summary:
    """What the test knows of one, and decides by itself who may see it."""

    thing: Thing
    author: UUID  # of nothing else
    visibility: Visibility
    texts: list[str]
    was_listed: bool = False
    comments: list["Comment"] = field(default_factory=list)

    @property
    def listed(self) -> bool:
        return self.visibility is Visibility.PUBLIC and not self.thing.over

    @property
    def unlisted(self) -> bool:
        return self.visibility is Visibility.UNLISTED and not self.thing.over

    @property
    def actor(self) -> UUID | None:
        """As the log has it."""
        return None if self.thing.anonymous else self.author


@dataclass
class Comment:
    thing: Thing
    texts: list[str]


@dataclass
class Secrets:
    """A world with no text or person twice."""

    world: World
    summaries: list[Summary] = field(default_factory=list)
    nobody: list[UUID] = field(default_factory=list)  # ids that nobody may learn
    gone: list[str] = field(default_factory=list)

    async def act(self, name: str, i: int, k: int) -> None:
        if name == "publish" or not self.summaries:
            return await self._publish(list(Visibility)[k % 3], anonymous=i % 2 == 0)
        one = self.summaries[i % len(self.summaries)]
        comments = [comment for comment in one.comments if not comment.thing.over]
        comment = comments[k % len(comments)] if comments else None
        voter = uuid4()
        match name:
            case "revise" if not one.thing.over:
                one.texts += [text(), text()]
                await self.world.revise(one.thing, *one.texts[-2:])
            case "show" if not one.thing.over:
                await self._show(one, list(Visibility)[k % 3])
            case "retract" if not one.thing.over:
                await self._retract(one)
            case "comment":
                words = text()
                thing = await self.world.comment(one.thing.id, self.world.users[0], words)
                one.comments.append(Comment(thing, [words]))
            case "edit" if comment:
                comment.texts.append(text())
                await self.world.edit(comment.thing, comment.texts[-1])
            case "remove" if comment:
                await self.world.remove(comment.thing)
            case "vote" | "vote_comment":
                self.nobody.append(voter)
                subject = comment.thing if comment and name == "vote_comment" else one.thing
                await self.world.vote(subject, voter, VoteValue.UP)
                self.nobody.append(vote_id(b"secret", subject.id, voter))
            case "redact" if one.thing.texts[0] is not None:
                self.gone.append(one.thing.texts[0])
                await self.world.redact(one.thing, 1, None)
            case "forget_author":
                await self._forget_author(one.thing)
            case "forget_all":
                self.gone += one.texts
                one.thing.texts = [None] * len(one.thing.texts)
                await self.world.erase(one.thing.id)
        return None

    async def _publish(self, visibility: Visibility, anonymous: bool) -> None:
        author = uuid4()
        if anonymous:
            self.nobody.append(author)
        body = text()
        thing = await self.world.publish(self.world.papers[0], author, body, visibility, anonymous=anonymous)
        listed = visibility is Visibility.PUBLIC
        self.summaries.append(Summary(thing, author, visibility, [body], was_listed=listed))

    async def _show(self, one: Summary, visibility: Visibility) -> None:
        one.visibility, one.thing.version = visibility, one.thing.version + 1
        one.was_listed |= one.listed
        event = SummaryVisibilitySet(
            originator_id=one.thing.id, originator_version=one.thing.version, visibility=visibility
        )
        await self.world.append(event, actor=one.actor)

    async def _retract(self, one: Summary) -> None:
        one.texts.append(text())
        one.thing.over, one.thing.version = True, one.thing.version + 1
        await self.world.append(
            SummaryRetracted(
                originator_id=one.thing.id, originator_version=one.thing.version, reason=one.texts[-1]
            ),
            actor=one.actor,
        )

    async def _forget_author(self, thing: Thing) -> None:
        """Who wrote it is erased by whoever did, whose name must not stand beside it."""
        [first, *_] = await self.world.store.load(thing.id, contents="all")
        payload = first.payloads.get("anonymous_author_id")
        if payload and first.event.anonymous_author_id:  # type: ignore[attr-defined]
            event = PayloadsErased(
                originator_id=uuid4(),
                originator_version=1,
                payload_ids=(payload,),
                subject_id=first.event.anonymous_author_id,  # type: ignore[attr-defined]
            )
            actor = first.event.anonymous_author_id  # type: ignore[attr-defined]
            await self.world.append(event, actor=actor, erases=(payload,))

    def hidden_texts(self) -> list[str]:
        hidden = list(self.gone)
        for one in self.summaries:
            if not one.listed:
                hidden += one.texts
            for comment in one.comments:
                if comment.thing.over or not one.listed:
                    hidden += comment.texts
        return hidden

    def shown_texts(self) -> list[str]:
        shown = [words for one in self.summaries if one.listed for words in one.texts]
        for one in self.summaries:
            if one.listed:
                shown += [words for c in one.comments if not c.thing.over for words in c.texts]
        return sorted(set(shown) - set(self.gone))

    def hidden_ids(self) -> list[UUID]:
        """Who voted is among them, which votes are one person's, and who wrote what is not listed."""
        hidden = list(self.nobody)
        for one in self.summaries:
            if one.unlisted or not one.was_listed:
                hidden.append(one.thing.id)
            if not one.listed:
                hidden += [one.author, *(comment.thing.id for comment in one.comments)]
        return hidden


@pytest.fixture
async def secrets(world: World) -> Secrets:
    await world.sign_up("ada", "Ada")
    await world.register("x/y")
    return Secrets(world)


A_LIFE = [
    ("publish", 0, 0), ("publish", 1, 0), ("comment", 0, 0), ("edit", 0, 0), ("vote_comment", 0, 0),
    ("comment", 0, 0), ("remove", 0, 0), ("revise", 1, 0), ("forget_author", 0, 0), ("comment", 1, 0),
    ("show", 1, 1), ("redact", 0, 0), ("revise", 0, 0), ("publish", 3, 0), ("retract", 2, 0),
    ("publish", 1, 0), ("show", 3, 2),
]  # fmt: skip


@example(operations=A_LIFE)
@settings(max_examples=20)
@given(operations=st.lists(OPERATION, min_size=1, max_size=30))
async def test_not_a_byte_of_what_is_hidden(
    pool: asyncpg.Pool,
    store: PostgresStore,
    secrets: Secrets,
    conn: asyncpg.Connection,
    operations: list[tuple[str, int, int]],
) -> None:
    for operation in operations:
        await secrets.act(*operation)
    await project_all(pool, store)
    await seal(pool, store)
    data = await public(conn)
    for words in secrets.hidden_texts():
        assert words.encode() not in data
    for one in secrets.hidden_ids():
        assert str(one).encode() not in data
        assert one.hex.encode() not in data
    for words in secrets.shown_texts():
        assert words.encode() in data
    held = proved(data, await key_of(store))
    assert held.events == held.covered == (await store.head()).position

    for summary in secrets.summaries:
        if summary.listed:
            part = await about(conn, summary.thing.id)
            for line in lines(part)[2:-1]:  # the same, and a proof
                assert line.split(b',"proof":')[0] in data
            assert proved(part, await key_of(store)).events == len(lines(part)) - 3
        else:
            with pytest.raises(NotPublic):
                await about(conn, summary.thing.id)


async def test_the_operators_file_does_hold_it(
    pool: asyncpg.Pool, store: PostgresStore, secrets: Secrets, conn: asyncpg.Connection
) -> None:
    """So that the search above can find something."""
    for i, name in enumerate(OPERATIONS[:12]):
        await secrets.act(name, i, i + 1)
    data = await complete(conn)
    assert secrets.hidden_texts()
    assert all(words.encode() in data for words in secrets.hidden_texts())
    assert all(one.hex.encode() in data or str(one).encode() in data for one in secrets.hidden_ids())
    assert (await pool.fetchval("SELECT secret FROM installation")).hex().encode() in data


async def test_followers_hear_that_something_was_withdrawn(
    pool: asyncpg.Pool, store: PostgresStore, secrets: Secrets, conn: asyncpg.Connection
) -> None:
    """While nobody may read it. Who withdrew it, to whom it is shown instead, and why: not told."""
    for operation in (("publish", 1, 0), ("publish", 1, 0), ("publish", 0, 0), ("publish", 1, 0)):
        await secrets.act(*operation)
    private, retracted, anonymous, unlisted = secrets.summaries
    await secrets.act("show", 0, 1)
    await secrets.act("show", 0, 2)
    await secrets.act("retract", 1, 0)
    await secrets.act("show", 2, 2)
    await secrets.act("show", 3, 2)
    await secrets.act("show", 3, 0)
    await secrets.act("show", 3, 1)
    assert [private.visibility, anonymous.visibility] == [Visibility.PRIVATE] * 2
    assert unlisted.unlisted
    await project_all(pool, store)
    data = await public(conn)
    told = [json.loads(line)["told"] for line in lines(data) if b'"told"' in line]
    assert [(one.pop("type"), one.pop("stream"), bool(one.pop("recordedAt"))) for one in told] == [
        ("SummaryVisibilitySet", str(private.thing.id), True),
        ("SummaryVisibilitySet", str(private.thing.id), True),
        ("SummaryRetracted", str(retracted.thing.id), True),
        ("SummaryVisibilitySet", str(anonymous.thing.id), True),
    ]
    assert told == [{"withdrawn": True}] * 4
    assert str(unlisted.thing.id).encode() not in data
    assert proved(data).told == 4
    shown = [item.entry.type for item in checked(lines(data)) if isinstance(item, Event)]
    assert shown == ["UserSignedUp", "PaperRegistered"]


async def test_who_registered_a_paper_is_not_told(
    pool: asyncpg.Pool, store: PostgresStore, conn: asyncpg.Connection
) -> None:
    """They may be who then writes about it anonymously. What the paper is, everybody may know."""
    ada = uuid4()
    fields = PaperFields(title="On x", authors=("Ada",), bibtex_key="x/y")
    ctx = Context(store, b"secret", lambda: datetime.now(UTC), os.urandom, ada)
    paper = (await register_paper(ctx, RegisterPaper(fields))).id
    await project_all(pool, store)
    data = await public(conn)
    assert str(ada).encode() not in data
    told = json.loads(lines(data)[1])["told"]
    assert (told["type"], told["stream"], told["data"]["title"]) == ("PaperRegistered", str(paper), "On x")
    event_id = await pool.fetchval("SELECT event_id FROM events")
    assert str(event_id).encode() not in data
    assert proved(data).told == 1
    with pytest.raises(Tampered):
        proved(data.replace(b"On x", b"On z"))


async def test_an_erasure_does_not_connect_a_person_with_an_anonymous_text(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    """Erasing all of a person's in one event names their profile beside their anonymous text."""
    ada = await world.sign_up("ada", "Ada")
    summary = await world.publish(await world.register("x/y"), ada, "A text", anonymous=True, vote=False)
    [profile] = await store.load(ada, contents="none")
    [published] = await store.load(summary.id, contents="none")
    author = published.payloads["anonymous_author_id"]
    await world.erase_payloads(profile.payloads["display_name"], author)
    await world.erase_payloads(published.payloads["body"])
    await project_all(pool, store)
    shown = [item.entry for item in checked(lines(await public(conn))) if isinstance(item, Event)]
    assert [one.position for one in shown] == [1, 2, 3, 5]
    assert proved(await public(conn)).absent == 3


async def test_what_a_summary_file_needs(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    await live(pool, store, world)
    with pytest.raises(NotPublic):
        await about(conn, uuid4())
    listed = await pool.fetchval("SELECT summary_id FROM read.summary WHERE listed LIMIT 1")
    packed = b"".join([block async for block in summary_file(pool, listed)])
    assert zlib.decompress(packed, 31) == await about(conn, listed)


async def test_nothing_is_proved_before_it_is_signed(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    summary = await world.publish(await world.register("x/y"), uuid4())
    await project_all(pool, store)
    with pytest.raises(NotSealed):
        await about(conn, summary.id)
