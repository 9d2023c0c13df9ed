import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from service.commands.context import Context
from service.commands.copies import text_held
from service.commands.summary import (
    PublishSummary,
    RedactRevision,
    RestoreRevision,
    RetractSummary,
    ReviseSummary,
    SetSummaryVisibility,
    publish_summary,
    redact_revision,
    restore_revision,
    retract_summary,
    revise_summary,
    set_summary_visibility,
)
from service.domain.errors import Forbidden, Invalid, KeyReused, NotFound, RevisedMeanwhile, Unauthenticated
from service.domain.events import PayloadsErased, RevisionRedacted, SummaryRestored, Visibility
from service.eventstore.model import EventStore
from tests.commands.acting import events, refused, topics, unchanged

SUMMARY_ID, NUMBER = ("input", "summaryId"), ("input", "number")
FIRST, SECOND = "Faces as points.", "Faces as points, of 128 numbers."


@pytest.fixture
async def revised(ada: Context, summary: UUID) -> UUID:
    """Ada's summary, with a second text and a note."""
    await revise_summary(ada, ReviseSummary(summary, SECOND, "more", 1))
    return summary


async def bodies(store: EventStore, summary: UUID) -> list[str | None]:
    found = [getattr(one.event, "body", "") for one in await store.load(summary, contents="all")]
    return [body for body in found if body != ""]


async def payload(store: EventStore, summary: UUID, version: int, field: str) -> bytes | None:
    """What the log holds of a field of an event."""
    recorded = (await store.load(summary, contents="none"))[version - 1]
    payload_id = recorded.payloads[field]
    return (await store.contents([payload_id]))[payload_id]


async def test_restoring_appends_the_text_again(store: EventStore, ada: Context, revised: UUID) -> None:
    done = await restore_revision(ada, RestoreRevision(revised, 1, "better", 2))
    [restored] = await events(store, done.position - 1)
    assert isinstance(restored, SummaryRestored)
    assert (restored.revision, restored.restored, restored.body, restored.note) == (3, 1, FIRST, "better")
    assert await bodies(store, revised) == [FIRST, SECOND, FIRST]
    async with unchanged(store):
        await restore_revision(ada, RestoreRevision(revised, 1, None, 3))


async def test_a_restored_text_can_be_restored(store: EventStore, ada: Context, revised: UUID) -> None:
    await restore_revision(ada, RestoreRevision(revised, 1, None, 2))
    await revise_summary(ada, ReviseSummary(revised, "Third.", None, 3))
    await restore_revision(ada, RestoreRevision(revised, 3, None, 4))
    assert (await bodies(store, revised))[-1] == FIRST


async def test_redacting_destroys_the_text_alone(store: EventStore, ada: Context, revised: UUID) -> None:
    done = await redact_revision(ada, RedactRevision(revised, 2, "It tells too much."))
    redacted, erased = await events(store, done.position - 2)
    assert isinstance(redacted, RevisionRedacted)
    assert (redacted.revision, redacted.reason) == (2, "It tells too much.")
    assert isinstance(erased, PayloadsErased)
    assert erased.subject_id == revised
    assert await bodies(store, revised) == [FIRST, None]
    assert await payload(store, revised, 2, "body") is None
    assert await payload(store, revised, 2, "note") == b"more"


async def test_the_note_goes_too_when_asked(store: EventStore, ada: Context, revised: UUID) -> None:
    await redact_revision(ada, RedactRevision(revised, 2, note_too=True))
    assert await payload(store, revised, 2, "note") is None
    assert await bodies(store, revised) == [FIRST, None]


async def test_a_revision_without_a_note(store: EventStore, ada: Context, revised: UUID) -> None:
    await redact_revision(ada, RedactRevision(revised, 1, note_too=True))
    assert await bodies(store, revised) == [None, SECOND]


async def test_redacting_twice_changes_nothing(store: EventStore, ada: Context, revised: UUID) -> None:
    await redact_revision(ada, RedactRevision(revised, 2, "first"))
    async with unchanged(store):
        await redact_revision(ada, RedactRevision(revised, 2, "second"))
    assert await payload(store, revised, 2, "note") == b"more"


async def test_a_note_can_go_after_the_text(store: EventStore, ada: Context, revised: UUID) -> None:
    before = (await redact_revision(ada, RedactRevision(revised, 2, "first"))).position
    done = await redact_revision(ada, RedactRevision(revised, 2, "second", note_too=True))
    assert await payload(store, revised, 2, "note") is None
    [erased] = await events(store, before)
    assert isinstance(erased, PayloadsErased)
    noted = (await store.load(revised, contents="none"))[1].payloads["note"]
    assert (erased.payload_ids, erased.subject_id, done.id) == ((noted,), revised, revised)
    async with unchanged(store):
        await redact_revision(ada, RedactRevision(revised, 2, note_too=True))


async def test_of_many_erasing_a_note_at_once(store: EventStore, ada: Context, revised: UUID) -> None:
    before = (await redact_revision(ada, RedactRevision(revised, 2))).position
    again = RedactRevision(revised, 2, note_too=True)
    await asyncio.gather(*(redact_revision(ada, again) for _ in range(8)))
    assert await payload(store, revised, 2, "note") is None
    assert set(await topics(store, before)) == {"PayloadsErased"}
    assert await bodies(store, revised) == [FIRST, None]


async def test_what_was_redacted_is_not_restored(store: EventStore, ada: Context, revised: UUID) -> None:
    await redact_revision(ada, RedactRevision(revised, 1))
    await refused(store, restore_revision(ada, RestoreRevision(revised, 1, None, 2)), Invalid, *NUMBER)


