"""How a revision is cited: other programs read it, and it stays the same."""

import re
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.citation import Cited, Licence, Reviewed
from service.domain import limits
from service.domain.errors import Invalid
from service.domain.events import PayloadsErased
from service.eventstore.model import Append
from service.importers.bibtex import BibtexEntry, parse_bibtex
from service.settings import Settings, SettingsError
from tests.schema.people import Api
from tests.schema.revisions import redacted, revised, statements, written

CITATION = "{ bibtex cslJson text licence { name url } }"
ALL = f"""query ($id: ID!) {{ summary(id: $id) {{ revisions {{ nodes {{
  number permalink createdAt citation {CITATION} }} }} }} }}"""
ODD = [
    "Ada Lovelace",
    "Åsa Öberg-Ñandú",
    "von and zu Stein",
    "Lab, Inc.",
    "others",
    "{Group} of 5 % $ # & _ ~ ^ \\ people",
    'Eve "Mallory" O’Neil',
    "李四 \U0001f600",
    "}{",
    "-- ''",
]


async def citations(api: Api, summary: str) -> list[Any]:
    found = (await api.read(ALL, id=summary))["summary"]["revisions"]["nodes"]
    return [{**one, **one["citation"]} for one in found]


def parsed(bibtex: str) -> BibtexEntry:
    [entry] = parse_bibtex(bibtex)
    assert isinstance(entry, BibtexEntry), entry
    return entry


async def named(api: Api, name: str) -> Api:
    session = "... on SessionPayload { token user { id } }"
    data = await api.read(
        f"mutation ($i: SignUpInput!) {{ signUp(input: $i) {{ {session} }} }}",
        i={"username": "ada", "password": "a long enough password", "displayName": name},
    )
    return Api(api.schema, api.tools, data["signUp"]["token"], data["signUp"]["user"]["id"])


async def test_in_three_forms(api: Api) -> None:
    ada = await named(api, "Ada Lovelace")
    more = {"title": "Attention & all", "authors": ["Ann A", "Ben B", "Cy C", "Di D"], "doi": "10.1000/x_y"}
    paper = await ada.paper("k", year=2017, **more)
    summary = await ada.summary(paper, "First.")
    await revised(ada, summary, 1, "Second.")
    first, second = await citations(api, summary)
    day = second["createdAt"][:10]
    entry = parsed(second["bibtex"])
    assert entry.entry_type == "misc"
    assert entry.fields.title == 'Summary of "Attention & all"'
    assert entry.fields.authors == ("Ada Lovelace",)
    assert entry.fields.url == second["permalink"]
    assert str(entry.fields.published_on) == day
    about = "Ann A, Ben B, Cy C et al. Attention & all (2017). doi:10.1000/x_y"
    assert "version = {2}," in second["bibtex"]
    assert second["cslJson"] == [
        {
            "id": entry.fields.bibtex_key,
            "type": "review",
            "title": 'Summary of "Attention & all"',
            "author": [{"literal": "Ada Lovelace"}],
            "issued": {"date-parts": [[int(part) for part in day.split("-")]]},
            "container-title": "ShortScience",
            "version": "2",
            "URL": second["permalink"],
            "reviewed-title": "Attention & all",
            "reviewed-author": [{"literal": name} for name in more["authors"]],
            "note": f"Revision 2. The paper: {about}",
        }
    ]
    assert second["text"] == (
        f'Ada Lovelace ({day}). Summary of "Attention & all", revision 2. ShortScience. {second["permalink"]}'
    )
    assert parsed(first["bibtex"]).fields.bibtex_key == entry.fields.bibtex_key[:-1] + "1"
    assert parsed(first["bibtex"]).fields.url == first["permalink"]


