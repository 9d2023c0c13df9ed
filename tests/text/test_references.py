"""Papers that a text links to, its plain words, and excerpts of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.text import PaperReference, excerpt, render
from service.text.readable import readable


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


@pytest.mark.parametrize(
    ("body", "plain"),
    [
        ("# A *b*\n\nc", "A b.\nc"),
        ("# Why?\n\nc", "Why?\nc"),
        ("- c $x^2$ `d`\n- [e](http://f) ![g](https://h)", "• c x² d\n• e g"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("| i | j |\n|-|-|\n| k | l |\n\nm;", "i | j;\nk | l;\nm;"),
        ("| i | j |\n|-|-|\n| k | |", "i | j;\nk |"),
        ("a:\n\n```\nb\n```", "a:\nb"),
        ("![a](b.png)", "a"),
        ("#\n\n|a|\n|-|", "a"),
    ],
)
def test_plain(body: str, plain: str) -> None:
    assert render(body).plain == plain


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"x_1, \ldots, x_n", "x₁, …, xₙ"),
        (r"f(x) \in \mathbb{R}^{128}", "f(x) ∈ ℝ¹²⁸"),
        (r"\theta_{t+1} = \theta_t - \eta", "θₜ₊₁ = θₜ - η"),
        (r"\log x_{train} \le 10^{-3}", "log x_train ≤ 10⁻³"),
        (r"\argmax_a Q", "argmaxₐ Q"),
        (r"\mathcal{L}_{a/b}", "L_(a/b)"),
        (r"\frac{a}{b}", r"$\frac{a}{b}$"),
        (r"\hat{x}", r"$\hat{x}$"),
        (r"a & b", r"$a & b$"),
        ("a\n=\nb", "a = b"),
    ],
)
def test_formulas_in_plain_letters(latex: str, plain: str) -> None:
    assert render(f"$${latex}$$").plain == plain


@given(st.text(alphabet="\\{}_^ax1$&~ \n", max_size=40))
def test_any_formula_has_plain_letters(latex: str) -> None:
    assert readable(latex) is not None
    assert len(readable(latex)) <= len(latex) + 60


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
