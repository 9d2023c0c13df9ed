from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.domain.errors import ExistsAlready, Invalid, KeyReused, Unauthenticated
from service.eventstore.model import EventStore
from tests.commands.acting import refused, topics, unchanged

FIELDS = PaperFields("other", "Another title")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (replace(FIELDS, bibtex_key=" k "), "bibtexKey"),
        (replace(FIELDS, doi="https://doi.org/10.1109/cvpr.2015.7298682"), "doi"),
        (replace(FIELDS, arxiv_id="arXiv:1503.03832v2"), "arxivId"),
    ],
)
async def test_a_paper_is_registered_once_under_any_identifier(
    store: EventStore, ada: Context, bob: Context, paper: UUID, fields: PaperFields, name: str
) -> None:
    error = await refused(
        store, register_paper(bob, RegisterPaper(fields)), ExistsAlready, "input", "fields", name
    )
    assert (error.kind, error.existing) == ("paper", paper)


async def test_a_refused_paper_takes_none_of_its_names(store: EventStore, ada: Context, paper: UUID) -> None:
    with pytest.raises(ExistsAlready):
        await register_paper(ada, RegisterPaper(replace(FIELDS, doi="10.1109/CVPR.2015.7298682")))
    done = await register_paper(ada, RegisterPaper(FIELDS))
    assert await store.owners(["paper:BIBTEX:other"]) == {"paper:BIBTEX:other": done.id}


async def test_visitors_and_bad_metadata_are_refused(
    store: EventStore, visitor: Context, ada: Context
) -> None:
    await refused(store, register_paper(visitor, RegisterPaper(FIELDS)), Unauthenticated)
    blank = RegisterPaper(replace(FIELDS, title="\t"))
    await refused(store, register_paper(ada, blank), Invalid, "input", "fields", "title")


async def test_a_key_gives_the_first_outcome_again(store: EventStore, ada: Context, bob: Context) -> None:
    command = RegisterPaper(FIELDS, idempotency_key="once")
    first = await register_paper(ada, command)
    async with unchanged(store):
        again = await register_paper(ada, command)
    assert (again.id, again.position) == (first.id, first.position)
    assert (first.replayed, again.replayed) == (False, True)
    other = replace(command, fields=replace(FIELDS, bibtex_key="third"))
    await refused(store, register_paper(ada, other), KeyReused, "input", "idempotencyKey")
    assert not (await register_paper(bob, other)).replayed  # a key belongs to its user


@pytest.mark.parametrize("key", ["", " ", "k" * 201, "a\x00", "\ud800"])
async def test_a_key_is_a_short_text(store: EventStore, ada: Context, key: str) -> None:
    command = RegisterPaper(FIELDS, idempotency_key=key)
    await refused(store, register_paper(ada, command), Invalid, "input", "idempotencyKey")


async def test_half_a_character_is_refused_before_it_meets_the_database(
    store: EventStore, ada: Context
) -> None:
    command = RegisterPaper(replace(FIELDS, title="\ud83d"), idempotency_key=str(uuid4()))
    await refused(store, register_paper(ada, command), Invalid, "input", "fields", "title")


async def test_who_registered_it_is_recorded(store: EventStore, ada: Context, paper: UUID) -> None:
    assert await topics(store) == ["UserSignedUp", "PaperRegistered"]
    user, registered = await store.read(0, 10)
    assert user.actor == user.event.originator_id == registered.actor == ada.actor
