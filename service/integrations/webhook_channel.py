"""Sends events to webhooks, signed as Standard Webhooks says."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from standardwebhooks.webhooks import Webhook

from projections.event import shown_if
from projections.event_fields import OF_EVERYBODY
from projections.reading import Reader
from projections.writing import Writer
from service.integrations.backoff import seconds_asked
from service.integrations.outbox import (
    TRY_SECONDS,
    Delivered,
    Delivery,
    GiveUp,
    Happened,
    Outcome,
    Planned,
    Retry,
    Skip,
    Wait,
)
from service.integrations.posting import Answer, NotSent, NotTried, Poster
from service.integrations.webhook_secrets import with_secrets
from service.integrations.webhooks import (
    CHANNEL,
    PUBLISHED,
    WITHDRAWN,
    WebhookRow,
    message_id,
    written,
)

Describe = Callable[[Reader, WebhookRow, Delivery], Awaitable[Mapping[str, Any] | None]]
"""(conn, webhook, delivery): the message; None when the owner may not see it any more."""

SHARE = 5  # one connection in so many of the pool reads, at once
GONE = 410
ASKED_TO_WAIT = (429, 503)


class Webhooks:
    """The channel of webhooks: their targets are made when they are created."""

    name = CHANNEL
    ordered = True
    seconds = TRY_SECONDS
    dropped_after = None

    def __init__(
        self, pool: asyncpg.Pool, describe: Describe, poster: Poster, clock: Callable[[], datetime]
    ) -> None:
        self._pool = pool
        self._describe = describe
        self._poster = poster
        self._clock = clock
        self._reading = asyncio.Semaphore(max(1, pool.get_max_size() // SHARE))

    async def plan(
        self, conn: Writer, events: Sequence[Happened], only: Collection[UUID] | None
    ) -> Sequence[Planned]:
        """What each webhook wants of it and its owner may see; the webhooks stay until the commit."""
        records = await conn.fetch(
            _PLAN,
            events[0].position,
            events[-1].position,
            None if only is None else list(only),
            OF_EVERYBODY,
            PUBLISHED,
            WITHDRAWN,
        )
        return [_planned(one) for one in records]

    async def send(self, delivery: Delivery) -> Outcome:
        async with self._reading, self._pool.acquire() as conn:
            found = await with_secrets(conn, delivery.target, self._clock())
            if found is None:
                return Skip("The webhook is deleted.")
            webhook, secrets = found
            message = await self._describe(conn, webhook, delivery)
        if message is None:
            return Skip("It may not be seen any more.")
        try:
            answer = await send(
                self._poster, webhook.url, message_id(delivery.delivery_id), message, secrets, self._clock()
            )
        except NotTried as error:
            return Wait(str(error))
        except NotSent as error:
            return Retry(str(error))
        return outcome_of(answer, self._clock())


def _planned(record: Any) -> Planned:
    target, position, subject_id = record["webhook_id"], record["position"], record["subject_id"]
    return Planned(target, position, subject_id, by_address=record["by_address"])


# The owner's rights are looked at here, so that nobody is told even that there was something.
_PLAN = f"""
SELECT w.webhook_id, e.position, e.subject_id, w.subject_id IS NOT NULL AS by_address
  FROM read.event e
  LEFT JOIN read.summary s ON s.summary_id = e.summary_id
  LEFT JOIN read.paper p ON p.paper_id = e.paper_id
  LEFT JOIN read."user" a ON a.user_id = s.author_id AND NOT s.anonymous
  JOIN outwards.webhooks w
    ON e.position > w.since
   AND ($3::uuid[] IS NULL OR w.webhook_id = ANY($3::uuid[]))
   AND (w.types IS NULL OR e.type = ANY(w.types)
        OR e.publishes AND $5::text = ANY(w.types) OR e.withdraws AND $6::text = ANY(w.types))
   AND (w.subject_id IS NULL OR e.subject_id = w.subject_id)
   AND (w.paper_ids IS NULL OR e.paper_id = ANY(w.paper_ids))
   AND (w.venue_key IS NULL OR p.venue_key = w.venue_key)
   AND (w.year IS NULL OR p.year = w.year)
   AND (w.folded_keyword IS NULL OR EXISTS (
        SELECT FROM read.paper_keyword k WHERE k.paper_id = e.paper_id AND k.keyword = w.folded_keyword))
   AND (w.folded_username IS NULL OR a.folded_username = w.folded_username)
 WHERE e.position BETWEEN $1 AND $2
   AND CASE WHEN w.subject_id IS NULL
            THEN {shown_if("w.owner_id", "$4", by_address=False)}
            ELSE {shown_if("w.owner_id", "$4", by_address=True)} END
 ORDER BY w.webhook_id, e.position
   FOR KEY SHARE OF w
"""  # noqa: S608 (ours)


async def send(
    poster: Poster,
    url: str,
    message_id: str,
    message: Mapping[str, Any],
    secrets: Sequence[bytes],
    now: datetime,
) -> Answer:
    """Post a message, signed with each of the secrets. Errors: NotSent."""
    body = msgspec.json.encode(message)
    return await poster.post(url, body, signed(message_id, now, body, secrets))


def signed(message_id: str, now: datetime, body: bytes, secrets: Sequence[bytes]) -> dict[str, str]:
    """The headers. Units: now is aware."""
    at = now.astimezone(UTC)  # the library takes any time for UTC
    signatures = [Webhook(written(one)).sign(message_id, at, body.decode()) for one in secrets]
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def problem(answer: Answer) -> str | None:
    """Why an answer does not mean that it arrived; None if it does."""
    if 200 <= answer.status < 300:
        return None
    if 300 <= answer.status < 400:
        return f"The receiver answered {answer.status}, and redirects are not followed."
    return f"The receiver answered {answer.status}{' Gone' if answer.status == GONE else ''}."


def outcome_of(answer: Answer, now: datetime) -> Outcome:
    """What an answer means."""
    status, said = answer.status, answer.text
    if (why := problem(answer)) is None:
        return Delivered(status, said)
    if status == GONE:
        return GiveUp(why, status, said)
    asked = seconds_asked(answer.retry_after, now) if status in ASKED_TO_WAIT else None
    return Retry(why, asked, status, said)
