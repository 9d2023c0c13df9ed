import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain import identifiers, limits
from service.domain.errors import Invalid

PATH = ("input", "body")
ANYTHING = st.text(st.characters(), max_size=40)  # surrogates and controls too
CONTROLS = {chr(n) for n in range(32)} - set("\t\n\r")


def broken(value: str) -> bool:
    return any(c in CONTROLS or "\ud800" <= c <= "\udfff" for c in value)


def blank(value: str) -> bool:
    return all(unicodedata.category(c) in {"Zs", "Zl", "Zp", "Cc", "Cf"} for c in value)


@given(ANYTHING, st.integers(0, 40))
def test_a_text_is_taken_as_it_is_or_refused(value: str, limit: int) -> None:
    if broken(value) or blank(value) or len(value) > limit:
        with pytest.raises(Invalid) as refused:
            limits.text(value, limit, PATH)
        assert refused.value.path == PATH
        refused.value.message.encode()
    else:
        assert limits.text(value, limit, PATH) == value
        value.encode()


@given(ANYTHING)
def test_a_line_has_one_form(value: str) -> None:
    try:
        once = limits.line(value, 100, PATH)
    except Invalid:
        assert broken(value) or blank(value)
        return
    assert limits.line(once, 100, PATH) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert once.splitlines() == [once]


DOIS = st.from_regex(r"\A10\.[0-9]{4,9}/[!-~à-ÿÀ-Ýİẞ%]{1,20}\Z")
PREFIXES = st.sampled_from(
    ["", "doi:", "DOI: ", "https://doi.org/", "http://dx.doi.org/", "HTTPS://DOI.ORG/"]
)


@given(PREFIXES, DOIS)
def test_a_doi_has_one_form(prefix: str, value: str) -> None:
    try:
        once = identifiers.doi(f" {prefix}{value} ", PATH)
    except Invalid:
        assert "%" in value  # an escape in an address may stand for a forbidden character
        return
    assert identifiers.doi(once, PATH) == once
    assert identifiers.doi(once.upper() if once.isascii() else once, PATH) == once
    assert identifiers.doi(f"doi:{once}", PATH) == once


ARXIV = st.from_regex(
    r"\A([0-9]{2}(0[1-9]|1[0-2])\.[0-9]{4,5}|(cs|math|hep-th)/[0-9]{2}(0[1-9]|1[0-2])[0-9]{3})\Z"
)
ARXIV_PREFIXES = [
    "",
    "arXiv:",
    "ARXIV: ",
    "http://arxiv.org/abs/",
    "https://arxiv.org/pdf/",
    "https://www.arxiv.org/abs/",
]


@given(st.sampled_from(ARXIV_PREFIXES), ARXIV, st.sampled_from(["", "v1", "v12"]))
def test_an_arxiv_id_has_one_form(prefix: str, value: str, version: str) -> None:
    suffix = ".pdf" if "pdf" in prefix else ""
    assert identifiers.arxiv_id(f"{prefix}{value}{version}{suffix}", PATH) == value
    assert identifiers.arxiv_id(value, PATH) == value


def test_a_subject_class_is_not_part_of_an_arxiv_id() -> None:
    assert identifiers.arxiv_id("math.GT/0309136v2", PATH) == "math/0309136"


@given(ANYTHING)
def test_any_other_input_is_refused_as_invalid(value: str) -> None:
    for rule in (identifiers.bibtex_key, identifiers.doi, identifiers.arxiv_id, identifiers.url):
        try:
            once = rule(value, PATH)
        except Invalid as refused:
            refused.message.encode()
        else:
            assert rule(once, PATH) == once
