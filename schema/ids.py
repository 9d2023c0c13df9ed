"""Ids of nodes: opaque to clients, and exactly one for each thing."""

import base64
import re
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from service.domain import identifiers
from service.domain.errors import Invalid
from service.domain.limits import Path, name_of

Kind = Literal[
    "Paper", "Summary", "Revision", "Comment", "User", "Webhook", "WebhookDelivery", "Notification"
]
KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}
_FORM = re.compile(r"([A-Z][A-Za-z]*):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?::([1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class NodeId:
    """number is the revision's, and None for other kinds."""

    kind: Kind
    uuid: UUID
    number: int | None = None

    def __str__(self) -> str:
        parts = [self.kind, str(self.uuid), *([] if self.number is None else [str(self.number)])]
        return _encoded(":".join(parts))


@dataclass(frozen=True, slots=True)
class VenueId:
    """A venue has no other id than its key."""

    key: str
    kind: Literal["Venue"] = "Venue"

    def __str__(self) -> str:
        return _encoded(f"Venue:{self.key}")


def parse_id(value: str, path: Path) -> NodeId | VenueId:
    """The id that a client sent.

    Errors: Invalid for anything that this service has not given out as an id.
    """
    node_id = _decoded(value)
    if node_id is None or str(node_id) != value:
        raise Invalid(f"{name_of(path)} is not an id of this service: ids come from the field id.", path=path)
    return node_id


def uuid_of(value: str, path: Path, *kinds: Kind) -> UUID:
    """The id of one of these kinds. Errors: Invalid, also for an id of another kind."""
    return of_kind(value, path, *kinds).uuid


def of_kind(value: str, path: Path, *kinds: Kind) -> NodeId:
    """As `uuid_of`, with the kind."""
    node_id = parse_id(value, path)
    if isinstance(node_id, VenueId) or node_id.kind not in kinds:
        wanted = " or a ".join(kinds)
        raise Invalid(f"{name_of(path)} is the id of a {node_id.kind}: give that of a {wanted}.", path=path)
    return node_id


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(value: str) -> NodeId | VenueId | None:
    try:
        text = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True).decode()
    except ValueError:
        return None
    if text.startswith("Venue:"):
        return _venue(text.removeprefix("Venue:"))
    form = _FORM.fullmatch(text)
    if form is None or form[1] not in KINDS or (form[1] == "Revision") != (form[3] is not None):
        return None
    return NodeId(KINDS[form[1]], UUID(form[2]), None if form[3] is None else int(form[3]))


def _venue(key: str) -> VenueId | None:
    try:
        return VenueId(key) if identifiers.venue_key(key, ("id",)) == key else None
    except Invalid:
        return None
