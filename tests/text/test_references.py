"""Papers that a text links to, its plain words, and excerpts of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import PaperReference, excerpt, render


@pytest.mark.parametrize(
    ("body", "scheme", "value"),
    [
        (r"\cite{conf/cvpr/A14}", "BIBTEX", "conf/cvpr/A14"),
        (
            "[a](http://www.shortscience.org/paper?bibtexKey=journals/corr/ZeilerF13#joe)",
            "BIBTEX",
            "journals/corr/ZeilerF13",
        ),
        ("[a](/paper?bibtexKey=a%2Bb)", "BIBTEX", "a+b"),
        ("https://arxiv.org/abs/1503.03832v2", "ARXIV", "1503.03832"),
        ("http://www.arxiv.org/pdf/1503.03832.pdf.", "ARXIV", "1503.03832"),
        ("<https://arxiv.org/abs/cs/0112017>", "ARXIV", "cs/0112017"),
        ("https://doi.org/10.1000/ABC.d", "DOI", "10.1000/abc.d"),
    ],
)
def test_reference(body: str, scheme: str, value: str) -> None:
    assert render(body).references == (PaperReference(scheme, value),)


@pytest.mark.parametrize(
    "body",
    [
        "[a](/paper?bibtexKey=a%00b)",
        "https://arxiv.org/list/cs",
        "[a](http://[)",
        "`\\cite{a}`",
        "https://notarxiv.org/abs/1503.03832",
    ],
)
def test_no_reference(body: str) -> None:
    assert render(body).references == ()


def test_order_of_first_appearance_without_repetition() -> None:
    found = render(r"\cite{b} \cite{a} [x](/paper?bibtexKey=b)").references
    assert [reference.value for reference in found] == ["b", "a"]


def test_plain() -> None:
    body = "# A *b*\n\n- c $x^2$ `d`\n- [e](http://f) ![g](https://h)\n\n| i | j |\n|-|-|\n| k | l |"
    assert render(body).plain == "A b\nc x^2 d\ne g\ni\nj\nk\nl"


@pytest.mark.parametrize(
    ("plain", "length", "cut"),
    [
        ("a b", 3, "a b"),
        ("one two three", 9, "one two…"),
        ("abcdef", 4, "abc…"),
        ("a\nb", 9, "a b"),
        ("ab", 0, ""),
    ],
)
def test_excerpt(plain: str, length: int, cut: str) -> None:
    assert excerpt(plain, length) == cut


@given(st.text(), st.integers(0, 40))
def test_an_excerpt_is_never_longer(plain: str, length: int) -> None:
    assert len(excerpt(plain, length)) <= length
