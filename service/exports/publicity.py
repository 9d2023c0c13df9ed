"""What everybody may see of an event: what a visitor may, by the rules of today.

Source: read.event, read.summary and read.comment, in the snapshot of the export.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from service.domain.events import Visibility
from service.domain.policy import may_see_summary
from service.eventstore.entries import Entry
from service.exports.errors import ExportRefused
from service.exports.payloads import CATEGORIES, Commitment, erased_by

# Who voted, and who wrote without a name: told to nobody.
NEVER = frozenset({("VoteCast", "voter_id"), ("SummaryPublished", "anonymous_author_id")})

_ABOUT = """
SELECT e.position, e.subject_id, e.withdraws, s.summary_id, s.listed, s.anonymous,
       s.visibility, s.retracted_at IS NOT NULL AS retracted,
       coalesce(c.removed, e.subject_id IS DISTINCT FROM e.summary_id) AS removed
  FROM unnest($1::bigint[]) AS wanted(position)
  JOIN read.event e USING (position)
  LEFT JOIN read.summary s ON s.summary_id = e.summary_id
  LEFT JOIN read.comment c ON c.comment_id = e.subject_id
"""
_HOLDERS = """
SELECT y.payload_id, e.type, e.subject_id, s.summary_id, s.listed, s.anonymous
  FROM payloads y
  JOIN read.event e ON e.position = y.position
  LEFT JOIN read.summary s ON s.summary_id = e.summary_id
 WHERE y.payload_id = ANY($1::uuid[])
"""


class Shown(NamedTuple):
    """Whether an event is shown, and its contents, as far as any may be.

    Shape:  told: in part, without proof; withdrawn: of it only that it took a summary from everybody's eyes.
    """

    event: bool
    contents: bool
    told: bool = False
    withdrawn: bool = False

    def tells(self, entry: Entry, commitment: Commitment) -> bool:
        """Whether this content is shown."""
        return self.contents and (entry.type, commitment.field) not in NEVER


_HIDDEN = Shown(False, False)
_TOLD = Shown(False, False, told=True)
_WITHDRAWN = Shown(False, False, told=True, withdrawn=True)
_BARE = Shown(True, False)
_WHOLE = Shown(True, True)


async def publicity(conn: asyncpg.Connection, entries: Sequence[Entry]) -> list[Shown]:
    """What is shown of each. Errors: ExportRefused when a rebuild took the read models away."""
    rows = await conn.fetch(_ABOUT, [entry.position for entry in entries])
    about = {row["position"]: row for row in rows}
    if len(about) != len(entries):
        raise ExportRefused("the read models were made anew meanwhile: start the export again")
    erased = [payload for entry in entries for payload in erased_by(entry)]
    holders = {row["payload_id"]: row for row in await conn.fetch(_HOLDERS, erased)} if erased else {}
    return [_shown(entry, about[entry.position], holders) for entry in entries]


def _shown(entry: Entry, about: asyncpg.Record, holders: dict[UUID, asyncpg.Record]) -> Shown:
    match CATEGORIES.get(entry.type):
        case "user":
            return _WHOLE
        case "paper":  # who registered it may be who then wrote about it anonymously
            return _WHOLE if entry.actor is None else _TOLD
        case "summary":
            return _of_summary(entry, about)
        case "comment":
            if not about["listed"]:
                return _HIDDEN
            return _BARE if about["removed"] else _WHOLE
        case "vote":
            return _TOLD if about["listed"] else _HIDDEN  # its stream would join what one voter did
        case "erasure":
            return _WHOLE if _tells_nothing(entry, about, holders) else _HIDDEN
        case _:
            return _HIDDEN


def _of_summary(entry: Entry, about: asyncpg.Record) -> Shown:
    """That one was withdrawn is told while nobody may read it: whoever copied it must hear of it.

    Of one that is unlisted nothing: its address is its secret.
    """
    if about["listed"]:
        return _HIDDEN if entry.actor is not None and about["anonymous"] is not False else _WHOLE
    if not about["withdraws"]:
        return _HIDDEN
    read = may_see_summary(None, None, Visibility(about["visibility"]), about["retracted"])
    return _HIDDEN if read else _WITHDRAWN


def _tells_nothing(entry: Entry, about: asyncpg.Record, holders: dict[UUID, asyncpg.Record]) -> bool:
    """Whether an erasure is about one thing that may be seen, and connects it with no other and nobody."""
    held = [holders.get(payload) for payload in erased_by(entry)]
    known = [row for row in held if row is not None]
    if not known or len(known) < len(held) or len({row["subject_id"] for row in known}) > 1:
        return False
    one = known[0]
    if about["subject_id"] not in (None, one["subject_id"], one["summary_id"]):
        return False
    if one["summary_id"] is None:
        return CATEGORIES.get(one["type"]) == "user"
    secret = one["anonymous"] or any(CATEGORIES.get(row["type"]) == "vote" for row in known)
    return bool(one["listed"]) and not (secret and entry.actor is not None)
