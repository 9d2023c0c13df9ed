"""Webhooks: whom to tell of which events, as their owners have asked. Nobody else sees or changes them."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.event import SubjectKind
from projections.reading import Page, Reader, Slice, counts, in_order, row_maker, slices

CHANNEL = "webhook"
STATES = ("open", "delivered", "skipped", "failed")  # of deliveries
PUBLISHED, WITHDRAWN = "summary.published", "summary.withdrawn"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Events that are all of what is given. Who names a subject knows its address, as in EventFilter.

    Shape:  types are those of the log, and PUBLISHED and WITHDRAWN: what happened to the lists. The rest,
            other than paper_ids, is as in FeedFilter.
    """

    types: tuple[str, ...] | None = None
    subject: tuple[SubjectKind, UUID] | None = None
    paper_ids: tuple[UUID, ...] | None = None
    venue_key: str | None = None
    year: int | None = None
    keyword: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A webhook as somebody asks for it."""

    url: str
    description: str | None
    wanted: Wanted
    ordered: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """What somebody asks to be otherwise of a webhook. Shape: what is None stays; description empty: none."""

    url: str | None = None
    description: str | None = None
    wanted: Wanted | None = None
    ordered: bool | None = None
    active: bool | None = None


class WebhookRow(Struct, frozen=True):
    """A webhook, without its secrets."""

    webhook_id: UUID
    owner_id: UUID
    url: str
    description: str | None
    types: Sequence[str] | None
    subject_kind: SubjectKind | None
    subject_id: UUID | None
    paper_ids: Sequence[UUID] | None
    venue_key: str | None
    year: int | None
    keyword: str | None
    username: str | None
    ordered: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    created_at: datetime

    @property
    def wanted(self) -> Wanted:
        """As it was asked for."""
        kind, subject_id = self.subject_kind, self.subject_id
        return Wanted(
            None if self.types is None else tuple(self.types),
            (kind, subject_id) if kind and subject_id else None,
            None if self.paper_ids is None else tuple(self.paper_ids),
            self.venue_key,
            self.year,
            self.keyword,
            self.username,
        )


class DeliveryRow(Struct, frozen=True):
    """What was sent, or is to be. Shape: next_at of what has ended means nothing."""

    delivery_id: UUID
    target: UUID
    position: int
    state: str
    attempts: int
    next_at: datetime
    last_status: int | None
    last_error: str | None
    last_response: str | None
    created_at: datetime
    finished_at: datetime | None


_row, _delivery = row_maker(WebhookRow), row_maker(DeliveryRow)
_SELECT = """
SELECT w.*, t.ordered, t.disabled_at, t.disabled_reason
  FROM outwards.webhooks w JOIN outwards.targets t ON t.channel = 'webhook' AND t.target = w.webhook_id
"""


async def webhooks_by_id(conn: Reader, ids: Sequence[UUID], owner: UUID | None) -> list[WebhookRow | None]:
    """result[i] belongs to ids[i]; None for an unknown id and for somebody else's."""
    sql = _SELECT + " WHERE w.webhook_id = ANY($1::uuid[]) AND w.owner_id = $2"
    rows = [_row(record) for record in await conn.fetch(sql, ids, owner)]
    return in_order(ids, ((row.webhook_id, row) for row in rows))


async def webhooks_of(conn: Reader, owner: UUID) -> list[WebhookRow]:
    """Somebody's, the oldest first; few."""
    records = await conn.fetch(_SELECT + " WHERE w.owner_id = $1 ORDER BY w.created_at, w.webhook_id", owner)
    return [_row(record) for record in records]


async def deliveries_of(
    conn: Reader, webhook_ids: Sequence[UUID], page: Page, states: tuple[str, ...] | None
) -> list[Slice[DeliveryRow]]:
    """Of each, the newest event first; of these states, None: of all. Shape: page.after is (position,)."""
    some = " UNION ALL ".join(_NEWEST[one] for one in states or (None,))
    records = await conn.fetch(
        f"""
        SELECT i.n, d.*
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
         CROSS JOIN LATERAL (SELECT * FROM ({some}) d ORDER BY d.position DESC LIMIT $3) d
         ORDER BY i.n, d.position DESC
        """,  # noqa: S608 (ours)
        webhook_ids,
        *page.key(2**62),
        page.first + 1,
    )
    return slices(len(webhook_ids), page.first, records, _delivery)


def _newest(state: str | None) -> str:
    which = "" if state is None else f"AND d.state = '{state}'"
    return f"""
    (SELECT * FROM outwards.deliveries d
      WHERE d.channel = 'webhook' AND d.target = i.id AND d.position < $2 {which}
      ORDER BY d.position DESC LIMIT $3)
    """  # noqa: S608 (ours)


# Of each state, so that an index serves each of them.
_NEWEST = {state: _newest(state) for state in (None, *STATES)}


async def count_of_deliveries(
    conn: Reader, webhook_ids: Sequence[UUID], states: tuple[str, ...] | None
) -> list[int]:
    """How many `deliveries_of` has of each."""
    records = await conn.fetch(
        """
        SELECT i.n, count(*)
          FROM unnest($1::uuid[]) WITH ORDINALITY AS i(id, n)
          JOIN outwards.deliveries d ON d.channel = 'webhook' AND d.target = i.id
         WHERE $2::text[] IS NULL OR d.state = ANY($2)
         GROUP BY i.n
        """,
        webhook_ids,
        states,
    )
    return counts(len(webhook_ids), records)


async def waiting_for(conn: Reader, webhook_ids: Sequence[UUID]) -> list[DeliveryRow | None]:
    """What holds each up: of an ordered one the oldest open delivery, if it failed; of a disabled one the
    oldest that failed and is opened again when it is enabled. None where nothing does.
    """
    records = await conn.fetch(
        """
        SELECT d.*
          FROM unnest($1::uuid[]) AS i(id)
          JOIN outwards.targets t ON t.channel = 'webhook' AND t.target = i.id
         CROSS JOIN LATERAL (
               (SELECT * FROM (
                  SELECT * FROM outwards.deliveries d
                   WHERE d.channel = 'webhook' AND d.target = i.id AND d.state = 'open'
                     AND t.disabled_at IS NULL AND t.ordered
                   ORDER BY d.position LIMIT 1) d
                 WHERE d.failures > 0)
               UNION ALL
               (SELECT * FROM outwards.deliveries d
                 WHERE d.channel = 'webhook' AND d.target = i.id AND d.state = 'failed'
                   AND t.disabled_at IS NOT NULL AND d.position > t.behind
                 ORDER BY d.position LIMIT 1)) d
        """,
        webhook_ids,
    )
    rows = [_delivery(record) for record in records]
    return in_order(webhook_ids, ((row.target, row) for row in rows))


async def deliveries_by_id(conn: Reader, ids: Sequence[UUID], owner: UUID | None) -> list[DeliveryRow | None]:
    """result[i] belongs to ids[i]; None for an unknown id and for somebody else's."""
    records = await conn.fetch(
        """
        SELECT d.* FROM outwards.deliveries d JOIN outwards.webhooks w ON w.webhook_id = d.target
         WHERE d.delivery_id = ANY($1::uuid[]) AND d.channel = 'webhook' AND w.owner_id = $2
        """,
        ids,
        owner,
    )
    rows = [_delivery(record) for record in records]
    return in_order(ids, ((row.delivery_id, row) for row in rows))


def message_id(delivery_id: UUID) -> str:
    """The header webhook-id."""
    return f"msg_{delivery_id.hex}"


def written(secret: bytes) -> str:
    """As receivers are given it."""
    return "whsec_" + base64.b64encode(secret).decode()
