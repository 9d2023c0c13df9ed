"""An entry that we write says the same when it is read back, whatever the texts hold."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from service.domain.errors import Invalid
from service.domain.events import MetadataSource
from service.domain.paper import PaperFields, normalised
from service.importers.bibtex import BibtexEntry, parse_bibtex
from service.importers.bibtex_writing import to_bibtex

# What means something to BibTeX, to LaTeX or to our reader, and what Unicode has against it.
PIECES = (
    "\\", "{", "}", "$", "$$", '"', "&", "%", "#", "_", "~", "^", "-", "--", "`", "'", "?`", "!", ",", ";",
    "@", "=", "/", "(", ")", " ", "  ", "\n", "\n\n", "\r\n", "\t", " and ", "and", "others", "AND", "jan",
    "a", "B", "GAN", "3", "x^2", "$x_1$", "$\\{x$", "\\textbackslash", "{\\textbraceleft}", "\\symbol{9}",
    "\\(", "\\)", "\\url{", "\\'e", "\\i", "\\foo", "@article{a,", "é", "e\u0301", "\u0301", "ı", "\u00a0",
    "\u2028", "\u200b", "ſ", "ß", "漢", "𝔘", "\ufeff", "\x85", "Inc", "arXiv:1503.03832", "abs/", "DBLP:",
    "conf/", "journals/", "10.",
)  # fmt: skip
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40),
).map(lambda text: text if text.strip() else text + "x")
words = texts.map(lambda text: "".join(text.split()))
years = st.integers(1000, 2200)
dois = st.one_of(words.map("10.1000/{}".format), st.just("10.48550/arXiv.1503.03832"))
arxiv_ids = st.sampled_from(("1503.03832", "0704.0001", "cs/0112017", "hep-th/9901001"))
urls = st.one_of(
    words.map("https://example.org/{}".format),
    words.map("https://doi.org/10.1000/{}".format),
    arxiv_ids.map("http://arxiv.org/abs/{}".format),
)
keys = st.one_of(words, words.map("conf/cvpr/{}".format), words.map("DBLP:journals/{}/x".format))
papers = st.builds(
    PaperFields,
    bibtex_key=keys,
    title=texts,
    authors=st.lists(texts, max_size=4).map(tuple),
    abstract=st.none() | texts,
    venue_key=st.none() | words | words.map("conf/{}".format) | st.just("conf/cvpr"),
    venue_name=st.none() | texts,
    year=st.none() | years,
    published_on=st.none() | st.dates(date(1000, 1, 1), date(2200, 12, 31)),
    keywords=st.lists(texts, max_size=4).map(tuple),
    doi=st.none() | dois,
    arxiv_id=st.none() | arxiv_ids,
    url=st.none() | urls,
    source=st.just(MetadataSource.BIBTEX),
)
SMALL = PaperFields("k", "T", source=MetadataSource.BIBTEX)


def kept_form(fields: PaperFields) -> PaperFields:
    """As the log keeps it; what the log would refuse is no example."""
    try:
        return normalised(fields)
    except Invalid:
        assume(False)
        raise


def read_back(fields: PaperFields) -> PaperFields:
    (entry,) = parse_bibtex(to_bibtex(fields))
    assert isinstance(entry, BibtexEntry), entry
    return entry.fields


@settings(max_examples=200)
@given(papers)
@example(replace(SMALL, abstract=" \t two  spaces\n\nand\r\nlines \n"))
@example(replace(SMALL, title="$$ a $ b$$ costs $5 and $6, not $x$1"))
@example(replace(SMALL, authors=("others", "A and B", "Smith, John", "and", "{X", "O'Neil--Y")))
@example(replace(SMALL, keywords=("a, b", "c; d", "$x, y$")))
@example(replace(SMALL, url="https://doi.org/10.1000/x"))
@example(replace(SMALL, doi="10.48550/arXiv.1503.03832", venue_name="arXiv preprint arXiv:1503.03833"))
@example(replace(SMALL, bibtex_key="conf/cvpr/X", published_on=date(2015, 3, 12)))
@example(replace(SMALL, bibtex_key="10.1016/0004-3702(94)90041-8", year=2016, published_on=date(2015, 3, 12)))
def test_every_field_but_the_source_reads_back(fields: PaperFields) -> None:
    kept = kept_form(fields)
    assert read_back(kept) == kept


@settings(max_examples=50)
@given(papers)
def test_an_entry_in_the_middle_of_a_file_disturbs_nothing(fields: PaperFields) -> None:
    kept = kept_form(fields)
    before, after = (to_bibtex(replace(SMALL, bibtex_key=key)) for key in ("one", "two"))
    read = parse_bibtex(before + to_bibtex(kept) + after)
    assert [entry.fields for entry in read if isinstance(entry, BibtexEntry)][1:2] == [kept]
    assert len(read) == 3


def test_a_conference_paper() -> None:
    fields = PaperFields(
        bibtex_key="conf/cvpr/SchroffKP15",
        title="FaceNet: A Unified Embedding for R&D in $O(n_1)$ & 100% CNNs",
        authors=("Florian Schroff", "Jörg Müller", "Google Brain", "Smith and Sons, Ltd"),
        abstract="First.\n\nSecond_part.",
        venue_key="conf/cvpr",
        venue_name="CVPR",
        year=2015,
        published_on=date(2015, 6, 7),
        keywords=("faces", "embedding, metric"),
        doi="10.1109/cvpr.2015.7298682",
        arxiv_id="1503.03832",
        url="https://example.org/a_b?c=%20&d",
    )
    assert to_bibtex(fields) == (
        "@inproceedings{conf/cvpr/SchroffKP15,\n"
        "  author = {Florian Schroff and Jörg Müller and {Google Brain} and {Smith and Sons, Ltd}},\n"
        "  title = {{FaceNet}: A Unified Embedding for R\\&D in $O(n_1)$ \\& 100\\% {CNNs}},\n"
        "  booktitle = {CVPR},\n"
        "  year = {2015},\n"
        "  month = jun,\n"
        "  day = {7},\n"
        "  doi = {10.1109/cvpr.2015.7298682},\n"
        "  eprint = {1503.03832},\n"
        "  archiveprefix = {arXiv},\n"
        "  url = {https://example.org/a_b?c=%20&d},\n"
        "  keywords = {faces, {embedding, metric}},\n"
        "  abstract = {First.\n\nSecond\\_part.},\n"
        "}\n"
    )


@pytest.mark.parametrize(
    ("venue_key", "start", "venue_field"),
    [
        ("conf/nips", "@inproceedings{k,", "booktitle"),
        ("journals/jmlr", "@article{k,", "journal"),
        ("series/lncs", "@misc{k,", "journal"),
        (None, "@misc{k,", "journal"),
    ],
)
def test_the_kind_of_entry_follows_the_venue(venue_key: str | None, start: str, venue_field: str) -> None:
    written = to_bibtex(replace(SMALL, venue_key=venue_key, venue_name="V"))
    assert written.startswith(start)
    assert f"  {venue_field} = {{V}},\n" in written


def test_what_the_paper_lacks_is_written_empty_only_where_readers_would_conclude_it() -> None:
    assert "doi" not in to_bibtex(SMALL)
    assert "  doi = {},\n" in to_bibtex(replace(SMALL, url="https://doi.org/10.1000/x"))
    assert "  eprint = {},\n" in to_bibtex(replace(SMALL, url="http://arxiv.org/abs/1503.03832"))
    assert "  venuekey = {},\n" in to_bibtex(replace(SMALL, bibtex_key="conf/cvpr/X"))


def test_a_key_that_bibtex_cannot_have_is_kept_in_a_field() -> None:
    written = to_bibtex(replace(SMALL, bibtex_key="10.1016/s(94)90041-8"))
    assert written.startswith("@misc{10.1016/s_94_90041-8,\n  bibtexkey = {10.1016/s(94)90041-8},\n")