async def test_after_the_current_text_it_goes_on(store: EventStore, ada: Context, revised: UUID) -> None:
    await redact_revision(ada, RedactRevision(revised, 2))
    await restore_revision(ada, RestoreRevision(revised, 1, None, 2))
    await redact_revision(ada, RedactRevision(revised, 3))
    await revise_summary(ada, ReviseSummary(revised, SECOND, None, 3))
    assert await bodies(store, revised) == [FIRST, None, None, SECOND]


async def test_a_retracted_one_is_redacted_but_not_restored(
    store: EventStore, ada: Context, revised: UUID
) -> None:
    await retract_summary(ada, RetractSummary(revised))
    await refused(store, restore_revision(ada, RestoreRevision(revised, 1, None, 2)), Invalid, *SUMMARY_ID)
    await redact_revision(ada, RedactRevision(revised, 2))
    assert await bodies(store, revised) == [FIRST, None]


async def test_an_anonymous_author_is_not_named(store: EventStore, ada: Context, paper: UUID) -> None:
    hidden = (await publish_summary(ada, PublishSummary(paper, FIRST, anonymous=True))).id
    await revise_summary(ada, ReviseSummary(hidden, SECOND, None, 1))
    before = (await store.head()).position
    await restore_revision(ada, RestoreRevision(hidden, 1, None, 2))
    await redact_revision(ada, RedactRevision(hidden, 2))
    recorded = await store.read(before, 10, contents="none")
    assert len(recorded) == 3
    assert {one.actor for one in recorded} == {None}
    assert str(ada.actor) not in repr([one.event for one in recorded])


async def test_the_same_key_gives_the_first_outcome(store: EventStore, ada: Context, revised: UUID) -> None:
    restore = RestoreRevision(revised, 1, None, 2, idempotency_key="a")
    redact = RedactRevision(revised, 2, idempotency_key="b")
    first = [await restore_revision(ada, restore), await redact_revision(ada, redact)]
    async with unchanged(store):
        again = [await restore_revision(ada, restore), await redact_revision(ada, redact)]
    assert [(one.id, one.position) for one in again] == [(one.id, one.position) for one in first]
    assert [one.replayed for one in again] == [True, True]
    path = ("input", "idempotencyKey")
    await refused(store, restore_revision(ada, replace(restore, number=2)), KeyReused, *path)
    await refused(store, redact_revision(ada, replace(redact, note_too=True)), KeyReused, *path)


async def test_of_many_redacting_at_once_one_does_it(store: EventStore, ada: Context, revised: UUID) -> None:
    before = (await store.head()).position
    await asyncio.gather(*(redact_revision(ada, RedactRevision(revised, 2)) for _ in range(8)))
    assert await topics(store, before) == ["RevisionRedacted", "PayloadsErased"]


async def test_restoring_races_with_revising(store: EventStore, ada: Context, revised: UUID) -> None:
    outcomes = await asyncio.gather(
        restore_revision(ada, RestoreRevision(revised, 1, None, 2)),
        revise_summary(ada, ReviseSummary(revised, "Third.", None, 2)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, RevisedMeanwhile) for one in outcomes) == 1
    assert len(await bodies(store, revised)) == 3


@pytest.mark.parametrize("visibility", Visibility)
async def test_who_may_not(
    store: EventStore, ada: Context, bob: Context, visitor: Context, revised: UUID, visibility: Visibility
) -> None:
    await set_summary_visibility(ada, SetSummaryVisibility(revised, visibility))
    restore, redact = RestoreRevision(revised, 1, None, 2), RedactRevision(revised, 1)
    kind = NotFound if visibility is Visibility.PRIVATE else Forbidden
    await refused(store, restore_revision(bob, restore), kind, *SUMMARY_ID)
    await refused(store, redact_revision(bob, redact), kind, *SUMMARY_ID)
    await refused(store, restore_revision(visitor, restore), Unauthenticated)
    await refused(store, redact_revision(visitor, redact), Unauthenticated)
    assert await bodies(store, revised) == [FIRST, SECOND]


async def test_ids_of_nothing_and_of_other_things(
    store: EventStore, ada: Context, paper: UUID, revised: UUID
) -> None:
    for wrong in (uuid4(), paper, ada.actor):
        assert wrong
        restore, redact = RestoreRevision(wrong, 1, None, 2), RedactRevision(wrong, 1)
        await refused(store, restore_revision(ada, restore), NotFound, *SUMMARY_ID)
        await refused(store, redact_revision(ada, redact), NotFound, *SUMMARY_ID)
    for number in (0, 3):
        await refused(
            store, restore_revision(ada, RestoreRevision(revised, number, None, 2)), NotFound, *NUMBER
        )
        await refused(store, redact_revision(ada, RedactRevision(revised, number)), NotFound, *NUMBER)


async def test_a_text_is_held_for_the_author_alone(
    store: EventStore, ada: Context, bob: Context, visitor: Context, revised: UUID
) -> None:
    assert [await text_held(ada, revised, number) for number in range(4)] == [None, FIRST, SECOND, None]
    assert await text_held(bob, revised, 2) is None
    assert await text_held(visitor, revised, 2) is None
    assert await text_held(ada, uuid4(), 1) is None
    await redact_revision(ada, RedactRevision(revised, 2))
    assert [await text_held(ada, revised, number) for number in (1, 2)] == [FIRST, None]


async def test_the_text_of_an_anonymous_summary(ada: Context, bob: Context, paper: UUID) -> None:
    hidden = (await publish_summary(ada, PublishSummary(paper, FIRST, anonymous=True))).id
    assert await text_held(ada, hidden, 1) == FIRST
    assert await text_held(bob, hidden, 1) is None
