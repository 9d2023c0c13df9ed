from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from service.domain.errors import Invalid
from service.domain.events import MetadataSource
from service.domain.paper import PaperFields, claim_keys, decide_register, normalised, paper_from
from tests.domain.given import given

PAPER = UUID(int=1)
FACENET = PaperFields(
    bibtex_key=" journals/corr/SchroffKP15 ",
    title=" FaceNet:\n A  Unified Embedding ",
    authors=("Florian Schroff", "Rene\u0301 X"),
    abstract="Despite\nadvances ",
    venue_key="conf/cvpr",
    venue_name=" CVPR ",
    year=2015,
    published_on=date(2015, 3, 12),
    keywords=("faces", " faces ", "metric"),
    doi="https://doi.org/10.1109/CVPR.2015.7298682",
    arxiv_id="arXiv:1503.03832v3",
    url="https://arxiv.org/abs/1503.03832",
    source=MetadataSource.ARXIV,
)


def register(fields: PaperFields):
    return lambda _: decide_register(PAPER, fields)


def test_a_paper_is_kept_in_one_form() -> None:
    (event,) = given(paper_from).when(register(FACENET)).events
    assert event.bibtex_key == "journals/corr/SchroffKP15"
    assert event.title == "FaceNet: A Unified Embedding"
    assert event.authors == ("Florian Schroff", "René X")
    assert event.abstract == "Despite\nadvances "
    assert event.venue_name == "CVPR"
    assert event.keywords == ("faces", "metric")
    assert event.doi == "10.1109/cvpr.2015.7298682"
    assert event.arxiv_id == "1503.03832"
    assert event.published_on == date(2015, 3, 12)
    assert event.source is MetadataSource.ARXIV
    assert normalised(normalised(FACENET)) == normalised(FACENET)


def test_each_identifier_is_claimed_with_the_field_that_it_came_from() -> None:
    (event,) = decide_register(PAPER, FACENET)
    assert claim_keys(event) == {
        "paper:BIBTEX:journals/corr/SchroffKP15": ("input", "fields", "bibtexKey"),
        "paper:DOI:10.1109/cvpr.2015.7298682": ("input", "fields", "doi"),
        "paper:ARXIV:1503.03832": ("input", "fields", "arxivId"),
    }
    (bare,) = decide_register(PAPER, PaperFields("k", "t", ()))
    assert list(claim_keys(bare)) == ["paper:BIBTEX:k"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"bibtex_key": ""}, ("bibtexKey",)),
        ({"bibtex_key": "a b"}, ("bibtexKey",)),
        ({"bibtex_key": "a\x7fb"}, ("bibtexKey",)),
        ({"bibtex_key": "a\x00b"}, ("bibtexKey",)),
        ({"bibtex_key": "k" * 301}, ("bibtexKey",)),
        ({"title": " "}, ("title",)),
        ({"title": "t" * 501}, ("title",)),
        ({"title": "\ud800"}, ("title",)),
        ({"authors": ("Ada", "")}, ("authors", "1")),
        ({"authors": ("Ada", "x" * 201)}, ("authors", "1")),
        ({"authors": ("Ada",) * 5_001}, ("authors",)),
        ({"abstract": "x" * 20_001}, ("abstract",)),
        ({"venue_key": "conf cvpr"}, ("venueKey",)),
        ({"venue_name": ""}, ("venueName",)),
        ({"year": 999}, ("year",)),
        ({"year": 2201}, ("year",)),
        ({"published_on": date(1, 1, 1)}, ("publishedOn",)),
        ({"keywords": ("k",) * 51}, ("keywords",)),
        ({"keywords": ("k" * 101,)}, ("keywords", "0")),
        ({"doi": "11.1000/x"}, ("doi",)),
        ({"doi": "10.1000/a b"}, ("doi",)),
        ({"doi": "10.1000/" + "x" * 300}, ("doi",)),
        ({"doi": "https://doi.org/10.1000/a%00b"}, ("doi",)),
        ({"doi": "https://doi.org/10.1000/a%ED%A0%80"}, ("doi",)),
        ({"arxiv_id": "1513.03832"}, ("arxivId",)),
        ({"arxiv_id": "1503.03832\n1"}, ("arxivId",)),
        ({"arxiv_id": ""}, ("arxivId",)),
        ({"url": "ftp://example.org/x"}, ("url",)),
        ({"url": "javascript:alert(1)"}, ("url",)),
        ({"url": "https://"}, ("url",)),
        ({"url": "https://exa mple.org"}, ("url",)),
        ({"url": "https://[::1"}, ("url",)),
        ({"url": "https://example.org:99999/"}, ("url",)),
    ],
)
def test_bad_metadata_is_refused_with_its_field(change: dict[str, object], path: tuple[str, ...]) -> None:
    outcome = given(paper_from).when(register(replace(FACENET, **change)))
    outcome.refused(Invalid, "input", "fields", *path)


def test_an_entry_of_a_list_is_counted_as_in_its_path() -> None:
    outcome = given(paper_from).when(register(replace(FACENET, authors=("Ada", "x" * 201))))
    outcome.refused(Invalid, "input", "fields", "authors", "1")
    assert outcome.error is not None
    assert outcome.error.message == "authors[1] has 201 characters, and the limit is 200: shorten it."


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": " "}, "title is blank: write something."),
        ({"abstract": " "}, "abstract is blank: write something, or leave it out."),
    ],
)
def test_only_what_is_optional_can_be_left_out(change: dict[str, object], message: str) -> None:
    outcome = given(paper_from).when(register(replace(FACENET, **change)))
    assert outcome.error is not None
    assert outcome.error.message == message
