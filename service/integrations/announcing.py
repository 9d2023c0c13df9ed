"""Announces new summaries on networks, each once. See docs/announcing.md."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID, uuid5

import asyncpg
import structlog

from projections.reading import Reader
from projections.summary import summaries_by_id
from projections.writing import Writer
from service.integrations import announcements, targets
from service.integrations.announcements import Known
from service.integrations.announcing_reader import announcement_of, last_public
from service.integrations.networks import Network, Posted, Unclear
from service.integrations.outbox import (
    TRY_SECONDS,
    Delivered,
    Delivery,
    GiveUp,
    Happened,
    Outcome,
    Planned,
    Refused,
    Retry,
    Skip,
    Wait,
)
from service.integrations.wording import Announcement

log = structlog.get_logger()

NEWS = timedelta(days=7)  # what became public before is none


@dataclass(frozen=True, slots=True)
class Rules:
    """When something is announced.

    Units:  quiet is how long a summary has to be public; per_hour is for one network.
    """

    quiet: timedelta
    min_score: int
    per_hour: int


class Announcer:
    """The channel of a network: its one target is the account.

    Each try is noted before it is made, in one place, and one of which nobody knows how it ended is the
    last: a summary may be missing on a network, and is never there twice.

    Source: read.event, read.summary and what belongs to it; outwards.announcers, outwards.announcements.
    """

    ordered = True
    seconds = TRY_SECONDS
    dropped_after = None

    def __init__(
        self,
        pool: asyncpg.Pool,
        network: Network,
        rules: Rules,
        clock: Callable[[], datetime],
        base_url: str,
    ) -> None:
        self._pool = pool
        self._network = network
        self._rules = rules
        self._clock = clock
        self._base_url = base_url
        self.name = network.name
        self.target = uuid5(UUID(int=0), f"announce {network.name}")

    async def start(self) -> None:
        """Before anything is planned. The first time begins at the head; later ones where it stopped."""
        async with self._pool.acquire() as conn, conn.transaction():
            await announcements.switch_on(conn, self.name, self._clock())
            await targets.enable(conn, self.name, self.target)

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        """What became public, after the quiet time. Imported history is no news."""
        news = {one.position: one.summary_id for one in events if one.publishes and _is_news(one)}
        if not news or (only is not None and self.target not in only):
            return []
        since = await announcements.since(conn, self.name)
        known = await announcements.announced(conn, self.name, [one for one in news.values() if one])
        return [
            Planned(self.target, one.position, one.summary_id, one.recorded_at + self._rules.quiet)
            for one in events
            if one.position in news and one.position > since and one.summary_id not in known
        ]

    async def send(self, delivery: Delivery) -> Outcome:
        if delivery.subject_id is None:
            raise ValueError("an announcement is of a summary")
        now = self._clock()
        async with self._pool.acquire() as conn, conn.transaction():
            known = await announcements.known(conn, self.name, delivery.subject_id)
            if known is not None:
                return self._known(known, delivery)
            said = await self._announcement(conn, delivery, delivery.subject_id, now)
            if not isinstance(said, Announcement):
                return said
            begun = await announcements.begin(
                conn, self.name, delivery.subject_id, delivery.delivery_id, now, self._rules.per_hour
            )
        if begun is not None:
            why = f"{self._rules.per_hour} within an hour are enough."
            return Wait(why, max((begun - now).total_seconds(), 1.0))
        return await self._post(delivery, said)

    async def _announcement(
        self, conn: Reader, delivery: Delivery, summary_id: UUID, now: datetime
    ) -> Announcement | Skip | Wait:
        """What is to be told, as it is now; or why nothing, or not yet."""
        public = await last_public(conn, summary_id)
        if public is None or public[0] != delivery.position:
            return Skip("It became public again later.")
        if now < (due := public[1] + self._rules.quiet):
            return Wait("It has not been public for long enough.", (due - now).total_seconds())
        if now - public[1] > NEWS + self._rules.quiet:
            return Skip("It is no news any more.")
        [row] = await summaries_by_id(conn, [summary_id], None)
        if row is None or not row.listed:
            return Skip("It is not listed any more.")
        if row.net < self._rules.min_score:
            return Skip(f"Its score is {row.net}.")
        said = await announcement_of(conn, row, self._base_url)
        return said or Skip("Its text was erased.")

    def _known(self, known: Known, delivery: Delivery) -> Skip | Refused:
        if known.outcome is not None:
            return Skip(f"It was {known.outcome} before.")
        if known.delivery_id != delivery.delivery_id:
            return Skip("Nobody knows whether it was posted before.")
        return self._unclear(Unclear("an earlier try did not come to its end"), delivery)

    async def _post(self, delivery: Delivery, said: Announcement) -> Outcome:
        """Post what is noted, and note how it ended; the note stays when that is not known."""
        posted = await self._network.post(said)
        await self._note(delivery, posted)
        match posted:
            case Unclear():
                return self._unclear(posted, delivery)
            case GiveUp(why):
                log.error("announcing stopped", network=self.name, error=why)
        return posted

    async def _note(self, delivery: Delivery, posted: Posted) -> None:
        key = delivery.delivery_id
        match posted:
            case Delivered(_, post):
                await announcements.end(self._pool, self.name, key, "posted", post, None)
            case Refused(why):
                await announcements.end(self._pool, self.name, key, "refused", None, why)
            case Unclear(why):
                await announcements.end(self._pool, self.name, key, None, None, why)
            case Retry() | GiveUp():
                await announcements.take_back(self._pool, self.name, key)
            case _:
                assert_never(posted)

    def _unclear(self, posted: Unclear, delivery: Delivery) -> Refused:
        log.warning(
            "it is not known whether a summary was announced: look there",
            network=self.name,
            summary=str(delivery.subject_id),
            error=posted.why,
        )
        return Refused(f"Nobody knows whether it is there: {posted.why}", posted.status)


def _is_news(event: Happened) -> bool:
    return event.claimed_at is None or event.recorded_at - event.claimed_at < NEWS
