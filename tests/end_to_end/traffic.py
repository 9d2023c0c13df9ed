"""Many people who write at once, whatever happens to the service, and note what they are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import httpx

from tests.end_to_end.client import Answer, Person, number, paper_fields
from tests.end_to_end.server import PATIENCE


@dataclass
class Request:
    """A mutation with its key; `topics` are the events that it leaves when it is accepted."""

    person: Person
    name: str
    given: dict[str, Any]
    topics: tuple[str, ...]
    tries: int = 0
    outcome: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return str(self.given["idempotencyKey"])

    @property
    def accepted(self) -> bool:
        return "position" in self.outcome

    @property
    def position(self) -> int:
        return number(self.outcome["position"])

    @property
    def subject(self) -> str:
        return str(self.outcome["thing"]["id"])


@dataclass
class Notes:
    """What all of them were told. `trouble` counts what they got instead of an answer."""

    answered: list[Request] = field(default_factory=list)
    trouble: Counter[str] = field(default_factory=Counter)
    summaries: list[str] = field(default_factory=list)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def accepted(self) -> list[Request]:
        return [request for request in self.answered if request.accepted]

    @property
    def refused(self) -> list[Request]:
        return [request for request in self.answered if not request.accepted]

    async def more(self, count: int) -> None:
        """Wait until so many more requests are answered."""
        wanted = len(self.answered) + count
        try:
            async with asyncio.timeout(PATIENCE):
                while len(self.answered) < wanted:
                    self.grown.clear()
                    await self.grown.wait()
        except TimeoutError:
            raise AssertionError(f"nothing is answered any more, but {dict(self.trouble)}") from None


class Writer:
    """One person who goes on writing. A request without an answer is sent again, with its key."""

    def __init__(self, person: Person, name: str, notes: Notes) -> None:
        self.person = person
        self.name = name
        self.notes = notes
        self.random = Random(name)
        self.count = 0
        self.own: list[Request] = []
        self.votes: dict[str, str] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Round after round until told to stop; every request that was begun gets its answer."""
        while not stop.is_set():
            paper = await self.write(
                "registerPaper", ("PaperRegistered",), fields=paper_fields(self.fresh("paper"))
            )
            paper_id = paper.subject
            summary = await self.publish(paper_id)
            await self.revise(summary.subject)
            await self.comment()
            await self.vote()
            await self.be_refused(paper_id, summary.subject)
            await self.ask_again()

    async def publish(self, paper_id: str) -> Request:
        topics = ("SummaryPublished", "VoteCast")
        summary = await self.write("publishSummary", topics, paperId=paper_id, body=self.fresh("A summary"))
        self.notes.summaries.append(summary.subject)
        self.votes[summary.subject] = "UP"  # with which it begins
        return summary

    async def revise(self, summary_id: str) -> None:
        given = {"summaryId": summary_id, "body": self.fresh("A revision"), "expectedRevision": 1}
        await self.write("reviseSummary", ("SummaryRevised",), **given)

    async def comment(self) -> None:
        subject = self.random.choice(self.notes.summaries)
        await self.write(
            "postComment", ("CommentPosted",), summaryId=subject, body=self.fresh("A comment with $x$")
        )

    async def vote(self) -> None:
        subject = self.random.choice(self.notes.summaries)
        value = "DOWN" if self.votes.get(subject) == "UP" else "UP"
        self.votes[subject] = value
        await self.write("castVote", ("VoteCast",), subjectId=subject, value=value)

    async def be_refused(self, paper_id: str, summary_id: str) -> None:
        body = self.fresh("Refused")
        await self.write("publishSummary", (), paperId=paper_id, body=body)
        await self.write("reviseSummary", (), summaryId=summary_id, body=body, expectedRevision=1)

    async def ask_again(self) -> None:
        """What was answered once is answered so for ever."""
        known = self.random.choice([request for request in self.own if request.accepted])
        again = Request(self.person, known.name, known.given, known.topics)
        await self.until_answered(again)
        assert again.outcome == known.outcome

    def fresh(self, text: str) -> str:
        """A text that nobody else writes."""
        self.count += 1
        return f"{text}-{self.name}-{self.count}"

    async def write(self, name: str, topics: tuple[str, ...], **given: Any) -> Request:
        request = Request(self.person, name, {**given, "idempotencyKey": self.fresh("key")}, topics)
        await self.until_answered(request)
        assert request.accepted == bool(topics), (request.given, request.outcome)
        self.own.append(request)
        self.notes.answered.append(request)
        self.notes.grown.set()
        return request

    async def until_answered(self, request: Request) -> None:
        async with asyncio.timeout(PATIENCE):
            while not request.outcome:
                request.tries += 1
                await self.send(request)

    async def send(self, request: Request) -> None:
        try:
            answer = await request.person.attempt(request.name, **request.given)
        except httpx.TransportError:
            self.notes.trouble["no answer"] += 1
            await asyncio.sleep(0.05)
            return
        if codes := _trouble(answer):
            self.notes.trouble.update(codes)
            await asyncio.sleep(0.05)
        else:
            request.outcome = answer.data["outcome"]


def _trouble(answer: Answer) -> Sequence[str]:
    """The codes of a request that failed for now."""
    assert answer.status in (200, 503), answer
    return answer.codes


@asynccontextmanager
async def traffic(url: str, notes: Notes, people: int = 8) -> AsyncIterator[list[Person]]:
    """So many people at work while the body runs; at its end each finishes what is begun."""
    stop = asyncio.Event()
    limits = httpx.Limits(max_connections=None)
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=limits) as http:
        signed_up = await asyncio.gather(*(Person(http).sign_up(f"person{n}") for n in range(people)))
        async with asyncio.TaskGroup() as group:
            for n, person in enumerate(signed_up):
                group.create_task(Writer(person, f"w{n}", notes).run(stop))
            yield list(signed_up)
            stop.set()
