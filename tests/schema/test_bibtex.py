"""Papers from BibTeX entries, and back."""

from typing import Any

from tests.schema.people import Api

ENTRY = r"""
@string{cvpr = "{CVPR}"}
@inproceedings{conf/cvpr/SchroffKP15,
  author    = {Florian Schroff and Dmitry Kalenichenko and {\'E}mile {van der Berg}},
  title     = {{FaceNet}: A Unified Embedding},
  booktitle = cvpr,
  year      = {2015}, month = mar, day = 12,
  doi       = {10.1109/CVPR.2015.7298682},
  keywords  = {faces, embeddings},
}
"""
QUERY = """query ($id: ID!) { node(id: $id) { ... on Paper {
  bibtexKey title authors { name } year publishedOn doi keywords source venue { key name } bibtex abstract url
  arxivId } } }"""


async def test_an_entry_becomes_a_paper_and_an_entry_again(api: Api) -> None:
    ada = await api.person("ada")
    outcome = await ada.do("registerPaper", bibtex=ENTRY)
    found = (await api.read(QUERY, id=outcome["paper"]["id"]))["node"]
    assert found["bibtexKey"] == "conf/cvpr/SchroffKP15"
    assert found["title"] == "FaceNet: A Unified Embedding"
    assert found["authors"][2] == {"name": "Émile van der Berg"}
    assert (found["year"], found["publishedOn"]) == (2015, "2015-03-12")
    assert found["venue"] == {"key": "conf/cvpr", "name": "CVPR"}
    assert found["source"] == "BIBTEX"
    other = Api(api.schema, api.tools, ada.token)
    again = await other.do("registerPaper", bibtex=found["bibtex"])
    assert again["__typename"] == "AlreadyExists"
    assert again["existing"] == {"__typename": "Paper", "id": outcome["paper"]["id"]}
    assert again["path"] == ["input", "bibtex"]


async def test_the_entry_of_a_paper_says_the_same_as_its_fields(api: Api) -> None:
    ada = await api.person("ada")
    fields = {
        "title": "On $x_1$ & 100 % of {braces}",
        "authors": ["Ada Lovelace", "Research Group, Inc."],
        "abstract": "One.\n\nTwo.",
        "venueKey": "conf/x",
        "year": 2014,
        "publishedOn": "2015-01-02",
        "keywords": ["a, b", "c"],
        "doi": "10.1234/A_b",
        "url": "https://example.org/~a?b=1&c=%20",
    }
    paper = await ada.paper("Key:with~odd{signs}", **fields)
    first = (await api.read(QUERY, id=paper))["node"]
    changed = first["bibtex"].replace("10.1234/a_b", "10.1234/other")
    changed = changed.replace("with", "changed")
    outcome = await ada.do("registerPaper", bibtex=changed)
    second = (await api.read(QUERY, id=outcome["paper"]["id"]))["node"]
    assert second["doi"] == "10.1234/other"
    for same in (
        "title",
        "authors",
        "abstract",
        "venue",
        "year",
        "publishedOn",
        "keywords",
        "url",
        "arxivId",
    ):
        assert second[same] == first[same], same


REFUSED: list[Any] = [
    ({}, ["input"], "either bibtex or fields"),
    ({"bibtex": None, "fields": None}, ["input"], "either bibtex or fields"),
    ({"bibtex": ENTRY, "fields": {"bibtexKey": "k", "title": "T", "authors": []}}, ["input"], "either"),
    ({"bibtex": ""}, ["input", "bibtex"], "blank"),
    ({"bibtex": "no entry"}, ["input", "bibtex"], "Line 1 of bibtex: This is no entry"),
    ({"bibtex": "@string{a = {b}}"}, ["input", "bibtex"], "0 entries"),
    ({"bibtex": "\n\n@misc{k, author={A}}"}, ["input", "bibtex"], "Line 3 of bibtex: It has no title"),
    ({"bibtex": "@misc{k, author={A}, title={T}"}, ["input", "bibtex"], "Line 1"),
    ({"bibtex": ENTRY + ENTRY.replace("SchroffKP15", "Other")}, ["input", "bibtex"], "2 entries"),
    ({"bibtex": "@misc{k, author={A}, title={" + "x" * 501 + "}}"}, ["input", "bibtex"], "Line 1"),
    ({"bibtex": ENTRY + " " * 100_000}, ["input", "bibtex"], "the limit is 100,000"),
    ({"bibtex": "@misc{k, title={\x00}}"}, ["input", "bibtex"], "U+0000"),
]


async def test_what_is_refused(api: Api) -> None:
    ada = await api.person("ada")
    for given, path, says in REFUSED:
        outcome = await ada.do("registerPaper", **given)
        assert (outcome["__typename"], outcome["code"]) == ("ValidationError", "INVALID"), given
        assert outcome["path"] == path
        assert says in outcome["message"]
    assert (await api.read("{ papers { totalCount } }"))["papers"]["totalCount"] == 0
    visitor = await api.do("registerPaper", bibtex=ENTRY)
    assert visitor["code"] == "UNAUTHENTICATED"


async def test_the_same_key_gives_the_first_outcome(api: Api) -> None:
    ada = await api.person("ada")
    first = await ada.do("registerPaper", bibtex=ENTRY, idempotencyKey="once")
    assert await ada.do("registerPaper", bibtex=ENTRY, idempotencyKey="once") == first
    other = await ada.do("registerPaper", bibtex=ENTRY.replace("2015}", "2016}"), idempotencyKey="once")
    assert (other["code"], other["path"]) == ("CONFLICT", ["input", "idempotencyKey"])
