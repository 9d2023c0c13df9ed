"""Golden files: an example of every shape that an event ever had, as stored.

`golden/<Event>.v<N>.json` holds the bytes as they are in the log, `golden/shapes.json` the fields.
They are never edited: an event whose shape changes gets a higher class_version, an upcaster, an
entry in EXAMPLES for its new version, and then files from `python -m tests.eventstore.golden`,
which writes what is missing and touches nothing that is there.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import cycle, islice
from pathlib import Path
from typing import get_type_hints
from uuid import UUID

from service.domain import events as e
from service.eventstore.codec import Codec

DIRECTORY = Path(__file__).parent / "golden"


def _id(n: int) -> UUID:
    return UUID(int=n, version=4)


# What each stored shape must read as today: also old ones, in the current shape of their class.
EXAMPLES: Mapping[tuple[str, int], e.DomainEvent] = {
    ("PaperRegistered", 1): e.PaperRegistered(
        originator_id=_id(1),
        originator_version=1,
        bibtex_key="journals/corr/1503.03832",
        title="FaceNet: „Ein“ Résumé & <b>",
        authors=("Florian Schroff", "Dmitry Kalenichenko"),
        abstract="Despite …\nrecent advances",
        venue_key="conf/cvpr",
        venue_name="CVPR",
        year=2015,
        published_on=date(2015, 3, 12),
        keywords=("faces", "embedding"),
        doi="10.1109/cvpr.2015.7298682",
        arxiv_id="1503.03832",
        url="https://example.org/a?b=c&d",
        source=e.MetadataSource.ARXIV,
    ),
    ("UserSignedUp", 1): e.UserSignedUp(
        originator_id=_id(2), originator_version=1, username="ada", display_name="Ada Lövelace"
    ),
    ("SummaryPublished", 1): e.SummaryPublished(
        originator_id=_id(3),
        originator_version=1,
        paper_id=_id(1),
        author_id=_id(2),
        visibility=e.Visibility.PUBLIC,
        body="We show $x^2$.\r\n\n\ttab 😀",
        note="first",
    ),
    ("SummaryPublished", 2): e.SummaryPublished(
        originator_id=_id(3),
        originator_version=1,
        paper_id=_id(1),
        author_id=None,
        visibility=e.Visibility.PUBLIC,
        anonymous_author_id=_id(2),
        body="We show $x^2$.\r\n\n\ttab 😀",
        note="first",
    ),
    ("SummaryRevised", 1): e.SummaryRevised(
        originator_id=_id(3), originator_version=2, revision=2, body="Better", note="a word"
    ),
    ("SummaryRestored", 1): e.SummaryRestored(
        originator_id=_id(3), originator_version=5, revision=3, restored=1, body="As it was", note="back"
    ),
    ("RevisionRedacted", 1): e.RevisionRedacted(
        originator_id=_id(3), originator_version=6, revision=2, reason="an address of a person"
    ),
    ("SummaryVisibilitySet", 1): e.SummaryVisibilitySet(
        originator_id=_id(3), originator_version=3, visibility=e.Visibility.UNLISTED
    ),
    ("SummaryRetracted", 1): e.SummaryRetracted(originator_id=_id(3), originator_version=4, reason="wrong"),
    ("CommentPosted", 1): e.CommentPosted(
        originator_id=_id(4),
        originator_version=1,
        summary_id=_id(3),
        author_id=_id(2),
        on_revision=2,
        parent_id=_id(5),
        body="Why?",
    ),
    ("CommentEdited", 1): e.CommentEdited(originator_id=_id(4), originator_version=2, body="Why not?"),
    ("CommentRemoved", 1): e.CommentRemoved(originator_id=_id(4), originator_version=3),
    ("VoteCast", 1): e.VoteCast(
        originator_id=_id(6),
        originator_version=1,
        subject_id=_id(3),
        subject_kind=e.SubjectKind.SUMMARY,
        value=e.VoteValue.UP,
        voter_id=_id(2),
    ),
    ("VoteWithdrawn", 1): e.VoteWithdrawn(
        originator_id=_id(6), originator_version=2, subject_id=_id(3), subject_kind=e.SubjectKind.COMMENT
    ),
    ("PayloadsErased", 1): e.PayloadsErased(
        originator_id=_id(7), originator_version=1, payload_ids=(_id(8), _id(9))
    ),
    ("PayloadsErased", 2): e.PayloadsErased(
        originator_id=_id(7), originator_version=1, payload_ids=(_id(8), _id(9)), subject_id=_id(3)
    ),
}


def fixed_codec(classes: Iterable[type[e.DomainEvent]] = e.EVENTS) -> Codec:
    """A codec whose randomness is the same each time: the bytes 1, 2, 3 and so on."""
    numbers = cycle(range(1, 251))
    return Codec(classes, random=lambda size: bytes(islice(numbers, size)))


def stored(example: e.DomainEvent) -> bytes:
    """The example as it would be stored today."""
    return fixed_codec((type(example),)).encode(example).stored.state


def shape(cls: type[e.DomainEvent]) -> dict[str, str]:
    """Field → type, whether it has a default, whether it can be forgotten."""
    hints = get_type_hints(cls)
    return {field.name: _described(field, hints[field.name]) for field in dataclasses.fields(cls)}


def _described(field: "dataclasses.Field[object]", hint: object) -> str:
    words = [hint.__name__ if isinstance(hint, type) and "[" not in str(hint) else str(hint)]
    if field.metadata.get("forgettable"):
        words.append("forgettable")
    elif field.default is not dataclasses.MISSING:
        words.append("optional")
    return " ".join(words)


def file_of(topic: str, version: int) -> Path:
    return DIRECTORY / f"{topic}.v{version}.json"


def shapes() -> dict[str, dict[str, str]]:
    path = DIRECTORY / "shapes.json"
    return json.loads(path.read_bytes()) if path.exists() else {}  # type: ignore[no-any-return]


def write_missing() -> None:
    known = shapes()
    for cls in e.EVENTS:
        topic, version = cls.__name__, cls.class_version
        if not file_of(topic, version).exists():
            file_of(topic, version).write_bytes(stored(EXAMPLES[topic, version]))
        known.setdefault(f"{topic}.v{version}", shape(cls))
    (DIRECTORY / "shapes.json").write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_missing()
