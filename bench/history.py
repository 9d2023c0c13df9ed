"""Appends like those of real use, the same ones in every run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import resources
from itertools import cycle, islice
from uuid import UUID

from service.domain.events import (
    CommentPosted,
    DomainEvent,
    PaperRegistered,
    SubjectKind,
    SummaryPublished,
    SummaryRevised,
    UserSignedUp,
    Visibility,
    VoteCast,
    VoteValue,
    VoteWithdrawn,
)
from service.domain.ids import vote_id
from service.eventstore.model import Append, Claim

SUMMARY_CHARACTERS = 4_000
COMMENT_CHARACTERS = 400
SECRET = b"bench"
MIX = "100 events: 60 votes, 20 comments of 0.4 KB, 6 summaries and 4 revisions of 4 KB, 6 papers, 4 users"
WEIGHTS = {"vote": 54, "comment": 20, "summary": 6, "revision": 4, "paper": 6, "user": 4}  # publishing votes


def texts(characters: int) -> list[str]:
    """The sample summaries, put together or cut to this length: Markdown and formulas as people write."""
    folder = resources.files("service.samples") / "texts"
    bodies = [file.read_text("utf-8") for file in sorted(folder.iterdir(), key=lambda file: file.name)]
    return ["\n\n".join(islice(cycle(bodies), i, i + 4))[:characters] for i in range(len(bodies))]


def small(numbers: random.Random) -> Append:
    """One small event in a new stream."""
    event = VoteWithdrawn(
        originator_id=new_id(numbers),
        originator_version=1,
        subject_id=new_id(numbers),
        subject_kind=SubjectKind.SUMMARY,
    )
    return Append(new_id(numbers), b"\0" * 32, event.originator_id, (event,))


def publishing(numbers: random.Random, author: UUID, paper: UUID, body: str) -> Append:
    """What publishing a summary appends: the summary, its author's vote and the claim on their place."""
    summary = new_id(numbers)
    published = SummaryPublished(
        originator_id=summary,
        originator_version=1,
        paper_id=paper,
        author_id=author,
        visibility=Visibility.PUBLIC,
        body=body,
    )
    claim = Claim(f"summary:{author}:{paper}", summary)
    return _append(numbers, author, published, _vote(summary, author, VoteValue.UP), takes=(claim,))


def new_id(numbers: random.Random) -> UUID:
    return UUID(int=numbers.getrandbits(128), version=4)


def history(events: int) -> Iterator[Append]:
    """Appends of at least this many events in the proportions of MIX, each after what it is about."""
    world = _World(random.Random(7))
    made = 0
    for kind in ["user", "paper", "summary", *world.kinds(events)]:
        if made >= events:
            return
        append = getattr(world, kind)()
        made += len(append.events)
        yield append


@dataclass
class _World:
    numbers: random.Random
    users: list[UUID] = field(default_factory=list)
    papers: list[UUID] = field(default_factory=list)
    summaries: list[UUID] = field(default_factory=list)
    places: set[str] = field(default_factory=set)
    versions: dict[UUID, int] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=lambda: texts(SUMMARY_CHARACTERS))
    remarks: list[str] = field(default_factory=lambda: texts(COMMENT_CHARACTERS))

    def kinds(self, count: int) -> list[str]:
        return self.numbers.choices(list(WEIGHTS), list(WEIGHTS.values()), k=count)

    def user(self) -> Append:
        user = new_id(self.numbers)
        self.users.append(user)
        name = f"user{len(self.users)}"
        event = UserSignedUp(
            originator_id=user, originator_version=1, username=name, display_name="A. Person"
        )
        return _append(self.numbers, user, event, takes=(Claim(f"username:{name}", user),))

    def paper(self) -> Append:
        paper = new_id(self.numbers)
        self.papers.append(paper)
        event = PaperRegistered(
            originator_id=paper,
            originator_version=1,
            bibtex_key=f"conf/bench/{len(self.papers)}",
            title="On the Measurement of Logs and What Is Projected from Them",
            authors=("Ada Lovelace", "Charles Babbage", "Luigi Menabrea"),
            abstract=self.bodies[0][:1_000],
            year=2024,
        )
        return _append(self.numbers, self._someone(), event)

    def summary(self) -> Append:
        body, paper = self._unlike(self.numbers.choice(self.bodies)), self.numbers.choice(self.papers)
        append = publishing(self.numbers, self._someone(), paper, body)
        if append.takes[0].key in self.places:  # one summary per user and paper: register another paper
            return self.paper()
        self.places.add(append.takes[0].key)
        self.versions[append.subject] = 1
        self.summaries.append(append.subject)
        return append

    def revision(self) -> Append:
        summary = self.numbers.choice(self.summaries)
        self.versions[summary] += 1
        event = SummaryRevised(
            originator_id=summary,
            originator_version=self.versions[summary],
            revision=self.versions[summary],
            body=self._unlike(self.numbers.choice(self.bodies)),
            note="clearer",
        )
        return _append(self.numbers, self._someone(), event)

    def comment(self) -> Append:
        author = self._someone()
        event = CommentPosted(
            originator_id=new_id(self.numbers),
            originator_version=1,
            summary_id=self.numbers.choice(self.summaries),
            author_id=author,
            on_revision=1,
            body=self._unlike(self.numbers.choice(self.remarks)),
        )
        return _append(self.numbers, author, event)

    def vote(self) -> Append:
        voter, value = new_id(self.numbers), self.numbers.choice([VoteValue.UP, VoteValue.UP, VoteValue.DOWN])
        return _append(self.numbers, voter, _vote(self.numbers.choice(self.summaries), voter, value))

    def _someone(self) -> UUID:
        return self.numbers.choice(self.users)

    def _unlike(self, body: str) -> str:
        return f"{self.numbers.getrandbits(32)} {body}"


def _vote(subject: UUID, voter: UUID, value: VoteValue) -> VoteCast:
    return VoteCast(
        originator_id=vote_id(SECRET, subject, voter),
        originator_version=1,
        subject_id=subject,
        subject_kind=SubjectKind.SUMMARY,
        value=value,
        voter_id=voter,
    )


def _append(
    numbers: random.Random, actor: UUID, *events: DomainEvent, takes: tuple[Claim, ...] = ()
) -> Append:
    return Append(new_id(numbers), b"\0" * 32, events[0].originator_id, events, takes, actor=actor)
