"""The log against a model of a few lines: whatever is sent at once, cancelled, repeated or erased."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from service.database import connection_pool, connector
from service.domain.events import DomainEvent, PayloadsErased
from service.eventstore.memory import MemoryStore
from service.eventstore.model import (
    Append,
    Appended,
    Claim,
    ClaimTaken,
    CommandReused,
    EventStore,
    Recorded,
    StaleVersion,
)
from service.eventstore.postgres import PostgresStore
from service.eventstore.writer import Limits
from tests.eventstore.build import command, published, revised
from tests.postgres import fresh_database


@dataclass
class Log:
    """What the log should hold. `apply` is the whole of its rules."""

    versions: dict[UUID, int] = field(default_factory=dict)
    claims: dict[str, UUID] = field(default_factory=dict)
    commands: dict[UUID, Append] = field(default_factory=dict)
    erased: set[UUID] = field(default_factory=set)

    def apply(self, append: Append) -> object:
        """What the append should come to; the append that was recorded first, if it was."""
        if first := self.commands.get(append.command_id):
            return first if first.request_hash == append.request_hash else CommandReused
        firsts = {event.originator_id: event.originator_version for event in reversed(append.events)}
        if any(version != self.versions.get(stream, 0) + 1 for stream, version in firsts.items()):
            return StaleVersion
        if any(claim.key in self.claims for claim in append.takes) or any(
            self.claims.get(claim.key) != claim.owner for claim in append.releases
        ):
            return ClaimTaken
        self.versions.update({event.originator_id: event.originator_version for event in append.events})
        self.claims.update({claim.key: claim.owner for claim in append.takes})
        for claim in append.releases:
            del self.claims[claim.key]
        self.erased.update(append.erases)
        self.commands[append.command_id] = append
        return append


@dataclass(frozen=True)
class Plan:
    """One append of a group, in small numbers, which clash often."""

    command: int
    request: int
    streams: dict[int, tuple[int, int]]  # stream → how many events, how far from the right version
    claims: dict[str, tuple[bool, int]]  # key → taken or given back, by whom
    erases: set[int]
    cancelled: bool


PLANS = st.builds(
    Plan,
    command=st.integers(0, 30),
    request=st.sampled_from([0, 0, 0, 1]),
    streams=st.dictionaries(
        st.integers(0, 3), st.tuples(st.integers(1, 3), st.sampled_from([0, 0, 0, 0, 1, -1])), max_size=2
    ),
    claims=st.dictionaries(st.sampled_from("abc"), st.tuples(st.booleans(), st.integers(0, 2)), max_size=2),
    erases=st.just(set()) | st.sets(st.integers(0, 40), max_size=2),
    cancelled=st.sampled_from([False, False, False, True]),
)


def machine(store: EventStore, run: Callable[[Any], Any]) -> type[RuleBasedStateMachine]:
    """Machines that use one store one after the other, each with ids of its own."""

    class LogMachine(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.model = Log()
            self.base = run(store.head()).position
            self.mark = uuid4().hex
            self.ids: dict[object, UUID] = {}
            self.payloads: list[UUID] = []  # in the order of the log
            self.firsts: dict[UUID, Appended] = {}

        @rule(plans=st.lists(PLANS, min_size=1, max_size=6))
        def append_at_once(self, plans: list[Plan]) -> None:
            appends = [self.planned(plan) for plan in plans]
            cancelled = [plan.cancelled for plan in plans]
            # Who was cancelled asks again: same command, so after the first, and tells what became of it.
            retries = [append for append, gone in zip(appends, cancelled, strict=True) if gone]
            before = run(store.head()).position
            outcomes = run(at_once(store, appends + retries, cancelled + [False] * len(retries)))
            expected = [self.model.apply(append) for append in appends + retries]
            for append, outcome, verdict in zip(appends + retries, outcomes, expected, strict=True):
                self.check(append, outcome, verdict, before)
            self.check_log()

        @rule(plan=PLANS)
        def look_up(self, plan: Plan) -> None:
            append = self.planned(plan)
            first = self.model.commands.get(append.command_id)
            if first is None:
                assert run(store.outcome(append.command_id, b"")) is None
            elif first.request_hash != append.request_hash:
                with pytest.raises(CommandReused):
                    run(store.outcome(append.command_id, append.request_hash))
            else:
                self.check(append, run(store.outcome(append.command_id, append.request_hash)), first, 0)

        @rule(stream=st.integers(0, 3), contents=st.sampled_from(["all", "latest", "none"]))
        def load(self, stream: int, contents: Any) -> None:
            loaded = run(store.load(self.id("stream", stream), contents=contents))
            versions = [recorded.event.originator_version for recorded in loaded]
            assert versions == list(range(1, self.model.versions.get(self.id("stream", stream), 0) + 1))
            for number, recorded in enumerate(loaded, 1):
                wanted = contents == "all" or (contents == "latest" and number == len(loaded))
                self.check_body(recorded, wanted)

        def check(self, append: Append, outcome: object, verdict: object, before: int) -> None:
            if isinstance(verdict, Append):
                if outcome is None:  # cancelled
                    return
                assert isinstance(outcome, Appended)
                assert outcome.subject == verdict.subject
                first = self.firsts.setdefault(append.command_id, outcome)
                assert (outcome.position, outcome.recorded_at) == (first.position, first.recorded_at)
                assert outcome.position >= before or outcome.replayed
                return
            assert outcome is None or type(outcome) is verdict
            if isinstance(outcome, StaleVersion):
                assert outcome.stream_id in {event.originator_id for event in append.events}
            if isinstance(outcome, ClaimTaken):
                assert outcome.key in {claim.key for claim in append.takes + append.releases}

        def check_log(self) -> None:
            log = run(store.read(self.base, 10_000))
            assert [recorded.position for recorded in log] == list(
                range(self.base + 1, self.base + 1 + len(log))
            )
            assert run(store.head()).position == self.base + len(log)
            events = 0
            for key, append in self.model.commands.items():  # each append together, in its order
                end = self.firsts[key].position - self.base if key in self.firsts else None
                assert end is not None
                events += len(append.events)
                if append.events:
                    block = log[end - len(append.events) : end]
                    assert [stripped(recorded.event) for recorded in block] == [
                        stripped(event) for event in append.events
                    ]
            assert events == len(log)
            for recorded in log:
                self.check_body(recorded, wanted=True)
            self.payloads = [key for recorded in log for key in recorded.payloads.values()]
            keys = [self.mark + key for key in "abc"]
            assert run(store.owners(keys)) == self.model.claims

        def check_body(self, recorded: Recorded, wanted: bool) -> None:
            for name, payload_id in recorded.payloads.items():
                there = wanted and payload_id not in self.model.erased
                expected = body(recorded.event) if there else None
                assert getattr(recorded.event, name) == expected

        def id(self, kind: str, number: int) -> UUID:
            return self.ids.setdefault((kind, number), uuid4())

        def planned(self, plan: Plan) -> Append:
            events: list[DomainEvent] = []
            for number, (count, off) in plan.streams.items():
                stream = self.id("stream", number)
                first = max(1, self.model.versions.get(stream, 0) + 1 + off)
                events += [event(stream, version) for version in range(first, first + count)]
            erases = tuple(self.payloads[n] for n in sorted(plan.erases) if n < len(self.payloads))
            if erases:
                events.append(PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=erases))
            claims = {
                key: (take, Claim(self.mark + key, self.id("stream", owner)))
                for key, (take, owner) in plan.claims.items()
            }
            return command(
                *events,
                command_id=self.id("command", plan.command),
                request=bytes([plan.request]),
                takes=tuple(claim for take, claim in claims.values() if take),
                releases=tuple(claim for take, claim in claims.values() if not take),
                erases=erases,
            )

    return LogMachine


def body(event: DomainEvent) -> str:
    """The text that an event of this test had, whether it still has it or not."""
    return f"{event.originator_id} {event.originator_version}"


def event(stream: UUID, version: int) -> DomainEvent:
    text = f"{stream} {version}"
    return published(stream, text) if version == 1 else revised(stream, version, text)


def stripped(event: DomainEvent) -> tuple[str, UUID, int]:
    return type(event).__name__, event.originator_id, event.originator_version


async def at_once(store: EventStore, appends: list[Append], cancelled: list[bool]) -> list[object]:
    """Submit all in this order, cancel some callers, wait for the others: None for the cancelled."""
    tasks = [asyncio.create_task(store.append(append)) for append in appends]
    await asyncio.sleep(0)  # now each has been submitted
    for task, gone in zip(tasks, cancelled, strict=True):
        if gone:
            task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    return [None if isinstance(o, asyncio.CancelledError) else o for o in outcomes]


@asynccontextmanager
async def opened(kind: str, cluster: str, template: str) -> AsyncIterator[EventStore]:
    if kind == "memory":
        yield MemoryStore()
        return
    async with fresh_database(cluster, template) as dsn, connection_pool(dsn) as pool:
        limits = Limits(batch=4 if kind == "small batches" else 512)
        async with PostgresStore.open(pool, connector(dsn), limits=limits) as store:
            yield store


@contextmanager
def running(kind: str, cluster: str, template: str) -> Iterator[tuple[EventStore, Callable[[Any], Any]]]:
    """A store in a loop of its own, since Hypothesis is not asynchronous."""
    with asyncio.Runner() as runner:
        context = opened(kind, cluster, template)
        store = runner.run(context.__aenter__())
        try:
            yield store, runner.run
        finally:
            runner.run(context.__aexit__(None, None, None))


@pytest.mark.parametrize(("kind", "examples"), [("memory", 100), ("postgres", 40), ("small batches", 25)])
def test_the_log_is_as_the_model(kind: str, examples: int, cluster_dsn: str, migrated_template: str) -> None:
    with running(kind, cluster_dsn, migrated_template) as (store, run):
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            machine(store, run),
            settings=settings(
                max_examples=examples,
                stateful_step_count=12,
                suppress_health_check=list(HealthCheck),
            ),
        )
