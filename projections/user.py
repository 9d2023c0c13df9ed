"""Users as others see them."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from projections.reading import Reader, in_order
from projections.writing import Writer
from service.domain.events import UserSignedUp
from service.eventstore.model import Recorded


class UserRow(Struct, frozen=True):
    """display_name is the username when there is no other, or when it was erased."""

    user_id: UUID
    username: str
    display_name: str
    joined_at: datetime


async def users_by_id(conn: Reader, ids: Sequence[UUID]) -> list[UserRow | None]:
    """Users by their ids.

    Shape:  result[i] belongs to ids[i]; None for an unknown id.
    Units:  joined_at is UTC.
    Source: read.user, built from UserSignedUp; payloads, for what survives of display names.
    """
    records = await conn.fetch(
        """
        SELECT u.user_id, u.username, u.joined_at, p.content
          FROM read.user u LEFT JOIN payloads p ON p.payload_id = u.display_name_payload
         WHERE u.user_id = ANY($1::uuid[])
        """,
        ids,
    )
    rows = [UserRow(one["user_id"], one["username"], _shown(one), one["joined_at"]) for one in records]
    return in_order(ids, ((row.user_id, row) for row in rows))


async def users_by_username(conn: Reader, usernames: Sequence[str]) -> list[UUID | None]:
    """Who has these usernames, in any case.

    Shape:  result[i] belongs to usernames[i]; None when nobody has it.
    Source: read.user, built from UserSignedUp.
    """
    folded = [username.casefold() for username in usernames]
    records = await conn.fetch(
        "SELECT folded_username, user_id FROM read.user WHERE folded_username = ANY($1::text[])", folded
    )
    return in_order(folded, ((one["folded_username"], one["user_id"]) for one in records))


def _shown(record: dict[str, bytes | str | None]) -> str:
    content, username = record["content"], record["username"]
    return content.decode() if isinstance(content, bytes) else str(username)


async def apply(conn: Writer, events: Sequence[Recorded]) -> int:
    """Write what a batch of users' events says; how many users there are more."""
    users = [(one, one.event) for one in events if isinstance(one.event, UserSignedUp)]
    if users:
        await conn.execute(
            """
            INSERT INTO "user" (user_id, username, folded_username, display_name_payload, joined_at)
            SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::timestamptz[])
            """,
            [event.originator_id for _, event in users],
            [event.username for _, event in users],
            [event.username.casefold() for _, event in users],
            [recorded.payloads.get("display_name") for recorded, _ in users],
            [recorded.occurred_at for recorded, _ in users],
        )
    return len(users)
