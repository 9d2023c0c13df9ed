"""What votes came to: by revision, and over time. Never whose they were."""

import random
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from schema.ids import NodeId
from schema.scalars import written_date_time
from service.domain.events import Revising, VoteCast, VoteValue, VoteWithdrawn, revision_of
from service.domain.ids import vote_id
from service.eventstore.model import Recorded
from tests.projections.history import Thing, World
from tests.schema.people import Api

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
SCORES = """
query ($id: ID!, $asOf: DateTime, $interval: CalendarInterval! = DAY, $last: Int! = 100) {
  summary(id: $id, asOf: $asOf) {
    revisionNumber scoreByRevision { revisionNumber up down }
    score { net up down overTime(interval: $interval, last: $last) { until up down net } }
    comments { nodes { id score { up down overTime(interval: $interval) { until up down net } } } }
  }
}
"""


async def scores(api: Api, thing: Thing, as_of: datetime | None = None, **more: Any) -> Any:
    asked = {"id": str(NodeId("Summary", thing.id)), **more}
    time = {} if as_of is None else {"asOf": written_date_time(as_of)}
    return (await api.read(SCORES, **asked, **time))["summary"]


async def made(api: Api, seed: int, days: int) -> tuple[World, Thing, Thing]:
    """A summary and a comment on it, revised and voted on over some days."""
    rng, world = random.Random(seed), World(api.tools.store)
    users = [await world.sign_up(f"user{n}") for n in range(6)]
    summary = await world.publish(await world.register("k"), users[0], at=MONDAY)
    comment = await world.comment(summary.id, users[1], at=MONDAY + timedelta(hours=1))
    at = MONDAY + timedelta(hours=2)
    for number in range(60):
        at += timedelta(seconds=rng.randrange(2 * days * 86_400 // 60))
        subject, user = rng.choice((summary, comment)), rng.choice(users)
        action = rng.random()
        if action < 0.15:
            await world.revise(summary, f"Text {number}", at=at)
        elif action < 0.85:
            await world.vote(subject, user, rng.choice(list(VoteValue)), at)
        elif world.votes.get(vote_id(b"secret", subject.id, user), (0, False))[1]:
            await world.withdraw(subject, user, at)
    await api.tools.progress.wait_for(world.position, 20)
    return world, summary, comment


class Model:
    """What the log says of votes up to a time."""

    def __init__(self, log: Sequence[Recorded], as_of: datetime | None = None) -> None:
        self.log = [one for one in log if as_of is None or one.occurred_at <= as_of]

    def over_time(self, subject: UUID, interval: str) -> list[dict[str, Any]]:
        """The sums at the end of each interval that changed them."""
        steps: list[dict[str, Any]] = []
        for until in sorted({ends(one.occurred_at, interval) for one in self.log}):
            past = Model([one for one in self.log if one.occurred_at < until])
            values = Counter(value for value, _ in past.in_force(subject).values())
            sums = {"up": values[VoteValue.UP], "down": values[VoteValue.DOWN]}
            before = {"up": steps[-1]["up"], "down": steps[-1]["down"]} if steps else {"up": 0, "down": 0}
            if sums != before:
                net = sums["up"] - sums["down"]
                steps.append({"until": written_date_time(until), **sums, "net": net})
        return steps

    def by_revision(self, summary: UUID) -> list[dict[str, int]]:
        made = [revision_of(one.event) for one in self.log if isinstance(one.event, Revising)]
        votes = Counter((revision, value) for value, revision in self.in_force(summary).values())
        return [
            {"revisionNumber": n, "up": votes[n, VoteValue.UP], "down": votes[n, VoteValue.DOWN]}
            for n in made
        ]

    def in_force(self, subject: UUID) -> dict[UUID, tuple[VoteValue, int]]:
        """By vote, what it says, and the revision that was the current one when it was cast."""
        votes, current = {}, 0
        for one in self.log:
            match one.event:
                case VoteCast() as vote if vote.subject_id == subject:
                    votes[vote.originator_id] = (vote.value, current)
                case VoteWithdrawn() as vote:
                    votes.pop(vote.originator_id, None)
                case event if isinstance(event, Revising):
                    current = revision_of(event)
        return votes


def ends(at: datetime, interval: str) -> datetime:
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    match interval:
        case "DAY":
            return day + timedelta(days=1)
        case "WEEK":
            return day + timedelta(days=7 - day.weekday())
        case "MONTH":
            return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return day.replace(year=day.year + 1, month=1, day=1)


@pytest.mark.parametrize("seed", range(3))
async def test_sums_are_those_of_the_log_now_and_then(api: Api, seed: int) -> None:
    world, summary, comment = await made(api, seed, days=40)
    log = await world.store.read(0, 1_000)
    times = [log[0].recorded_at, *(one.occurred_at for one in log[8::9])]
    for as_of in (None, *(time for time in times if time > MONDAY + timedelta(hours=1))):
        model, shown = Model(log, as_of), await scores(api, summary, as_of)
        assert shown["scoreByRevision"] == model.by_revision(summary.id)
        for kind in ("up", "down"):
            assert sum(one[kind] for one in shown["scoreByRevision"]) == shown["score"][kind]
        [said] = shown["comments"]["nodes"]
        for found, subject in ((shown["score"], summary), (said["score"], comment)):
            assert found["overTime"][-1:] == [] or found["overTime"][-1]["up"] == found["up"]
            expected = model.over_time(subject.id, "DAY")
            if as_of and expected:
                expected[-1]["until"] = min(expected[-1]["until"], written_date_time(as_of))
            assert found["overTime"] == expected


@pytest.mark.parametrize("interval", ["DAY", "WEEK", "MONTH", "YEAR"])
async def test_intervals_of_the_calendar(api: Api, interval: str) -> None:
    world, summary, _ = await made(api, 7, days=500)
    expected = Model(await world.store.read(0, 1_000)).over_time(summary.id, interval)
    assert (await scores(api, summary, interval=interval))["score"]["overTime"] == expected
    for last in (0, 1, 2):
        found = (await scores(api, summary, interval=interval, last=last))["score"]["overTime"]
        assert found == (expected[-last:] if last else [])


async def test_votes_that_were_cast_and_withdrawn_on_a_day_are_not_told(api: Api) -> None:
    world = World(api.tools.store)
    ada, bob = await world.sign_up("ada"), await world.sign_up("bob")
    summary = await world.publish(await world.register("k"), ada, at=MONDAY)
    noon = MONDAY + timedelta(days=3, hours=12)
    await world.vote(summary, bob, VoteValue.DOWN, noon)
    await world.withdraw(summary, bob, noon + timedelta(hours=1))
    await api.tools.progress.wait_for(world.position, 20)
    shown = await scores(api, summary)
    first = {"until": written_date_time(MONDAY + timedelta(days=1)), "up": 1, "down": 0, "net": 1}
    assert shown["score"]["overTime"] == [first]
    assert shown["scoreByRevision"] == [{"revisionNumber": 1, "up": 1, "down": 0}]


async def test_too_many_steps(api: Api) -> None:
    ada = await api.person("ada")
    summary = await ada.summary(await ada.paper("k"))
    for last in (-1, 101):
        error = await api.refused(SCORES, id=summary, last=last)
        assert error["extensions"] == {"code": "INVALID", "argument": "last", "limit": 100, "amount": last}