async def test_it_stays_when_the_text_goes(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    before = await citations(api, summary)
    await revised(ada, summary, 2, "Third.")
    await redacted(ada, summary, 1)
    assert (await citations(api, summary))[:2] == before


async def test_an_anonymous_author_stays_unnamed(api: Api) -> None:
    ada = await api.person("ada")
    [found] = await citations(api, await written(ada, "First.", anonymous=True))
    assert parsed(found["bibtex"]).fields.authors == ("Anonymous",)
    assert found["cslJson"][0]["author"] == [{"literal": "Anonymous"}]
    assert found["text"].startswith("Anonymous (")
    assert ada.id not in str(found)


async def test_an_erased_name_is_the_username(api: Api) -> None:
    ada = await named(api, "Ada Lovelace")
    summary = await written(ada, "First.")
    payload: UUID = await api.tools.pool.fetchval('SELECT display_name_payload FROM read."user"')
    erasure = PayloadsErased(originator_id=uuid4(), originator_version=1, payload_ids=(payload,))
    await api.tools.store.append(Append(uuid4(), b"", erasure.originator_id, (erasure,), erases=(payload,)))
    [found] = await citations(api, summary)
    assert parsed(found["bibtex"]).fields.authors == ("ada",)


async def test_the_licence_is_told_with_it(api: Api) -> None:
    summary = await written(await api.person("ada"), "First.")
    assert await api.read("{ licence { name url } }") == {"licence": None}
    assert (await citations(api, summary))[0]["licence"] is None
    licence = Licence("CC BY 4.0", "https://creativecommons.org/licenses/by/4.0/")
    licensed = replace(api, tools=replace(api.tools, licence=licence))
    told = {"name": licence.name, "url": licence.url}
    assert await licensed.read("{ licence { name url } }") == {"licence": told}
    assert (await citations(licensed, summary))[0]["licence"] == told


async def test_a_list_takes_a_fixed_number_of_statements(api: Api) -> None:
    ada = await api.person("ada")
    summary = await written(ada, "First.", "Second.")
    few = await statements(ada, ALL, id=summary)
    for number in range(2, 12):
        await revised(ada, summary, number, f"Text {number}.")
    assert len(await statements(ada, ALL, id=summary)) == len(few) > 3


def cited(editor: str, title: str, number: int = 1) -> Cited:
    permalink = f"https://example.org/summaries/{UUID(int=1)}/revisions/{number}"
    return Cited(UUID(int=1), number, editor, date(2016, 2, 29), permalink, Reviewed(title, ("A", "B")))


def normalised(text: str, limit: int) -> str | None:
    """As the log keeps names and titles; None for what it does not take."""
    try:
        return limits.line(text, limit, ("name",))
    except Invalid:
        return None


def check(one: Cited) -> None:
    entry = parsed(one.bibtex())
    assert entry.raw + "\n" == one.bibtex()
    assert entry.fields.bibtex_key == one.key
    assert entry.fields.title == one.title
    assert entry.fields.authors == (one.editor,)
    assert (entry.fields.published_on, entry.fields.url) == (one.written_on, one.permalink)
    assert "\n" not in one.line()


@pytest.mark.parametrize("name", ODD)
def test_odd_names_and_titles(name: str) -> None:
    check(cited(name, f"On {name}: $x_1$ and \\alpha"))


TEXT = st.text(st.one_of(st.sampled_from("{}\\\"$%&#_~^'`-, and"), st.characters()), min_size=1, max_size=30)


@given(TEXT, TEXT, st.integers(1, 10**6))
def test_any_names_and_titles(name: str, title: str, number: int) -> None:
    editor, of = normalised(name, limits.NAME), normalised(title, limits.TITLE)
    if editor and of:
        check(cited(editor, of, number))


def test_a_title_of_any_length() -> None:
    entry = parsed(cited("Ada", "word " * 99 + "word.").bibtex())
    assert len(entry.fields.title) <= limits.TITLE
    assert entry.fields.title.endswith("word…")


def test_keys_are_each_revision_s_own() -> None:
    keys = {cited("Ada", "T", number).key for number in range(1, 100)}
    assert len(keys) == 99
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in keys)


@pytest.mark.parametrize(
    ("paper", "line"),
    [
        (Reviewed("T"), "T"),
        (Reviewed("T.", ("A", "B."), 2015), "A, B. T. (2015)"),
        (Reviewed("T", ("A", "B", "C", "D"), arxiv_id="1503.03832"), "A, B, C et al. T. arXiv:1503.03832"),
        (Reviewed("T", ("A",), 2015, url="https://x.org/t"), "A. T (2015). https://x.org/t"),
        (Reviewed("T", ("A",), 2015, "10.1/x", "1503.03832", "https://x.org/t"), "A. T (2015). doi:10.1/x"),
    ],
)
def test_how_the_paper_is_named(paper: Reviewed, line: str) -> None:
    assert paper.line() == line


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("CC BY 4.0", ""),
        ("", "https://example.org/licence"),
        ("CC BY 4.0", "example.org/licence"),
        ("CC BY 4.0", "javascript:alert(1)"),
        ("CC BY 4.0", "https://"),
        ("CC BY 4.0", "https://[half/x"),
        ("CC BY 4.0", "https://example.org/\u0085x"),
        ("CC\nBY", "https://example.org/licence"),
        (" CC BY", "https://example.org/licence"),
        ("x" * 101, "https://example.org/licence"),
    ],
)
def test_a_licence_that_cannot_be(name: str, url: str) -> None:
    with pytest.raises(SettingsError, match=r"SHORTSCIENCE_LICENCE_(NAME|URL) is "):
        Settings.read(licence_name=name, licence_url=url)


def test_a_licence_is_set_with_both_or_not_at_all() -> None:
    assert Settings.read().licence_name == ""
    url = "https://creativecommons.org/licenses/by/4.0/"
    assert Settings.read(licence_name="CC BY 4.0", licence_url=url).licence_url == url
